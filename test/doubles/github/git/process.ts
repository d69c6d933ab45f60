import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";

/** Environment of every git child: no user or system configuration can leak in. */
export function gitEnvironment(extra: Record<string, string> = {}): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: "/nonexistent",
    LC_ALL: "C",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    ...extra,
  };
}

export type GitResult = { code: number; stdout: Buffer; stderr: string };

/** Runs git children, at most `limit` at once, and ends the ones still running on `close`. */
export class GitProcesses {
  private readonly running = new Set<ChildProcessWithoutNullStreams>();
  private readonly waiting: (() => void)[] = [];
  private active = 0;
  private readonly limit: number;

  constructor(limit = 8) {
    this.limit = limit;
  }

  /** Starts a child whose life the caller manages; it is killed on `close` at the latest. */
  start(args: string[], env: Record<string, string> = {}): ChildProcessWithoutNullStreams {
    const child = spawn("git", args, { env: gitEnvironment(env), stdio: "pipe" });
    this.running.add(child);
    child.once("close", () => this.running.delete(child));
    child.stdin.on("error", () => {});
    return child;
  }

  /** Runs git to its end. Throws unless the exit code is one of `okCodes`. */
  async run(gitDir: string, args: string[], options: { okCodes?: number[]; input?: Buffer } = {}): Promise<GitResult> {
    while (this.active >= this.limit) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.active += 1;
    try {
      const result = await this.collect(this.start(args, { GIT_DIR: gitDir }), options.input);
      if (!(options.okCodes ?? [0]).includes(result.code)) {
        throw new Error(`git ${args.join(" ")} exited with ${result.code}: ${result.stderr}`);
      }
      return result;
    } finally {
      this.active -= 1;
      this.waiting.shift()?.();
    }
  }

  private collect(child: ChildProcessWithoutNullStreams, input?: Buffer): Promise<GitResult> {
    return new Promise((resolve, reject) => {
      const out: Buffer[] = [];
      const err: Buffer[] = [];
      child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
      child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
      child.once("error", reject);
      child.once("close", (code) => {
        resolve({ code: code ?? -1, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString() });
      });
      child.stdin.end(input);
    });
  }

  async close(): Promise<void> {
    const ends = [...this.running].map((child) => new Promise<void>((resolve) => child.once("close", () => resolve())));
    for (const child of this.running) child.kill("SIGKILL");
    await Promise.all(ends);
  }
}
