import { expect, test } from "vitest";
import { openSqlite } from "../../../src/adapters/sqlite/engine.ts";
import { drain, TTL_MS } from "../../contract/queue-bench.ts";
import { SettableClock } from "../../contract/settable-clock.ts";
import { temporaryPath } from "./temporary-path.ts";

const HOUR = 3_600_000;

async function queueOn(clock: SettableClock) {
  const engine = await openSqlite({ path: temporaryPath(), clock });
  return { engine, queue: engine.queue };
}

test("set back by an hour: what waits keeps its distance, and a lease its length", async () => {
  const clock = new SettableClock();
  const { engine, queue } = await queueOn(clock);
  await queue.enqueue("pull/1/1/1", { notBeforeMs: clock.now() + 30_000 });
  await queue.enqueue("pull/1/1/2");
  const lease = await queue.lease(TTL_MS);
  await queue.pause(2, clock.now() + 30_000);
  await queue.enqueue("pull/2/1/1");
  clock.advance(-HOUR);
  expect(await drain(queue)).toEqual([]);
  expect(lease && (await queue.holds(lease))).toBe(true);
  clock.advance(TTL_MS);
  expect(lease && (await queue.holds(lease))).toBe(false);
  clock.advance(30_000);
  expect((await drain(queue)).sort()).toEqual(["pull/1/1/1", "pull/1/1/2", "pull/2/1/1"]);
  await engine.close();
});

test("set forward by an hour: a lease is over, and its holder may not write any more", async () => {
  const clock = new SettableClock();
  const { engine, queue } = await queueOn(clock);
  await queue.enqueue("pull/1/1/1");
  const lease = await queue.lease(TTL_MS);
  clock.advance(HOUR);
  expect(lease && (await queue.holds(lease))).toBe(false);
  expect(lease && (await queue.settle(lease, { kind: "done" }))).toBe(false);
  expect(await drain(queue)).toEqual(["pull/1/1/1"]);
  await engine.close();
});

test("corrected by a little: nothing changes", async () => {
  const clock = new SettableClock();
  const { engine, queue } = await queueOn(clock);
  await queue.enqueue("pull/1/1/1", { notBeforeMs: clock.now() + 10_000 });
  clock.advance(-1000);
  expect(await drain(queue)).toEqual([]);
  clock.advance(10_000);
  expect(await drain(queue)).toEqual([]);
  clock.advance(1000);
  expect(await drain(queue)).toEqual(["pull/1/1/1"]);
  await engine.close();
});
