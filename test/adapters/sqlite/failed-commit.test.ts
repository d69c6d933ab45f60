import { expect, onTestFinished, test } from "vitest";
import { openDatabase } from "../../../src/adapters/sqlite/database.ts";
import { engineOn } from "../../../src/adapters/sqlite/engine.ts";
import { systemClock } from "../../../src/ports/clock.ts";
import type { Lease, Queue } from "../../../src/ports/queue.ts";
import { delivery } from "./delivery.ts";
import { temporaryPath } from "./temporary-path.ts";

const [RUNNING, READY, URGENT, IDLE] = ["pull/1/1/1", "pull/1/1/2", "pull/1/1/3", "pull/1/1/4"] as const;
const LATER = Date.now() + 3600_000;

test("a turn that cannot be committed changes nothing, in memory as on disk", async () => {
  const path = temporaryPath();
  const database = openDatabase(path);
  let engine = engineOn(database, systemClock, Math.random);
  onTestFinished(() => engine.close());
  const { queue, ledger, records } = engine;
  for (const key of [RUNNING, READY]) await queue.enqueue(key);
  const running = await leaseOf(queue, RUNNING);
  await queue.accept({ ...delivery("d1", [URGENT]), intents: [comment("comment/1", URGENT)] });
  const before = await queue.stats();

  // Breaks a reference that SQLite checks at COMMIT only.
  database.exec(`CREATE TABLE parent (n INTEGER PRIMARY KEY);
    CREATE TABLE veto (n INTEGER REFERENCES parent (n) DEFERRABLE INITIALLY DEFERRED);
    CREATE TRIGGER veto_commit AFTER INSERT ON ledger BEGIN INSERT INTO veto VALUES (1); END`);
  const turn = [
    queue.enqueue(RUNNING, { notBeforeMs: LATER }),
    queue.settle(running, { kind: "done" }),
    queue.enqueue(RUNNING),
    queue.enqueue(IDLE, { notBeforeMs: LATER }),
    queue.enqueue(IDLE),
    queue.settleIntent("comment/1", "done"),
    queue.accept({ ...delivery("d2", [READY]), intents: [comment("comment/2", READY)] }),
    records.put("a", 1),
    ledger.append("s", [{ type: "verdict", subject: READY, atMs: 1, id: "e1", data: {} }]),
  ];
  const settled = await Promise.allSettled(turn);
  expect(settled.map(({ status }) => status)).toEqual(turn.map(() => "rejected"));

  expect(await queue.stats()).toEqual({ ...before, oldestReadyMs: expect.any(Number) });
  expect(await queue.holds(running)).toBe(true);
  expect(await records.get("a")).toBeUndefined();
  expect(await ledger.query({ limit: 1 })).toEqual([]);
  database.exec("DROP TRIGGER veto_commit");
  expect(await queue.settle(running, { kind: "done" })).toBe(true);
  await leaseOf(queue, URGENT);
  await leaseOf(queue, READY);
  expect(await queue.lease(1000)).toBeUndefined();
  expect(await queue.accept(delivery("d2", []))).toBe("accepted");

  await engine.close();
  engine = engineOn(openDatabase(path), systemClock, Math.random);
  expect(await engine.queue.stats()).toMatchObject({ ready: 2, delayed: 0 });
});

async function leaseOf(queue: Queue, key: string): Promise<Lease> {
  const lease = await queue.lease(60_000);
  expect(lease?.key).toBe(key);
  return lease as Lease;
}

function comment(id: string, key: string) {
  const sender = { login: "octocat", id: 1, type: "User" };
  return { id, key, kind: "comment", body: "/hms why", commentId: 1, sender, askedAtMs: 1000, seenAtMs: 2000 } as const;
}
