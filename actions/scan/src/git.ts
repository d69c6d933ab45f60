import { spawn } from "node:child_process";
import { join } from "node:path";
import { ScanFailure } from "./scan-failure.ts";

/** No configuration but the repository's own, which the checkout wrote and no commit can change; and nothing in it may start a program. */
export const GIT_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: "/usr/local/bin:/usr/bin:/bin",
  HOME: "/nonexistent",
  LC_ALL: "C",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_ATTR_NOSYSTEM: "1",
  GIT_NO_REPLACE_OBJECTS: "1",
  GIT_NO_LAZY_FETCH: "1",
  GIT_OPTIONAL_LOCKS: "0",
  GIT_TERMINAL_PROMPT: "0",
};

const SAFE = [
  ...["core.fsmonitor=false", "core.hooksPath=/dev/null", "core.attributesFile=/dev/null", "safe.directory=*"],
  ...["protocol.allow=never", "diff.external=", "core.pager=cat", "gc.auto=0", "maintenance.auto=false"],
].flatMap((setting) => ["-c", setting]);

export interface Git {
  /** Its folder, so that a repository planted in the tree is never taken for it. */
  gitDir: string;
}

/** The repository that a checkout made in this folder. */
export function checkedOut(folder: string): Git {
  return { gitDir: join(folder, ".git") };
}

export function gitArguments({ gitDir }: Git, args: readonly string[]): string[] {
  return [...SAFE, `--git-dir=${gitDir}`, ...args];
}

/**
 * Standard output of git, at most `maxBytes` of it.
 * @throws {ScanFailure}
 */
export async function git(repository: Git, args: readonly string[], maxBytes = 64 * 1024 * 1024): Promise<Buffer> {
  const child = spawn("git", gitArguments(repository, args), {
    cwd: "/",
    env: { ...GIT_ENVIRONMENT },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  let complaint = "";
  child.stdout.on("data", (chunk: Buffer) => {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) child.kill("SIGKILL");
    else chunks.push(chunk);
  });
  child.stderr.on("data", (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-2000);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", (error) => reject(new ScanFailure(`git cannot be started: ${error.message}`)));
    child.once("close", resolve);
  });
  if (sizeBytes > maxBytes) throw new ScanFailure(`git ${args[0]} says more than ${maxBytes} bytes.`);
  if (code !== 0) throw new ScanFailure(`git ${args[0]} ended with ${code}: ${complaint.trim().slice(-300)}`);
  return Buffer.concat(chunks);
}

/**
 * That the repository has this very commit.
 * @throws {ScanFailure}
 */
export async function requireCommit(repository: Git, sha: string): Promise<void> {
  const type = (await git(repository, ["cat-file", "-t", sha])).toString().trim();
  if (type !== "commit") throw new ScanFailure(`${sha} is no commit, but a ${type}.`);
}
