import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

const ROOT = new URL("../..", import.meta.url).pathname;
/** What one start compiled the next one need not: half of its time. https://nodejs.org/api/module.html#module-compile-cache */
const COMPILE_CACHE = join(ROOT, "node_modules/.cache/compile");

/** The HMS-SYS process as an operator starts it: environment in, HTTP out, signals by process id. */
export interface HmsProcess {
  readonly pid: number;
  readonly url: string;
  /** Everything that it wrote to standard output and standard error. */
  output(): string;
  /** Resolves with the exit code, or the signal's name. */
  exited: Promise<number | string>;
  kill(signal: NodeJS.Signals): Promise<number | string>;
}

export interface StartOptions {
  /** Program to run in place of `src/main.ts`. */
  program?: string;
  /** Do not wait until it answers `/readyz`. */
  dontWait?: boolean;
}

/** Starts `node src/main.ts` on the given environment alone; nothing of ours leaks in. Rejects when it does not become ready. */
export async function startHms(environment: Record<string, string>, options: StartOptions = {}): Promise<HmsProcess> {
  const child = spawn(process.execPath, [options.program ?? join(ROOT, "src/main.ts")], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH ?? "",
      HOST: "127.0.0.1",
      LOG_LEVEL: "debug",
      NODE_COMPILE_CACHE: COMPILE_CACHE,
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  living.add(child);
  let text = "";
  child.stdout?.on("data", (chunk) => {
    text += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    text += chunk;
  });
  const exited = new Promise<number | string>((resolve) => {
    child.once("exit", (code, signal) => {
      living.delete(child);
      resolve(code ?? signal ?? "unknown");
    });
  });
  const url = `http://127.0.0.1:${environment.PORT}`;
  const hms: HmsProcess = {
    pid: child.pid ?? 0,
    url,
    output: () => text,
    exited,
    kill(signal) {
      child.kill(signal);
      return exited;
    },
  };
  if (!options.dontWait) await ready(hms);
  return hms;
}

async function ready(hms: HmsProcess): Promise<void> {
  let gone: number | string | undefined;
  void hms.exited.then((code) => {
    gone = code;
  });
  for (let i = 0; i < 600; i++) {
    if (gone !== undefined) throw new Error(`HMS-SYS ended with ${gone}:\n${hms.output()}`);
    const response = await fetch(`${hms.url}/readyz`).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`HMS-SYS did not become ready:\n${hms.output()}`);
}

const living = new Set<ChildProcess>();
// A test that fails or is interrupted must not leave a process behind.
process.once("exit", () => {
  for (const child of living) child.kill("SIGKILL");
});
