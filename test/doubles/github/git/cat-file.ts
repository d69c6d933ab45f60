import type { ChildProcessWithoutNullStreams } from "node:child_process";
import type { GitObject, ObjectType } from "./objects.ts";
import type { GitProcesses } from "./process.ts";

const IDLE_MS = 5_000;

/**
 * One `git cat-file --batch` child, started at need and ended when idle: the way to objects that a push left packed.
 * https://git-scm.com/docs/git-cat-file#_batch_output
 */
export class CatFile {
  private child: ChildProcessWithoutNullStreams | undefined;
  private buffered: Buffer = Buffer.alloc(0);
  private readonly pending: ((object: GitObject | undefined) => void)[] = [];
  private idle: NodeJS.Timeout | undefined;
  private readonly gitDir: string;
  private readonly processes: GitProcesses;

  constructor(gitDir: string, processes: GitProcesses) {
    this.gitDir = gitDir;
    this.processes = processes;
  }

  read(sha: string): Promise<GitObject | undefined> {
    const child = this.ensure();
    return new Promise((resolve) => {
      this.pending.push(resolve);
      child.stdin.write(`${sha}\n`);
    });
  }

  async close(): Promise<void> {
    clearTimeout(this.idle);
    const child = this.child;
    if (!child) return;
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
    child.stdin.end();
    await ended;
  }

  private ensure(): ChildProcessWithoutNullStreams {
    clearTimeout(this.idle);
    this.idle = setTimeout(() => {
      if (this.pending.length === 0) this.child?.stdin.end();
    }, IDLE_MS);
    this.idle.unref();
    if (this.child && !this.child.stdin.writableEnded) return this.child;
    const child = this.processes.start(["cat-file", "--batch"], { GIT_DIR: this.gitDir });
    this.child = child;
    this.buffered = Buffer.alloc(0);
    child.stdout.on("data", (chunk: Buffer) => {
      this.buffered = this.buffered.length === 0 ? chunk : Buffer.concat([this.buffered, chunk]);
      this.drain();
    });
    child.once("close", () => {
      if (this.child !== child) return;
      this.child = undefined;
      for (const resolve of this.pending.splice(0)) resolve(undefined);
    });
    return child;
  }

  private drain(): void {
    for (;;) {
      const newline = this.buffered.indexOf(0x0a);
      if (newline < 0) return;
      const [, type, size] = this.buffered.toString("latin1", 0, newline).split(" ");
      if (size === undefined) {
        this.buffered = this.buffered.subarray(newline + 1);
        this.pending.shift()?.(undefined);
        continue;
      }
      const end = newline + 1 + Number(size);
      if (this.buffered.length < end + 1) return;
      const data = Buffer.from(this.buffered.subarray(newline + 1, end));
      this.buffered = this.buffered.subarray(end + 1);
      this.pending.shift()?.({ type: type as ObjectType, data });
    }
  }
}
