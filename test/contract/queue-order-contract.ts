import { setTimeout as sleep } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import type { Queue } from "../../src/ports/queue.ts";
import type { Bench } from "./engine-contract.ts";
import { acceptance, drain, intent, leaseNow, TTL_MS } from "./queue-bench.ts";

const KEY = "pull/1/2/3";

/** Which key comes first, and when one is told of it. */
export function queueOrderContract(bench: Bench): void {
  orderContract(bench);
  readyContract(bench);

  test("stats tell keys apart, and how old the oldest ready one is", async () => {
    const { queue } = bench.engine;
    for (let number = 1; number <= 5; number++) await queue.enqueue(`pull/1/1/${number}`);
    await queue.enqueue(KEY, { notBeforeMs: bench.clock.now() + 1000 });
    await queue.settle(await leaseNow(queue), { kind: "terminal", reason: "no" });
    await leaseNow(queue);
    const stats = { ready: 3, delayed: 1, leased: 1, parked: 1, oldestReadyMs: 0 };
    expect(await queue.stats()).toEqual(stats);
    bench.clock.advance(1500);
    expect(await queue.stats()).toEqual({ ...stats, ready: 4, delayed: 0, oldestReadyMs: 1500 });
    await drain(queue);
    expect(await queue.stats()).toMatchObject({ ready: 0, leased: 1, oldestReadyMs: 0 });
    bench.clock.advance(TTL_MS);
    expect(await queue.stats()).toMatchObject({ ready: 1, leased: 0, oldestReadyMs: 1500 });
  });
}

function orderContract(bench: Bench): void {
  test("within an installation the key that became ready first comes first, also after a restart", async () => {
    const keys = [5, 3, 4, 1].map((number) => `pull/1/1/${number}`);
    for (const key of keys) {
      await bench.engine.queue.enqueue(key);
      bench.clock.advance(1);
    }
    await bench.reopen();
    expect(await drain(bench.engine.queue)).toEqual(keys);
  });

  test("installations take turns: one with very many keys does not starve another", async () => {
    const { queue } = bench.engine;
    await Promise.all(Array.from({ length: 10_000 }, (_, number) => queue.enqueue(`pull/1/1/${number}`)));
    await Promise.all([1, 2, 3].map((number) => queue.enqueue(`pull/2/1/${number}`)));
    await queue.enqueue("pull/3/1/1");
    const installations = (await drainInstallations(queue, 8)).join("");
    expect(installations).toBe("12312121");
    await queue.enqueue("pull/2/1/1");
    expect((await drainInstallations(queue, 2)).sort()).toEqual(["1", "2"]);
  });

  test("keys with unsettled intents come first, however long others have waited, and they take turns too", async () => {
    const { queue } = bench.engine;
    for (let number = 1; number <= 3; number++) await queue.enqueue(`pull/1/1/${number}`);
    const asked = ["pull/1/1/9", "pull/1/1/2", "pull/2/1/1"];
    for (const key of asked) {
      await queue.accept({ ...acceptance(`d-${key}`, [key]), intents: [intent(`comment/${key}`, key)] });
    }
    await bench.reopen();
    const order = await drain(bench.engine.queue);
    expect(order.slice(0, 3).sort()).toEqual(asked.toSorted());
    expect(
      order
        .slice(0, 2)
        .map((key) => key.split("/")[1])
        .sort(),
    ).toEqual(["1", "2"]);
    expect(order.slice(3)).toEqual(["pull/1/1/1", "pull/1/1/3"]);
  });

  test("a key whose intents are settled is like any other", async () => {
    const { queue } = bench.engine;
    await queue.enqueue("pull/1/1/1");
    const intents = [intent("comment/1", KEY), intent("comment/2", KEY)];
    await queue.accept({ ...acceptance("d1", [KEY]), intents });
    await queue.settleIntent("comment/1", "done");
    await queue.settleIntent("comment/1", "done");
    expect((await leaseNow(queue)).key).toBe(KEY);
    bench.clock.advance(TTL_MS);
    await queue.settleIntent("comment/2", "done");
    expect((await leaseNow(queue)).key).toBe("pull/1/1/1");
  });
}

function readyContract(bench: Bench): void {
  test("the listener is called at once when a key becomes ready", async () => {
    const { queue } = bench.engine;
    const listener = vi.fn();
    queue.onReady(listener);
    await sleep(5);
    expect(listener).not.toHaveBeenCalled();
    const steps = [
      () => queue.enqueue(KEY),
      () => queue.accept(acceptance("d1", ["pull/1/2/4"])),
      async () => queue.settle(await leaseNow(queue), { kind: "requeue", afterMs: 0 }),
      async () => {
        const lease = await leaseNow(queue);
        await queue.enqueue(lease.key);
        listener.mockClear();
        await queue.settle(lease, { kind: "done" });
      },
    ];
    for (const step of steps) {
      listener.mockClear();
      await step();
      await expect.poll(() => listener).toHaveBeenCalled();
    }
  });

  test("it is called for keys that were ready before it listened, and only the last listener is", async () => {
    const { queue } = bench.engine;
    await queue.enqueue(KEY);
    const first = vi.fn();
    const second = vi.fn();
    queue.onReady(first);
    await expect.poll(() => first).toHaveBeenCalled();
    queue.onReady(second);
    await expect.poll(() => second).toHaveBeenCalled();
    first.mockClear();
    second.mockClear();
    await queue.enqueue("pull/1/2/4");
    await expect.poll(() => second).toHaveBeenCalled();
    expect(first).not.toHaveBeenCalled();
  });

  test("it is called for due times: a delay, a lease that expires, a delay from before a restart", async () => {
    const listener = vi.fn();
    const delayed = async (queue: Queue) => queue.enqueue(KEY, { notBeforeMs: bench.clock.now() + 20 });
    await delayed(bench.engine.queue);
    const { queue } = await bench.reopen();
    queue.onReady(listener);
    await sleep(60);
    expect(listener).not.toHaveBeenCalled();
    bench.clock.advance(20);
    await expect.poll(() => listener).toHaveBeenCalled();
    const lease = await queue.lease(20);
    expect(lease?.key).toBe(KEY);
    listener.mockClear();
    bench.clock.advance(20);
    await expect.poll(() => listener).toHaveBeenCalled();
    expect(await drain(queue)).toEqual([KEY]);
    listener.mockClear();
    await delayed(queue);
    bench.clock.advance(20);
    await expect.poll(() => listener).toHaveBeenCalled();
    expect(await drain(queue)).toEqual([KEY]);
  });
}

async function drainInstallations(queue: Queue, count: number): Promise<(string | undefined)[]> {
  const installations: (string | undefined)[] = [];
  for (let i = 0; i < count; i++) {
    const lease = await leaseNow(queue);
    installations.push(lease.key.split("/")[1]);
    await queue.settle(lease, { kind: "done" });
  }
  return installations;
}
