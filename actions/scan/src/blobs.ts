import { spawn } from "node:child_process";
import { GIT_ENVIRONMENT, type Git, gitArguments } from "./git.ts";
import { ScanFailure } from "./scan-failure.ts";

/**
 * The contents of blobs as git holds them, in the order in which they are asked for.
 * @throws {ScanFailure}
 */
export async function* blobs(repository: Git, ids: readonly string[]): AsyncGenerator<Buffer> {
  if (ids.length === 0) return;
  const child = spawn("git", gitArguments(repository, ["cat-file", "--batch"]), {
    cwd: "/",
    env: { ...GIT_ENVIRONMENT },
    stdio: ["pipe", "pipe", "ignore"],
  });
  let problem = "git ended before it gave all files.";
  child.once("error", (error) => {
    problem = `git cannot be started: ${error.message}`;
  });
  // That git ended is seen where its answers are read.
  child.stdin.once("error", () => child.kill("SIGKILL"));
  try {
    const read = reader(child.stdout, () => new ScanFailure(problem));
    child.stdin.end(ids.map((id) => `${id}\n`).join(""));
    for (const id of ids) {
      const match = /^([0-9a-f]+) blob (\d+)$/.exec(await read.line());
      if (match?.[1] !== id) throw new ScanFailure(`git does not have the file ${id}.`);
      const content = await read.bytes(Number(match[2]));
      await read.bytes(1);
      yield content;
    }
  } finally {
    child.kill("SIGKILL");
  }
}

/** Reads lines and counted bytes from a stream in turn. */
function reader(stream: NodeJS.ReadableStream, ended: () => Error) {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let held: Buffer[] = [];
  let heldBytes = 0;
  const more = async (): Promise<void> => {
    const { value, done } = await chunks.next();
    if (done) throw ended();
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
