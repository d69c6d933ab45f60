import { spawn } from "node:child_process";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { Machine } from "./step.ts";

type Done = { outputs?: Record<string, string>; log: string };

/** https://github.com/actions/checkout — the inputs that our workflows use, with real git. */
export async function checkout(
  { job, workspace, environment }: Machine,
  inputs: Record<string, string>,
): Promise<Done> {
  const folder = resolve(workspace, inputs.path ?? ".");
  const ref = inputs.ref || job.sha;
  const persist = inputs["persist-credentials"] !== "false";
  const token = inputs.token ?? job.token;
  const header = `AUTHORIZATION: basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}`;
  const credentials = ["-c", `http.extraheader=${header}`];
  const env = {
    PATH: environment.PATH ?? "",
    HOME: "/nonexistent",
    GIT_TERMINAL_PROMPT: "0",
    GIT_LFS_SKIP_SMUDGE: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
  };
  const git = (...args: string[]) => run("git", args, folder, env);
  await mkdir(folder, { recursive: true });
  await git("init", "-q", ".");
  await git("remote", "add", "origin", job.cloneUrl);
  const whole = inputs["fetch-depth"] === "0";
  const refs = whole ? ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"] : [];
  const depth = whole ? [] : ["--depth=1"];
  if (whole) await git(...credentials, "fetch", "-q", "--no-recurse-submodules", "origin", ...refs);
  await git(...credentials, "fetch", "-q", "--no-tags", "--no-recurse-submodules", ...depth, "origin", ref);
  const sparse = inputs["sparse-checkout"];
  if (sparse) await git("sparse-checkout", "set", ...sparse.split("\n").filter((line) => line !== ""));
  await git("checkout", "-q", "--force", "--detach", "FETCH_HEAD");
  if (persist) await git("config", "--local", "http.extraheader", header);
  return { outputs: { commit: ref }, log: `checked out ${ref}` };
}

/** https://github.com/actions/upload-artifact — one file or one folder. */
export async function uploadArtifact(
  { job, github, workspace }: Machine,
  inputs: Record<string, string>,
): Promise<Done> {
  const path = resolve(workspace, inputs.path ?? "");
  const files: Record<string, Buffer> = {};
  const found = inputs.path ? await stat(path).catch(() => undefined) : undefined;
  if (found?.isFile()) files[basename(path)] = await readFile(path);
  if (found?.isDirectory())
    for (const name of await readdir(path, { recursive: true })) {
      if ((await stat(join(path, name))).isFile()) files[name] = await readFile(join(path, name));
    }
  if (Object.keys(files).length === 0 && inputs["if-no-files-found"] === "error")
    throw new Error(`No files were found with the provided path: ${inputs.path}`);
  github.artifacts(job.runId).put(inputs.name ?? "artifact", files);
  return { log: `uploaded ${Object.keys(files).join(", ")}` };
}

/** https://github.com/actions/download-artifact — one artifact of this run by name. */
export async function downloadArtifact(
  { job, github, workspace }: Machine,
  inputs: Record<string, string>,
): Promise<Done> {
  const name = inputs.name ?? "";
  const files = github.artifacts(job.runId).get(name);
  if (files === undefined) throw new Error(`Artifact not found for name: ${name}`);
  for (const [path, content] of Object.entries(files)) {
    const target = join(resolve(workspace, inputs.path ?? "."), path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content);
  }
  return { log: `downloaded ${Object.keys(files).join(", ")}` };
}

function run(command: string, args: readonly string[], cwd: string, env: Record<string, string>): Promise<void> {
  return new Promise((resolved, reject) => {
    const child = spawn(command, [...args], { cwd, env, stdio: ["ignore", "ignore", "pipe"] });
    let complaint = "";
    child.stderr.on("data", (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    child.once("error", reject);
    child.once("close", (code) =>
      code === 0 ? resolved() : reject(new Error(`git ${args.at(-1)} ended with ${code}: ${complaint}`)),
    );
  });
}
