import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LocalRunner, LocalSight } from "../../ports/local-runner.ts";

interface Running {
  uid: string;
  child: ChildProcess;
  directory: string;
  timer: NodeJS.Timeout;
  sight: LocalSight;
}

/** @param program by its whole path; it gets nothing of our environment but `PATH` and `HOME` */
export function createLocalRunner(program: string): LocalRunner {
  const known = new Map<string, Running>();
  const stop = (scan: string): void => {
    const running = known.get(scan);
    if (!running) return;
    known.delete(scan);
    clearTimeout(running.timer);
    if (running.sight.is === "running") end(running.child);
    rmSync(running.directory, { recursive: true, force: true });
  };
  return {
    start(scan, { variables, token, nonce, timeoutMs }) {
      const directory = mkdtempSync(join(tmpdir(), "hms-local-scan-"));
      const files = { HMS_TOKEN_FILE: join(directory, "token"), HMS_NONCE_FILE: join(directory, "nonce") };
      writeFileSync(files.HMS_TOKEN_FILE, token, { mode: 0o600 });
      writeFileSync(files.HMS_NONCE_FILE, nonce, { mode: 0o600 });
      const { PATH = "", HOME = "" } = process.env;
      // A group of its own, so that what it starts ends with it.
      const child = spawn(program, [], {
        cwd: directory,
        env: { PATH, HOME, ...variables, ...files },
        stdio: "ignore",
        detached: true,
      });
      const running: Running = {
        uid: randomUUID(),
        child,
        directory,
        timer: setTimeout(() => {
          running.sight = { is: "over", timedOut: true, reason: "The program took longer than it may." };
          end(child);
        }, timeoutMs),
        sight: { is: "running" },
      };
      const over = (reason: string): void => {
        clearTimeout(running.timer);
        if (running.sight.is === "running") running.sight = { is: "over", timedOut: false, reason };
      };
      child.on("error", (error) => over(`The program could not be started: ${error.message}.`));
      child.on("exit", (code, signal) => over(`The program ended (${signal ?? code}) without a report.`));
      known.set(scan, running);
      return running.uid;
    },
    look(scan) {
      const running = known.get(scan);
      return running && { ...running.sight, uid: running.uid };
    },
    stop,
    close() {
      for (const scan of known.keys()) stop(scan);
    },
  };
}

function end({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    // It ended by itself meanwhile.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
