import { expect, onTestFinished, test } from "vitest";
import { openDatabase } from "../../../src/adapters/sqlite/database.ts";
import { engineOn } from "../../../src/adapters/sqlite/engine.ts";
import { systemClock } from "../../../src/ports/clock.ts";
import { delivery } from "./delivery.ts";
import { temporaryPath } from "./temporary-path.ts";

test("a full disk rejects writes, loses nothing accepted, and is over when there is room again", {
  timeout: 30_000,
}, async () => {
  const database = openDatabase(temporaryPath());
  const engine = engineOn(database, systemClock, Math.random);
  onTestFinished(() => engine.close());
  const { page_count: pages } = database.prepare("PRAGMA page_count").get() as { page_count: number };
  database.exec(`PRAGMA max_page_count = ${pages + 40}`);

  const tried = Array.from({ length: 4000 }, (_, n) => n);
  const answers = new Map<number, string>();
  for (let from = 0; from < tried.length; from += 100) {
    const group = tried.slice(from, from + 100);
    const settled = await Promise.allSettled(
      group.map((n) => engine.queue.accept(delivery(`d${n}`, [`pull/1/1/${n}`]))),
    );
    for (const [i, result] of settled.entries())
      answers.set(from + i, result.status === "fulfilled" ? result.value : String(result.reason));
  }
  const accepted = tried.filter((n) => answers.get(n) === "accepted");
  const refused = tried.filter((n) => answers.get(n) !== "accepted");
  expect(accepted.length).toBeGreaterThan(100);
  expect(refused.length).toBeGreaterThan(100);
  expect(refused.filter((n) => !answers.get(n)?.includes("full"))).toEqual([]);
  await expect(engine.probe()).rejects.toThrow("full");
  expect((await engine.queue.stats()).ready).toBe(accepted.length);

  database.exec("PRAGMA max_page_count = 1000000");
  await engine.probe();
  const again = await Promise.all(tried.map((n) => engine.queue.accept(delivery(`d${n}`, [`pull/1/1/${n}`]))));
  expect(tried.filter((n) => again[n] === "duplicate")).toEqual(accepted);
  const leased = new Set<string>();
  for (let lease = await engine.queue.lease(60_000); lease; lease = await engine.queue.lease(60_000))
    leased.add(lease.key);
  expect(leased.size).toBe(tried.length);
});

test("a settle that cannot be written leaves the lease as it was, so that it can be settled again", async () => {
  const database = openDatabase(temporaryPath());
  const engine = engineOn(database, systemClock, Math.random);
  onTestFinished(() => engine.close());
  const { queue } = engine;
  await queue.enqueue("pull/1/1/1");
  const lease = await queue.lease(60_000);
  if (!lease) throw new Error("nothing is due");
  database.exec("PRAGMA query_only = ON");
  const writes = [
    queue.enqueue("pull/1/1/1"),
    queue.settle(lease, { kind: "terminal", reason: "no" }),
    queue.enqueue("pull/1/1/2"),
  ];
  expect((await Promise.allSettled(writes)).map(({ status }) => status)).toEqual(Array(3).fill("rejected"));
  await expect(engine.probe()).rejects.toThrow();
  expect(await queue.stats()).toMatchObject({ ready: 0, leased: 1, parked: 0 });
  expect(await queue.holds(lease)).toBe(true);
  database.exec("PRAGMA query_only = OFF");
  expect(await queue.settle(lease, { kind: "done" })).toBe(true);
  expect(await queue.stats()).toMatchObject({ ready: 0, leased: 0 });
});
