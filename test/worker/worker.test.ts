import { pino } from "pino";
import { describe, expect, test, vi } from "vitest";
import type { Outcome } from "../../src/model/outcome.ts";
import { GitHubError } from "../../src/ports/github.ts";
import type { Lease, Queue } from "../../src/ports/queue.ts";
import { LeaseLostError, type Run } from "../../src/ports/run.ts";
import { createWorker } from "../../src/worker/worker.ts";

const NOW = Date.UTC(2026, 0, 1);
type Settled = { key: string; outcome: Parameters<Queue["settle"]>[1] };

/** A worker on a queue that holds `keys`, and what became of each of them. */
function worker(options: {
  keys: string[];
  attempt?: number;
  reconcile(run: Run): Promise<Outcome>;
  queue?: Partial<Queue>;
  concurrency?: number;
  leaseMs?: number;
}) {
  const waiting = [...options.keys];
  const settled: Settled[] = [];
  const endings: string[] = [];
  let ready = (): void => {};
  const queue = {
    async lease(ttlMs: number): Promise<Lease | undefined> {
      const key = waiting.shift();
      const attempt = options.attempt ?? 0;
      return key === undefined ? undefined : { key, token: 1, attempt, causes: [], expiresAtMs: NOW + ttlMs };
    },
    renew: async () => true,
    holds: async () => true,
    async settle({ key }: Lease, outcome: Settled["outcome"]) {
      settled.push({ key, outcome });
      return true;
    },
    onReady: (listener: () => void) => {
      ready = listener;
    },
    ...options.queue,
  } as unknown as Queue;
  const made = createWorker({
    queue,
    clock: { now: () => NOW },
    log: pino({ enabled: false }),
    concurrency: options.concurrency ?? 4,
    leaseMs: options.leaseMs ?? 60_000,
    reconcile: options.reconcile,
    ended: ({ key, outcome }) => endings.push(`${key} ${outcome}`),
  });
  return {
    ...made,
    settled,
    endings,
    add(key: string) {
      waiting.push(key);
      ready();
    },
  };
}

async function outcomeOf(reconcile: (run: Run) => Promise<Outcome>, attempt = 0) {
  const one = worker({ keys: ["pull/7/42/12"], attempt, reconcile });
  one.start();
  await expect.poll(() => one.endings.length).toBe(1);
  return { outcome: one.settled[0]?.outcome, ending: one.endings[0]?.split(" ")[1] };
}

const fails = (error: unknown) => async (): Promise<Outcome> => {
  throw error;
};

describe("how a run ends", () => {
  test.each<[string, Outcome]>([
    ["done", { kind: "done" }],
    ["requeue", { kind: "requeue", afterMs: 5000 }],
    ["terminal", { kind: "terminal", reason: "gone" }],
  ])("%s is settled as it is", async (kind, outcome) => {
    expect(await outcomeOf(async () => outcome)).toEqual({ outcome, ending: kind });
  });

  test("a throw is a failure, whatever is thrown", async () => {
    expect(await outcomeOf(fails(new Error("no")))).toEqual({
      outcome: { kind: "failed", error: "no" },
      ending: "failed",
    });
    expect(await outcomeOf(fails("no"))).toMatchObject({ outcome: { kind: "failed" }, ending: "failed" });
    expect(await outcomeOf(fails(undefined))).toMatchObject({ outcome: { kind: "failed" }, ending: "failed" });
  });

  test("GitHub's wait is no failure: the key comes back when GitHub said", async () => {
    const limited = (retryAtMs: number) => fails(new GitHubError("limited", 429, "wait", retryAtMs));
    const afterMs = async (retryAtMs: number) => (await outcomeOf(limited(retryAtMs), 20)).outcome;
    expect(await afterMs(NOW + 30_000)).toEqual({ kind: "postponed", afterMs: 30_000 });
    expect(await afterMs(NOW - 30_000)).toEqual({ kind: "postponed", afterMs: 1000 });
  });

  test.each(["forbidden", "not-found", "refused"] as const)(
    "%s is tried eleven times more, then parked",
    async (fault) => {
      const error = new GitHubError(fault, 403, "no");
      expect((await outcomeOf(fails(error), 11)).ending).toBe("failed");
      expect(await outcomeOf(fails(error), 12)).toEqual({
        outcome: { kind: "terminal", reason: "no" },
        ending: "terminal",
      });
    },
  );

  test.each([
    ["GitHub is away", new GitHubError("unavailable", 502, "no")],
    [
      "a permission is missing",
      Object.assign(new GitHubError("forbidden", 403, "no"), { missingPermission: "checks=write" }),
    ],
    ["something of ours is broken", new Error("no")],
  ])("while %s it is never parked", async (_what, error) => {
    expect((await outcomeOf(fails(error), 1000)).ending).toBe("failed");
  });

  test("a lease that was lost is not settled: the key belongs to another run", async () => {
    expect(await outcomeOf(fails(new LeaseLostError("pull/7/42/12")))).toEqual({
      outcome: undefined,
      ending: "lease-lost",
    });
  });
});

