import { type ChildProcess, spawn } from "node:child_process";
import { type Guardian, startGuardian } from "./guardian.ts";

/** A real program that a test started. */
export interface Program {
  /** Ends it: SIGTERM, then SIGKILL after five seconds. Resolves when it is gone. */
  stop(): Promise<void>;
}

export interface ProgramOptions {
  binary: string;
  args: string[];
  /** Asked every 50 ms until it says yes. */
  isReady(): Promise<boolean>;
}

let guardian: Guardian | undefined;

/** Starts a program and waits until it is ready. Rejects with the end of its output if it ends before, or takes too long. It ends with this process. */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const child = spawn(options.binary, options.args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
  guardian ??= startGuardian();
  const { pid } = child;
  if (pid !== undefined) {
    guardian.guard(pid);
    child.once("exit", () => guardian?.release(pid));
  }
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => output.push(text));
  }
  const failure = new Promise<never>((_resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => reject(new Error(`${options.binary} ended with ${code ?? signal}`)));
  });
  // The test that stops the program has no use for the news that it ended.
  failure.catch(() => undefined);
  const deadline = Date.now() + 60_000;
  try {
    while (!(await Promise.race([options.isReady(), failure]))) {
      if (Date.now() > deadline) throw new Error(`${options.binary} was not ready in time`);
      await Promise.race([new Promise((resolve) => setTimeout(resolve, 50)), failure]);
    }
  } catch (error) {
    await end(child);
    throw new Error(`${(error as Error).message}\n${output.join("").slice(-2_000)}`);
  }
  return { stop: () => end(child) };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await gone;
  clearTimeout(timer);
}
