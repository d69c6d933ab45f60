import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
/** Trees of commits never change. */
const KEPT_TREES = 300;
const MOST_OUTPUT_BYTES = 64 * 1024 * 1024;

export interface Credentials {
  username: string;
  password: string;
}

/** What Argo CD cannot clone or check out; the message as its repo server words it. */
export class SourceError extends Error {}

/** Files of commits, fetched with real git. */
export class GitSources {
  readonly #directory: string;
  readonly #trees = new Map<string, Map<string, string>>();
  readonly #busy = new Map<string, Promise<unknown>>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The commit that a revision names, and its YAML and JSON files by path. */
  async files(
    url: string,
    revision: string,
    credentials?: Credentials,
  ): Promise<{ sha: string; files: Map<string, string> }> {
    // One at a time for each repository: git locks its files.
    const before = this.#busy.get(url) ?? Promise.resolve();
    const work = before.then(
      () => this.#read(url, revision, credentials),
      () => this.#read(url, revision, credentials),
    );
    this.#busy.set(url, work);
    return await work;
  }

  async #read(url: string, revision: string, credentials?: Credentials) {
    const known = this.#trees.get(`${url} ${revision}`);
    if (known) return { sha: revision, files: known };
    const path = join(this.#directory, createHash("sha256").update(url).digest("hex").slice(0, 16));
    if (!existsSync(path)) await run("git", ["init", "--bare", "--quiet", path]);
    const environment = environmentOf(credentials);
    const sha = await fetched(path, url, revision, environment);
    const files = this.#trees.get(`${url} ${sha}`) ?? (await treeOf(path, sha));
    this.#trees.set(`${url} ${sha}`, files);
    const [oldest] = this.#trees.keys();
    if (this.#trees.size > KEPT_TREES && oldest) this.#trees.delete(oldest);
    return { sha, files };
  }
}

function environmentOf(credentials: Credentials | undefined): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = { ...process.env, GIT_TERMINAL_PROMPT: "0", GIT_CONFIG_NOSYSTEM: "1" };
  if (!credentials) return environment;
  const basic = Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64");
  return {
    ...environment,
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "http.extraHeader",
    GIT_CONFIG_VALUE_0: `Authorization: Basic ${basic}`,
  };
}

/** By its name or hash; where the server does not give single commits, among all its references. */
async function fetched(path: string, url: string, revision: string, env: NodeJS.ProcessEnv): Promise<string> {
  if (revision.startsWith("-")) throw new SourceError(`unable to resolve '${revision}' to a commit SHA`);
  const git = (...words: string[]) => run("git", ["--git-dir", path, ...words], { env });
  const isCommit = /^[0-9a-f]{40}$/.test(revision);
  try {
    if (
      isCommit &&
      (await git("cat-file", "-e", `${revision}^{tree}`).then(
        () => true,
        () => false,
      ))
    )
      return revision;
    await git("fetch", "--quiet", "--depth=1", "--force", url, revision);
    return (await git("rev-parse", "FETCH_HEAD^{commit}")).stdout.trim();
  } catch (error) {
    const said = String((error as { stderr?: unknown }).stderr ?? error).trim();
    if (
      /authentication|could not read|not found|Repository|403|401|unable to access/i.test(said) &&
      !/not our ref|couldn't find remote ref/i.test(said)
    )
      throw new SourceError(`failed to list refs: ${said.split("\n").at(-1)}`);
    if (!isCommit) throw new SourceError(`unable to resolve '${revision}' to a commit SHA`);
  }
  try {
    await git("fetch", "--quiet", "--force", url, "+refs/*:refs/*");
    await git("cat-file", "-e", `${revision}^{tree}`);
    return revision;
  } catch (error) {
    const said = String((error as { stderr?: unknown }).stderr ?? error).trim();
    throw new SourceError(
      `Failed to checkout revision ${revision}: \`git checkout --force ${revision}\` failed exit status 128: ${said.split("\n").at(-1)}`,
    );
  }
}

async function treeOf(path: string, sha: string): Promise<Map<string, string>> {
  const { stdout } = await run("git", ["--git-dir", path, "ls-tree", "-r", "-z", sha], {
    maxBuffer: MOST_OUTPUT_BYTES,
  });
  const entries = stdout.split("\0").flatMap((line) => {
    const [, hash, name] = /^100\d+ blob ([0-9a-f]+)\t(.*)$/s.exec(line) ?? [];
    return hash && name && /\.(?:ya?ml|json)$|(?:^|\/)Kustomization$/.test(name) ? [{ hash, name }] : [];
  });
  const contents = await blobs(
    path,
    entries.map(({ hash }) => hash),
  );
  return new Map(entries.map(({ name }, index) => [name, contents[index] ?? ""]));
}

async function blobs(path: string, hashes: string[]): Promise<string[]> {
  if (hashes.length === 0) return [];
  const git = spawn("git", ["--git-dir", path, "cat-file", "--batch"], { stdio: ["pipe", "pipe", "ignore"] });
  git.stdin.end(`${hashes.join("\n")}\n`);
  const chunks: Buffer[] = [];
  for await (const chunk of git.stdout as AsyncIterable<Buffer>) chunks.push(chunk);
  const all = Buffer.concat(chunks);
  const contents: string[] = [];
  for (let offset = 0; contents.length < hashes.length && offset < all.length; ) {
    const end = all.indexOf("\n", offset);
    const size = Number(all.toString("utf8", offset, end).split(" ")[2]);
    contents.push(all.toString("utf8", end + 1, end + 1 + size));
    offset = end + 1 + size + 1;
  }
  return contents;
}
