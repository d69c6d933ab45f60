import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { openSqlite, StoreInUseError } from "../../../src/adapters/sqlite/engine.ts";
import { systemClock } from "../../../src/ports/clock.ts";
import { delivery } from "./delivery.ts";
import { temporaryPath } from "./temporary-path.ts";

test("a killed process loses nothing that it accepted, and another process is refused as long as it lives", {
  timeout: 60_000,
}, async () => {
  const path = temporaryPath();
  const accepted: number[] = [];
  for (let round = 0; round < 4; round++) {
    const child = startChild(path, round * 1_000_000);
    const printed: number[] = [];
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (line) =>
      printed.push(Number(line)),
    );
    while (printed.length === 0) await sleep(5);
    await expect(openSqlite({ path, clock: systemClock })).rejects.toThrow(StoreInUseError);
    await sleep(50 + 37 * round);
    child.kill("SIGKILL");
    await once(lines, "close");
    expect(printed.length).toBeGreaterThan(10);
    accepted.push(...printed);
  }

  const engine = await openSqlite({ path, clock: systemClock });
  onTestFinished(() => engine.close());
  const leased = new Set<string>();
  for (let lease = await engine.queue.lease(60_000); lease; lease = await engine.queue.lease(60_000))
    leased.add(lease.key);
  expect(accepted.filter((n) => !leased.has(`pull/1/1/${n}`))).toEqual([]);
  const answers = await Promise.all(accepted.map((n) => engine.queue.accept(delivery(`d${n}`, []))));
  expect(answers.filter((answer) => answer !== "duplicate")).toEqual([]);
});

function startChild(path: string, first: number): ChildProcess {
  const script = new URL("./accept-in-a-loop.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [script, path, String(first)], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}
