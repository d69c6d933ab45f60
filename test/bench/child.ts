import { type ChildProcess, fork } from "node:child_process";
import { readFileSync } from "node:fs";
import manifest from "../../package.json" with { type: "json" };

/** Linux counts in hundredths of a second. */
const MS_PER_TICK = 10;

/** Of Node, as `npm start` gives them. */
const START_FLAGS = /^node ((?:--\S+ )*)/.exec(manifest.scripts.start)?.[1]?.trim().split(" ") ?? [];

const living = new Set<ChildProcess>();
// A bench that fails or is interrupted must not leave a process behind.
process.once("exit", () => {
  for (const child of living) child.kill("SIGKILL");
});

export interface Child<In, Out> {
  readonly pid: number;
  send(message: In): void;
  /** The next message. Rejects when the child ends before, or after a minute unless given. */
  next(withinMs?: number): Promise<Out>;
  stop(): Promise<void>;
}

/** Runs one of our own files as a process that talks over IPC. */
export function startChild<In, Out>(file: string, ...args: string[]): Child<In, Out> {
  const child = fork(new URL(file, import.meta.url).pathname, args, {
    execArgv: START_FLAGS,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  living.add(child);
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => {
      living.delete(child);
      resolve();
    });
  });
  return {
    pid: child.pid ?? 0,
    send: (message) => void child.send(message as object),
    next: (withinMs = 60_000) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`${file} said nothing for ${withinMs / 1000} s`)), withinMs);
        const gone = () => reject(new Error(`${file} ended`));
        child.once("exit", gone);
        child.once("message", (message) => {
          clearTimeout(timer);
          child.removeListener("exit", gone);
          resolve(message as Out);
        });
      }),
    async stop() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** Resident memory of a process now, in MB; undefined where /proc does not tell. */
export function residentMb(pid: number): number | undefined {
  try {
    const kb = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return kb === undefined ? undefined : Number(kb) / 1024;
  } catch {
    return undefined;
  }
}

/** CPU time that a process has used with all its threads, in ms; undefined where /proc does not tell. Other processes' load does not change it. */
export function cpuMs(pid: number): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
  } catch {
    return undefined;
  }
}
