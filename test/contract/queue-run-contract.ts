import { expect, test } from "vitest";
import { backoffMs, type Lease } from "../../src/ports/queue.ts";
import type { Bench } from "./engine-contract.ts";
import { acceptance, DAY_MS, drain, leaseNow, TTL_MS } from "./queue-bench.ts";

const KEY = "pull/1/2/3";

/** From the lease of a key to how its run ended. */
export function queueRunContract(bench: Bench): void {
  leaseContract(bench);
  settleContract(bench);
}

function leaseContract(bench: Bench): void {
  test("there is no lease where nothing is due", async () => {
    expect(await bench.engine.queue.lease(TTL_MS)).toBeUndefined();
  });

  test("a key is leased once; tokens grow, also over restarts", async () => {
    const { queue } = bench.engine;
    await queue.enqueue(KEY);
    await queue.enqueue("pull/1/2/4");
    const first = await leaseNow(queue);
    expect(first).toMatchObject({ key: KEY, attempt: 0, expiresAtMs: bench.clock.now() + TTL_MS });
    const second = await leaseNow(queue);
    expect(second.token).toBeGreaterThan(first.token);
    expect(await queue.lease(TTL_MS)).toBeUndefined();
    const third = await leaseNow((await bench.reopen()).queue);
    expect(third.token).toBeGreaterThan(second.token);
  });

  test("an expired lease makes the key ready again, and its holder is fenced off", async () => {
    const { queue } = bench.engine;
    await queue.enqueue(KEY);
    const old = await leaseNow(queue);
    bench.clock.advance(TTL_MS - 1);
    expect(await queue.holds(old)).toBe(true);
    bench.clock.advance(1);
    await expectLost(bench, old);
    const next = await leaseNow(queue);
    expect(next).toMatchObject({ key: KEY, attempt: 0 });
    expect(next.token).toBeGreaterThan(old.token);
    await expectLost(bench, old);
    expect(await queue.holds(next)).toBe(true);
    expect(await queue.settle(next, { kind: "done" })).toBe(true);
    expect(await drain(queue)).toEqual([]);
  });

  test("a renewed lease lives on from now", async () => {
    const { queue } = bench.engine;
    await queue.enqueue(KEY);
    const lease = await leaseNow(queue);
    bench.clock.advance(TTL_MS - 1);
    expect(await queue.renew(lease, TTL_MS)).toBe(true);
    bench.clock.advance(TTL_MS - 1);
    expect(await queue.holds(lease)).toBe(true);
    expect(await queue.lease(TTL_MS)).toBeUndefined();
    bench.clock.advance(1);
    await expectLost(bench, lease);
    expect(await drain(queue)).toEqual([KEY]);
  });

  test("the leases of a process that ended are void, and their keys ready at once", async () => {
    await bench.engine.queue.enqueue(KEY);
    const old = await leaseNow(bench.engine.queue);
    await bench.reopen();
    await expectLost(bench, old);
    expect((await leaseNow(bench.engine.queue)).key).toBe(KEY);
    await expectLost(bench, old);
  });
}

