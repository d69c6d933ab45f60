import { spawn } from "node:child_process";
import { ScanFailure } from "./scan-failure.ts";

const TAIL_CHARS = 20_000_000;
const GRACE_MS = 5_000;

export interface ToolRun {
  program: string;
  args: readonly string[];
  /** Never the folder with the pull request's files: programs look for configuration where they stand. */
  cwd: string;
  /** All of it: nothing is inherited, so that there is nothing in it to be stolen. */
  env: Readonly<Record<string, string>>;
  /** ms since the epoch. */
  deadlineMs: number;
}

export interface ToolEnd {
  code: number;
  stdout: string;
  stderr: string;
  /** What is kept is only the end of what it wrote. */
  cut: boolean;
}

/**
 * Runs a program by its argument list: no shell, nothing on its standard input, in a process group of its own that ends with it.
 * @throws {ScanFailure} if it cannot be started, takes too long, or is ended by a signal.
 */
export async function runTool({ program, args, cwd, env, deadlineMs }: ToolRun): Promise<ToolEnd> {
  const name = program.split("/").at(-1) ?? program;
  const leftMs = deadlineMs - Date.now();
  if (leftMs <= 0) throw new ScanFailure(`There was no time left for ${name}.`);
  const child = spawn(program, [...args], { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
  const end = (signal: NodeJS.Signals): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, signal);
    } catch (error) {
      // Everything in the group has ended by itself.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  };
  const atExit = (): void => end("SIGKILL");
  process.once("exit", atExit);
  let late = false;
  let killer: NodeJS.Timeout | undefined;
  const limit = setTimeout(() => {
    late = true;
    end("SIGTERM");
    killer = setTimeout(() => end("SIGKILL"), GRACE_MS);
  }, leftMs);
  const [stdout, stderr] = [tailOf(child.stdout), tailOf(child.stderr)];
  try {
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once("error", (error) => reject(new ScanFailure(`${name} cannot be started: ${error.message}`)));
      child.once("close", (...ended) => resolve(ended));
    });
    if (late) throw new ScanFailure(`${name} was stopped: it took longer than it may.`);
    if (code === null) throw new ScanFailure(`${name} was ended by ${signal}.`);
    return { code, stdout: stdout.text, stderr: stderr.text, cut: stdout.cut || stderr.cut };
  } finally {
    clearTimeout(limit);
    clearTimeout(killer);
    process.removeListener("exit", atExit);
    end("SIGKILL");
  }
}

function tailOf(stream: NodeJS.ReadableStream): { text: string; cut: boolean } {
  const tail = { text: "", cut: false };
  stream.on("data", (chunk: Buffer) => {
    tail.text += chunk.toString();
    if (tail.text.length <= TAIL_CHARS) return;
    tail.text = tail.text.slice(-TAIL_CHARS / 2);
    tail.cut = true;
  });
  return tail;
}

/** The end of what a program wrote, as one line that can be quoted. */
export function lastWords({ stderr, stdout }: ToolEnd): string {
  const lines = (stderr.trim() || stdout.trim()).split("\n").map((line) => line.trim());
  return lines
    .filter((line) => line !== "")
    .slice(-3)
    .join(" · ")
    .slice(-600);
}
