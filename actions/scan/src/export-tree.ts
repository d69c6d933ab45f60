import { spawn } from "node:child_process";
import { mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { GIT_ENVIRONMENT, type Git, git, gitArguments } from "./git.ts";
import { isToolConfiguration } from "./neutral.ts";
import { ScanFailure } from "./scan-failure.ts";

export const EXPORT_LIMITS = { files: 200_000, fileBytes: 200 * 1024 * 1024, allBytes: 4 * 1024 * 1024 * 1024 };

/** What a tool is shown of a commit: its regular files, and nothing else. Paths are the repository's. */
export interface Exported {
  /** Absolute. */
  root: string;
  files: ReadonlySet<string>;
  /** Configuration and ignore files of scanners, which no tool gets to see. */
  configuration: string[];
  /** Links and submodules: never followed, never fetched. */
  links: string[];
  submodules: string[];
  /** Larger than any tool would read. */
  oversized: string[];
}

interface Entry {
  mode: string;
  type: string;
  id: string;
  sizeBytes: number;
  path: string;
}

/**
 * Writes the files of a commit into an empty folder as git holds them: no filters, no attributes, no links, no `.git`, no configuration
 * of scanners. `rewrite` may change a text without changing its length or lines.
 * @throws {ScanFailure}
 */
export async function exportTree(
  repository: Git,
  sha: string,
  root: string,
  rewrite: (text: Buffer) => Buffer = (text) => text,
  limits: Readonly<typeof EXPORT_LIMITS> = EXPORT_LIMITS,
): Promise<Exported> {
  const listed = await git(repository, ["ls-tree", "-r", "-z", "--long", "--full-tree", sha], 512 * 1024 * 1024);
  const entries = listed
    .toString("utf8")
    .split("\0")
    .filter((line) => line !== "")
    .map(entryOf);
  const exported: Exported = { root, files: new Set(), configuration: [], links: [], submodules: [], oversized: [] };
  const wanted = entries.filter((entry) => sorted(entry, exported, limits));
  const allBytes = wanted.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (wanted.length > limits.files)
    throw new ScanFailure(`The commit has ${wanted.length} files; ${limits.files} at most are scanned.`);
  if (allBytes > limits.allBytes)
    throw new ScanFailure(`The commit's files have ${allBytes} bytes; ${limits.allBytes} at most are scanned.`);
  await mkdir(root, { recursive: true });
  await writeAll(repository, wanted, root, rewrite);
  return { ...exported, files: new Set(wanted.map(({ path }) => path)) };
}

function entryOf(line: string): Entry {
  const match = /^(\d{6}) (\w+) ([0-9a-f]{40,64}) +(\d+|-)\t(.+)$/s.exec(line);
  if (!match) throw new ScanFailure("git lists the commit's files in a form that is not known.");
  const [, mode = "", type = "", id = "", size = "", path = ""] = match;
  return { mode, type, id, sizeBytes: size === "-" ? 0 : Number(size), path };
}

/** Whether the entry is a file to be written; where it is not, it is put down for what it is. */
function sorted({ mode, type, path, sizeBytes }: Entry, into: Exported, limits: typeof EXPORT_LIMITS): boolean {
  if (type === "commit") into.submodules.push(path);
  else if (mode === "120000") into.links.push(path);
  else if (isToolConfiguration(path)) into.configuration.push(path);
  else if (sizeBytes > limits.fileBytes) into.oversized.push(path);
  else if (!isSafe(path)) throw new ScanFailure("The commit has a file whose path no checkout could have.");
  else return true;
  return false;
}

/** Git refuses such trees, but who pushes them need not use git. */
function isSafe(path: string): boolean {
  return path.split("/").every((part) => part !== "" && part !== "." && part !== ".." && part.toLowerCase() !== ".git");
}

async function writeAll(
  repository: Git,
  entries: readonly Entry[],
  root: string,
  rewrite: (text: Buffer) => Buffer,
): Promise<void> {
  if (entries.length === 0) return;
  const child = spawn("git", gitArguments(repository, ["cat-file", "--batch"]), {
    cwd: "/",
    env: { ...GIT_ENVIRONMENT },
    stdio: ["pipe", "pipe", "ignore"],
  });
  const failed = new Promise<never>((_, reject) => {
    child.once("error", (error) => reject(new ScanFailure(`git cannot be started: ${error.message}`)));
    child.stdin.once("error", () => reject(new ScanFailure("git ended before it gave all files.")));
  });
  const made = new Set<string>();
  const work = async (): Promise<void> => {
    const read = reader(child.stdout);
    child.stdin.end(entries.map(({ id }) => `${id}\n`).join(""));
    for (const { id, path } of entries) {
      const header = await read.line();
      const match = /^([0-9a-f]+) blob (\d+)$/.exec(header);
      if (match?.[1] !== id) throw new ScanFailure(`git does not have the file ${id}.`);
      const content = await read.bytes(Number(match[2]));
      await read.bytes(1);
      const folder = dirname(join(root, path));
      if (!made.has(folder)) await mkdir(folder, { recursive: true });
      made.add(folder);
      // `wx`: two names that this file system takes for one must not hide one another.
      const file = await open(join(root, path), "wx", 0o600).catch((error: NodeJS.ErrnoException) => {
        throw new ScanFailure(
          `A file of the commit cannot be written (${error.code}): ${JSON.stringify(path).slice(0, 300)}`,
        );
      });
      try {
        await file.writeFile(rewrite(content));
      } finally {
        await file.close();
      }
    }
  };
  try {
    await Promise.race([work(), failed]);
  } finally {
    child.kill("SIGKILL");
  }
}

/** Reads lines and counted bytes from a stream in turn. */
function reader(stream: NodeJS.ReadableStream) {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let held: Buffer[] = [];
  let heldBytes = 0;
  const more = async (): Promise<void> => {
    const { value, done } = await chunks.next();
    if (done) throw new ScanFailure("git ended before it gave all files.");
    held.push(value);
    heldBytes += value.length;
  };
  const bytes = async (count: number): Promise<Buffer> => {
    while (heldBytes < count) await more();
    const all = held.length === 1 && held[0] !== undefined ? held[0] : Buffer.concat(held);
    held = [all.subarray(count)];
    heldBytes = all.length - count;
    return all.subarray(0, count);
  };
  const line = async (): Promise<string> => {
    for (;;) {
      const all = Buffer.concat(held);
      const at = all.indexOf(10);
      if (at >= 0) return (await bytes(at + 1)).toString("utf8").trimEnd();
      held = [all];
      await more();
    }
  };
  return { bytes, line };
}
