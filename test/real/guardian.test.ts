import { spawn } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";

/** A process that starts one that starts another, and says their ids. */
const STARTER = `
import { spawn } from "node:child_process";
import { startGuardian } from ${JSON.stringify(join(import.meta.dirname, "guardian.ts"))};
const child = spawn("/bin/sh", ["-c", "sleep 600 & echo $!; wait"], { detached: true, stdio: ["ignore", "pipe", "ignore"] });
startGuardian(process.argv[1]).guard(child.pid);
child.stdout.once("data", (grandchild) => console.log(child.pid + " " + grandchild));
`;

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
};

test.each(["SIGKILL", "SIGTERM", "SIGINT"] as const)("what a process started ends with it: %s", async (signal) => {
  const directory = mkdtempSync(join(tmpdir(), "hms-guarded-"));
  const starter = spawn(process.execPath, ["--input-type=module", "-e", STARTER, directory], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const said = await new Promise<string>((resolve) => starter.stdout.once("data", (text) => resolve(String(text))));
  const pids = said.trim().split(" ").map(Number);
  expect(pids.map(isAlive)).toEqual([true, true]);
  starter.kill(signal);
  await vi.waitFor(() => expect(pids.map(isAlive)).toEqual([false, false]), 30_000);
  await vi.waitFor(() => expect(existsSync(directory)).toBe(false), 30_000);
});
