import { pino } from "pino";
import { beforeEach, describe, expect, test } from "vitest";
import { openSqlite } from "../../src/adapters/sqlite/engine.ts";
import { deliveryHealing, type HealingDeps } from "../../src/healing/heal.ts";
import type { Missed } from "../../src/healing/missed.ts";
import { storageKey } from "../../src/model/storage-key.ts";
import type { DeliveryAttempt } from "../../src/ports/app-deliveries.ts";
import type { Engine } from "../../src/ports/engine.ts";
import { GitHubError } from "../../src/ports/github.ts";
import { temporaryPath } from "../adapters/sqlite/temporary-path.ts";
import { SettableClock } from "../contract/settable-clock.ts";

const DAY = 24 * 3_600_000;
const PER_PAGE = 100;

let clock: SettableClock;
let engine: Engine;
/** GitHub's log, newest first, and what was asked of it. */
let log: DeliveryAttempt[];
let asked: string[];
let pages: (string | undefined)[];
let counted: Record<string, number>;
let recovered: number[];
let refuse: ((id: string) => GitHubError | undefined) | undefined;

beforeEach(async () => {
  clock = new SettableClock();
  engine = await openSqlite({ path: temporaryPath(), clock });
  log = [];
  asked = [];
  pages = [];
  counted = {};
  recovered = [];
  refuse = undefined;
  return () => engine.close();
});

function healing(change: Partial<HealingDeps> = {}): () => Promise<number> {
  return deliveryHealing({
    engine,
    clock,
    log: pino({ enabled: false }),
    deliveries: {
      async page(cursor) {
        pages.push(cursor);
        const from = cursor === undefined ? 0 : log.findIndex((one) => one.id === cursor) + 1;
        const attempts = log.slice(from, from + PER_PAGE);
        return { attempts, next: log.length > from + PER_PAGE ? attempts.at(-1)?.id : undefined };
      },
      async redeliver(id) {
        const refusal = refuse?.(id);
        if (refusal) throw refusal;
        asked.push(id);
      },
    },
    windowMs: 3 * DAY,
    intervalMs: 60_000,
    startedAtMs: clock.now(),
    oldestRunAtMs: () => undefined,
    counted: (result, count) => {
      counted[result] = (counted[result] ?? 0) + count;
    },
    recovered: (seconds) => recovered.push(seconds),
    ...change,
  });
}

/** `count` attempts that end with that status, newest first on top of the log, `agoMs` before now. */
function attempts(count: number, statusCode: number, agoMs = 1000, guid = "guid"): void {
  for (let i = 0; i < count; i++) {
    const id = String(log.length + 1);
    const at = { atMs: clock.now() - agoMs, statusCode, event: "push", action: undefined, installationId: 7 };
    log.unshift({ id, guid: `${guid}-${id}`, ...at });
  }
}

const accept = (guid: string) =>
  engine.queue.accept({
    delivery: { id: guid, event: "push", receivedAtMs: clock.now() },
    keys: [],
    intents: [],
    records: [],
  });
const missed = async () => (await engine.records.list<Missed>(storageKey.allMissed)).map((entry) => entry.value);

test("asks once for what failed and is not in the inbox, and measures until it is", async () => {
  attempts(2, 202);
  attempts(2, 502);
  await accept("guid-4");
  const pass = healing();
  await pass();
  expect(asked).toEqual(["3"]);
  clock.advance(5000);
  await pass();
  expect(asked).toEqual(["3"]);
  expect(recovered).toEqual([]);
  await accept("guid-3");
  clock.advance(1000);
  await pass();
  expect(await missed()).toEqual([]);
  expect(recovered).toEqual([6]);
  expect(counted).toEqual({ missed: 1, asked: 1, healed: 1 });
  const [entry] = await engine.ledger.query({ stream: "installation/7", limit: 1 });
  expect(entry).toMatchObject({ type: "deliveries_healed", data: { missed: 1, seconds: 6 } });
});

test("what was asked for is not forgotten by a restart, nor is the outage", async () => {
  attempts(1, 502);
  await healing()();
  clock.advance(9_000);
  const pass = healing();
  await pass();
  expect(asked).toEqual(["1"]);
  await accept("guid-1");
  await pass();
  expect(recovered).toEqual([9]);
});

test("recovery lasts until nothing waits that was there before", async () => {
  attempts(1, 502);
  const pass = healing();
  await pass();
  await accept("guid-1");
  await engine.queue.enqueue("pull/7/1/1");
  await pass();
  expect(recovered).toEqual([]);
  const lease = await engine.queue.lease(60_000);
  await pass();
  expect(recovered).toEqual([]);
  if (lease) await engine.queue.settle(lease, { kind: "done" });
  clock.advance(3000);
  await pass();
  expect(recovered).toEqual([3]);
});

