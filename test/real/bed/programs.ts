import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { startGuardian } from "../guardian.ts";

export interface ServiceOptions {
  name: string;
  binary: string;
  args: string[];
  env?: Record<string, string>;
  isReady?(): Promise<boolean>;
}

/** A program of the bed that is started again when it ends by itself, as in a cluster. */
export interface Service {
  readonly pid: number | undefined;
  start(): Promise<void>;
  /** SIGTERM, then SIGKILL after five seconds. Resolves when it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** SIGSTOP and SIGCONT: it holds its connections and says nothing. */
  pause(): Promise<void>;
  resume(): void;
}

/** The programs of one bed: their output goes to `<directory>/logs`, and none of them outlives this process. */
export class Programs {
  private readonly directory: string;
  private readonly guardian: ReturnType<typeof startGuardian>;
  private readonly services = new Map<string, Service>();

  constructor(directory: string) {
    this.directory = directory;
    mkdirSync(join(directory, "logs"), { recursive: true });
    this.guardian = startGuardian(directory);
  }

  async start(options: ServiceOptions): Promise<Service> {
    const service = this.service(options);
    this.services.set(options.name, service);
    await service.start();
    return service;
  }

  named(name: string): Service {
    const service = this.services.get(name);
    if (!service) throw new Error(`no such program: ${name}`);
    return service;
  }

  pids(): Record<string, number> {
    return Object.fromEntries([...this.services].map(([name, { pid }]) => [name, pid ?? 0]));
  }

  /** Ends all and removes the directory: nothing there is of use to anybody afterwards. */
  async close(): Promise<void> {
    await Promise.all([...this.services.values()].map((service) => service.stop("SIGKILL")));
    await this.guardian.dismiss();
  }

  private service({ name, binary, args, env = {}, isReady }: ServiceOptions): Service {
    const log = join(this.directory, "logs", `${name}.log`);
    let child: ChildProcess | undefined;
    let wanted = false;
    const launch = () => {
      const output = openSync(log, "a");
      const started = spawn(binary, args, {
        // Temporary files of theirs go with the bed.
        env: { PATH: process.env.PATH, HOME: this.directory, TMPDIR: this.directory, ...env },
        cwd: this.directory,
        stdio: ["ignore", output, output],
        detached: true,
      });
      closeSync(output);
      child = started;
      const { pid } = started;
      if (pid !== undefined) this.guardian.guard(pid);
      started.once("exit", () => {
        if (pid !== undefined) this.guardian.release(pid);
        if (wanted && child === started) setTimeout(() => wanted && child === started && launch(), 1_000).unref();
      });
      return started;
    };
    return {
      get pid() {
        return child?.pid;
      },
      async start() {
        if (wanted) return;
        wanted = true;
        const failure = new Promise<never>((_resolve, reject) => launch().once("error", reject));
        await Promise.race([isReady ? until(isReady, 60_000) : undefined, failure]).catch(async (error: Error) => {
          const output = await readFile(log, "utf8").catch(() => "");
          throw new Error(`${name} did not start: ${error.message}\n${output.slice(-3_000)}`);
        });
      },
      async stop(signal = "SIGTERM") {
        wanted = false;
        if (child) await end(child, signal);
      },
      async pause() {
        child?.kill("SIGSTOP");
        // Threads that were at work stop a moment later.
        const state = async () => (await promisify(execFile)("ps", ["-o", "stat=", "-p", `${child?.pid}`])).stdout;
        await until(async () => (await state()).startsWith("T"), 5_000);
      },
      resume: () => void child?.kill("SIGCONT"),
    };
  }
}

/** Asks every 50 ms; an error counts as "not yet". */
export async function until(isSo: () => Promise<boolean>, withinMs: number): Promise<void> {
  const deadline = Date.now() + withinMs;
  let last: unknown = "";
  for (;;) {
    try {
      if (await isSo()) return;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`not ready in ${withinMs / 1000} s ${last}`);
    await sleep(50);
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGCONT");
  child.kill(signal);
  const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await gone;
  clearTimeout(timer);
}