function settleContract(bench: Bench): void {
  test("a key that is done is idle, also after a restart; a lease is settled once", async () => {
    const { queue } = bench.engine;
    await queue.enqueue(KEY);
    const lease = await leaseNow(queue);
    expect(await queue.settle(lease, { kind: "done" })).toBe(true);
    await expectLost(bench, lease);
    await bench.reopen();
    expect(await bench.engine.queue.stats()).toEqual({ ready: 0, delayed: 0, leased: 0, parked: 0, oldestReadyMs: 0 });
  });

  const outcomes = [
    { kind: "done" },
    { kind: "requeue", afterMs: 60_000 },
    { kind: "terminal", reason: "no" },
    { kind: "failed", error: "no" },
  ] as const;
  test("a run that is postponed keeps what led to it and is no failure, and is not hurried by what comes meanwhile", async () => {
    const { queue } = bench.engine;
    await queue.accept(acceptance("d1", [KEY]));
    const lease = await leaseNow(queue);
    await queue.accept(acceptance("d2", [KEY]));
    await queue.settle(lease, { kind: "postponed", afterMs: 60_000 });
    await bench.reopen();
    expect(await drain(bench.engine.queue)).toEqual([]);
    bench.clock.advance(60_000);
    const again = await leaseNow(bench.engine.queue);
    expect([again.attempt, again.causes.map(({ id }) => id)]).toEqual([0, ["d1", "d2"]]);
  });

  test.each(outcomes)("a key that is enqueued while it runs is run again after it is $kind", async (outcome) => {
    const { queue } = bench.engine;
    await queue.enqueue(KEY);
    const lease = await leaseNow(queue);
    await queue.enqueue(KEY);
    expect(await queue.lease(TTL_MS)).toBeUndefined();
    expect(await queue.settle(lease, outcome)).toBe(true);
    expect(await queue.stats()).toMatchObject({ ready: 1, parked: 0 });
    await bench.reopen();
    expect(await drain(bench.engine.queue)).toEqual([KEY]);
    expect(await drain(bench.engine.queue)).toEqual([]);
  });

  test("…also when it is accepted in the very turn in which it is settled, and when the run is to be later", async () => {
    const { queue } = bench.engine;
    await queue.enqueue(KEY);
    const lease = await leaseNow(queue);
    await Promise.all([queue.accept(acceptance("d1", [KEY])), queue.settle(lease, { kind: "done" })]);
    const second = await leaseNow(queue);
    await Promise.all([queue.settle(second, { kind: "done" }), queue.accept(acceptance("d2", [KEY]))]);
    const third = await leaseNow(queue);
    await queue.enqueue(KEY, { notBeforeMs: bench.clock.now() + 5000 });
    await queue.settle(third, { kind: "done" });
    expect(await drain(queue)).toEqual([]);
    bench.clock.advance(5000);
    expect(await drain(queue)).toEqual([KEY]);
  });

  test("requeue runs it again after that long", async () => {
    const { queue } = bench.engine;
    await queue.enqueue(KEY);
    await queue.settle(await leaseNow(queue), { kind: "requeue", afterMs: 60_000 });
    await bench.reopen();
    bench.clock.advance(59_999);
    expect(await drain(bench.engine.queue)).toEqual([]);
    bench.clock.advance(1);
    expect(await drain(bench.engine.queue)).toEqual([KEY]);
  });

  test.each([0, 0.999])(
    "failures back off, are counted over restarts, and a success starts anew (random %d)",
    async (random) => {
      bench.random = random;
      await bench.engine.queue.enqueue(KEY);
      for (let attempt = 0; attempt < 14; attempt++) {
        const { queue } = bench.engine;
        const lease = await leaseNow(queue);
        expect(lease.attempt).toBe(attempt);
        await queue.settle(lease, { kind: "failed", error: "boom" });
        if (attempt % 5 === 0) await bench.reopen();
        const waitMs = Math.ceil(backoffMs(attempt + 1, random));
        expect(waitMs).toBeLessThanOrEqual(15 * 60_000);
        bench.clock.advance(waitMs - 1);
        expect(await bench.engine.queue.lease(TTL_MS)).toBeUndefined();
        bench.clock.advance(1);
      }
      const { queue } = bench.engine;
      await queue.settle(await leaseNow(queue), { kind: "requeue", afterMs: 0 });
      expect((await leaseNow(queue)).attempt).toBe(0);
    },
  );

  test("an event for a key that waits after a failure runs it at once, as the same row of failures", async () => {
    const { queue } = bench.engine;
    await queue.enqueue(KEY);
    await queue.settle(await leaseNow(queue), { kind: "failed", error: "boom" });
    await queue.enqueue(KEY);
    expect((await leaseNow(queue)).attempt).toBe(1);
  });

  test("a terminal outcome parks the key until the next event for it", async () => {
    await bench.engine.queue.enqueue(KEY);
    await bench.engine.queue.enqueue("pull/1/2/4");
    await bench.engine.queue.settle(await leaseNow(bench.engine.queue), { kind: "terminal", reason: "no permission" });
    await bench.engine.queue.settle(await leaseNow(bench.engine.queue), { kind: "terminal", reason: "gone" });
    const parkedAtMs = bench.clock.now();
    bench.clock.advance(7 * DAY_MS);
    let { queue } = await bench.reopen();
    expect(await queue.parked()).toEqual([
      { key: KEY, reason: "no permission", parkedAtMs },
      { key: "pull/1/2/4", reason: "gone", parkedAtMs },
    ]);
    expect(await queue.stats()).toMatchObject({ ready: 0, parked: 2 });
    expect(await queue.lease(TTL_MS)).toBeUndefined();
    await queue.accept(acceptance("d1", [KEY]));
    await queue.enqueue("pull/1/2/4", { notBeforeMs: bench.clock.now() + 1000 });
    queue = (await bench.reopen()).queue;
    expect(await queue.parked()).toEqual([]);
    expect(await queue.stats()).toMatchObject({ ready: 1, delayed: 1, parked: 0 });
    expect(await leaseNow(queue)).toMatchObject({ key: KEY, attempt: 0 });
  });
}

async function expectLost({ engine: { queue } }: Bench, lease: Lease): Promise<void> {
  expect(await queue.holds(lease)).toBe(false);
  expect(await queue.renew(lease, TTL_MS)).toBe(false);
  for (const outcome of [
    { kind: "done" },
    { kind: "terminal", reason: "late" },
    { kind: "failed", error: "late" },
  ] as const) {
    expect(await queue.settle(lease, outcome)).toBe(false);
  }
}