describe("reading the log", () => {
  test("goes back to the last point that was read, and a little more", async () => {
    attempts(900, 202, 60 * 60_000);
    attempts(100, 202, 10 * 60_000);
    const pass = healing();
    await pass();
    expect(pages).toHaveLength(10);
    pages = [];
    clock.advance(60_000);
    attempts(150, 202, 10);
    await pass();
    expect(pages).toHaveLength(3);
  });

  test("goes back three days at most", async () => {
    attempts(300, 502, 4 * DAY);
    await healing()();
    expect(asked).toEqual([]);
    expect(pages).toHaveLength(1);
  });

  test("goes on where a long log was left, also after a restart", async () => {
    attempts(1, 502, 2 * DAY, "old");
    attempts(5050, 202, DAY);
    expect(await healing()()).toBeLessThan(1000);
    expect(asked).toEqual([]);
    await healing()();
    expect(pages).toHaveLength(51);
    expect(asked).toEqual(["1"]);
  });

  test("begins anew when GitHub does not know the place any more", async () => {
    attempts(1, 502, 2 * DAY, "old");
    attempts(5050, 202, DAY);
    await healing()();
    const failing = healing({
      deliveries: {
        page: async () => {
          throw new GitHubError("refused", 422, "cursor");
        },
        redeliver: async () => {},
      },
    });
    await expect(failing()).rejects.toThrow("cursor");
    const pass = healing();
    await pass();
    await pass();
    expect(asked).toEqual(["1"]);
  });
});

describe("asking", () => {
  test("stays within GitHub's limit on writes", async () => {
    attempts(400, 502);
    const pass = healing();
    await pass();
    for (let i = 0; i < 50; i++) {
      clock.advance(1000);
      await pass();
    }
    expect(asked).toHaveLength(160);
    clock.advance(10_000);
    await pass();
    expect(asked).toHaveLength(320);
  });

  test("a limit ends it for now; nothing counts as asked that was not", async () => {
    attempts(20, 502);
    refuse = (id) => (id === "15" ? new GitHubError("limited", 403, "slow down", clock.now() + 30_000) : undefined);
    const pass = healing();
    expect(await pass()).toBe(30_000);
    expect(asked.length).toBeLessThan(20);
    refuse = undefined;
    clock.advance(30_000);
    await pass();
    expect([...new Set(asked)]).toHaveLength(20);
    expect(asked).toHaveLength(20);
  });

  test("what GitHub will not redeliver is given up, visibly, and the outage ends all the same", async () => {
    attempts(2, 502);
    refuse = (id) => (id === "1" ? new GitHubError("not-found", 404, "gone") : undefined);
    const pass = healing();
    await pass();
    await accept("guid-2");
    await pass();
    expect(recovered).toHaveLength(1);
    expect(await missed()).toMatchObject([{ guid: "guid-1", givenUp: "GitHub refuses another attempt (404)" }]);
    expect(counted).toMatchObject({ "given-up": 1 });
    const lost = await engine.ledger.query({ stream: "installation/7", type: "delivery_lost", limit: 5 });
    expect(lost).toMatchObject([{ data: { delivery: "guid-1" } }]);
    clock.advance(5 * DAY);
    await pass();
    expect(await missed()).toHaveLength(1);
    clock.advance(2 * DAY);
    await pass();
    expect(await missed()).toEqual([]);
    await pass();
    expect(await missed()).toEqual([]);
    expect(counted).toMatchObject({ missed: 2, "given-up": 1 });
  });

  test("an attempt that fails again is seen in the log, and asked for later", async () => {
    attempts(1, 502);
    const pass = healing();
    await pass();
    clock.advance(10_000);
    log.unshift({ ...(log[0] as DeliveryAttempt), id: "2", atMs: clock.now() });
    await pass();
    expect(await missed()).toMatchObject([{ attemptId: "2", asked: 1 }]);
    clock.advance(50_000);
    await pass();
    expect(asked).toEqual(["1", "2"]);
  });

  test("what was taken without being kept, as an event of no interest, is let go", async () => {
    attempts(1, 502);
    const pass = healing();
    await pass();
    clock.advance(10_000);
    log.unshift({ ...(log[0] as DeliveryAttempt), id: "2", atMs: clock.now(), statusCode: 202 });
    await pass();
    expect(await missed()).toEqual([]);
  });
});