describe("the fence", () => {
  test("lets nobody write whose lease the queue has given away", async () => {
    const written: string[] = [];
    const one = worker({
      keys: ["a"],
      queue: { holds: async () => false },
      async reconcile(run) {
        await run.fence();
        written.push(run.key);
        return { kind: "done" };
      },
    });
    one.start();
    await expect.poll(() => one.endings).toEqual(["a lease-lost"]);
    expect(written).toEqual([]);
    expect(one.settled).toEqual([]);
  });

  test("knows a renewal that was refused before it asks", async () => {
    const holds = vi.fn(async () => true);
    const one = worker({
      keys: ["a"],
      leaseMs: 30,
      queue: { renew: async () => false, holds },
      async reconcile(run) {
        await expect.poll(() => run.fence().then(String, (error: Error) => error.name)).toBe("LeaseLostError");
        await run.fence();
        return { kind: "done" };
      },
    });
    one.start();
    await expect.poll(() => one.endings).toEqual(["a lease-lost"]);
  });
});

describe("how many at a time", () => {
  test("never more than it may, and all of them in the end", async () => {
    let underWay = 0;
    let most = 0;
    const keys = Array.from({ length: 40 }, (_, i) => `key-${i}`);
    const one = worker({
      keys,
      concurrency: 3,
      async reconcile() {
        most = Math.max(most, ++underWay);
        await new Promise((resolve) => setImmediate(resolve));
        underWay--;
        return { kind: "done" };
      },
    });
    one.start();
    await expect.poll(() => one.settled.length).toBe(40);
    expect(most).toBe(3);
    expect(new Set(one.settled.map(({ key }) => key)).size).toBe(40);
  });

  test("one that hangs does not keep the others", async () => {
    const one = worker({
      keys: ["hangs", "a", "b", "c"],
      concurrency: 2,
      reconcile: (run) => (run.key === "hangs" ? new Promise(() => {}) : Promise.resolve({ kind: "done" })),
    });
    one.start();
    await expect.poll(() => one.settled.map(({ key }) => key)).toEqual(["a", "b", "c"]);
  });

  test("a key that becomes ready later is taken", async () => {
    const one = worker({ keys: [], reconcile: async () => ({ kind: "done" }) });
    one.start();
    one.add("late");
    await expect.poll(() => one.endings).toEqual(["late done"]);
  });
});

describe("a store that is away", () => {
  test("does not end the worker: it asks again", async () => {
    let asked = 0;
    const keys = ["a"];
    const one = worker({
      keys: [],
      queue: {
        async lease() {
          if (++asked === 1) throw new Error("disk full");
          const key = keys.shift();
          return key === undefined ? undefined : { key, token: 1, attempt: 0, causes: [], expiresAtMs: NOW };
        },
      },
      reconcile: async () => ({ kind: "done" }),
    });
    one.start();
    await expect.poll(() => one.endings, { timeout: 5000 }).toEqual(["a done"]);
  });

  test("when a run is to be settled: it is told the end as soon as it can write", async () => {
    const told: string[] = [];
    let away = true;
    const one = worker({
      keys: ["a"],
      queue: {
        async settle({ key }, outcome) {
          told.push(`${key} ${outcome.kind}`);
          if (away) throw new Error("disk full");
          return true;
        },
      },
      reconcile: async () => ({ kind: "done" }),
    });
    one.start();
    await expect.poll(() => told).toEqual(["a done"]);
    expect(one.endings).toEqual([]);
    away = false;
    await expect.poll(() => one.endings, { timeout: 10_000 }).toEqual(["a done"]);
    expect(told).toEqual(["a done", "a done"]);
  });
});

describe("draining", () => {
  test("finishes what runs and takes nothing more", async () => {
    let finish = (): void => {};
    const one = worker({
      keys: ["a", "b"],
      concurrency: 1,
      reconcile: () =>
        new Promise((resolve) => {
          finish = () => resolve({ kind: "done" });
        }),
    });
    one.start();
    await expect.poll(() => finish.toString()).toContain("resolve");
    const drained = one.drain(60_000);
    one.add("c");
    finish();
    await drained;
    expect(one.endings).toEqual(["a done"]);
  });

  test("waits no longer than it is told for what hangs", async () => {
    const one = worker({ keys: ["a"], reconcile: () => new Promise(() => {}) });
    one.start();
    await one.drain(50);
    expect(one.settled).toEqual([]);
  });
});
