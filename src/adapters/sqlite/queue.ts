import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Intent } from "../../model/intent.ts";
import { parseKey } from "../../model/key.ts";
import type { Clock } from "../../ports/clock.ts";
import {
  type Acceptance,
  backoffMs,
  CAUSES_MAX,
  type Delivery,
  type Lease,
  type ParkedKey,
  type Queue,
  type QueueStats,
  type Settlement,
} from "../../ports/queue.ts";
import type { GroupCommit } from "./group-commit.ts";
import { type RecordTable, toJson } from "./records.ts";
import type { Retention } from "./retention.ts";
import type { Entry, Schedule } from "./schedule.ts";

export interface QueueParts {
  database: DatabaseSync;
  commits: GroupCommit;
  schedule: Schedule;
  records: RecordTable;
  retention: Retention;
  clock: Clock;
  random: () => number;
}

/**
 * Tables for what must survive, {@link Schedule} for what runs when. A key that is pending or leased has its row already, so that enqueueing it
 * again writes nothing: should the process die, the row makes it run again.
 */
export class SqliteQueue implements Queue {
  readonly #parts: QueueParts;
  readonly #insertDelivery: StatementSync;
  readonly #knownDeliveries: StatementSync;
  readonly #insertIntent: StatementSync;
  readonly #selectIntents: StatementSync;
  readonly #settleIntent: StatementSync;
  readonly #dropIntents: StatementSync;
  readonly #putKey: StatementSync;
  readonly #deleteKey: StatementSync;
  #lastRowId = 0;

  constructor(parts: QueueParts) {
    this.#parts = parts;
    const { database } = parts;
    this.#insertDelivery = database.prepare(
      "INSERT OR IGNORE INTO deliveries (id, event, action, received_at, accepted_at) VALUES (?, ?, ?, ?, ?)",
    );
    this.#knownDeliveries = database.prepare("SELECT id FROM deliveries WHERE id IN (SELECT value FROM json_each(?))");
    this.#insertIntent = database.prepare(
      "INSERT OR IGNORE INTO intents (id, key, asked_at, intent) VALUES (?, ?, ?, ?)",
    );
    this.#selectIntents = database.prepare(
      "SELECT intent FROM intents WHERE key = ? AND settled_at IS NULL ORDER BY asked_at, rowid",
    );
    this.#settleIntent = database.prepare(
      "UPDATE intents SET settled_at = ?, result = ? WHERE id = ? AND settled_at IS NULL RETURNING key",
    );
    this.#dropIntents = database.prepare(
      "UPDATE intents SET settled_at = ?, result = 'dropped' WHERE key = ? AND settled_at IS NULL",
    );
    this.#putKey = database.prepare(
      "INSERT OR REPLACE INTO keys (id, key, due_at, attempt, parked_at, parked_reason, causes) VALUES (?, ?, ?, ?, ?, ?, ?)",
    );
    this.#deleteKey = database.prepare("DELETE FROM keys WHERE id = ?");
    this.#restore(database);
  }

  async accept(acceptance: Acceptance): Promise<"accepted" | "duplicate"> {
    const { delivery, keys } = acceptance;
    for (const key of keys) parseKey(key);
    for (const { key } of acceptance.intents) parseKey(key);
    const records = acceptance.records.map(({ value, ...record }) => ({ ...record, json: toJson(value) }));
    const intents = acceptance.intents.map((intent) => ({ intent, json: JSON.stringify(intent) }));
    return this.#parts.commits.write(() => {
      const nowMs = this.#parts.clock.now();
      const { id, event, action = null, receivedAtMs } = delivery;
      if (this.#insertDelivery.run(id, event, action, receivedAtMs, nowMs).changes === 0) return "duplicate";
      for (const { intent, json } of intents) this.#addIntent(intent, json, nowMs, [delivery]);
      for (const key of keys) this.#add(key, nowMs, [delivery]);
      for (const { key, json, asOfMs } of records) this.#parts.records.putIfOther(key, json, asOfMs);
      return "accepted";
    });
  }

  async known(deliveryIds: readonly string[]): Promise<Set<string>> {
    const rows = this.#knownDeliveries.all(JSON.stringify(deliveryIds)) as { id: string }[];
    return new Set(rows.map((row) => row.id));
  }

  async enqueue(key: string, options: { notBeforeMs?: number; causes?: readonly Delivery[] } = {}): Promise<void> {
    parseKey(key);
    return this.#parts.commits.write(() => {
      const nowMs = this.#parts.clock.now();
      this.#add(key, Math.max(nowMs, options.notBeforeMs ?? nowMs), options.causes ?? []);
    });
  }

  async pause(installationId: number, untilMs: number): Promise<void> {
    this.#parts.schedule.pause(installationId, untilMs);
  }

  async paused(): Promise<{ installationId: number; untilMs: number }[]> {
    return this.#parts.schedule.paused();
  }

  async drop({ installationId, repositoryId }: { installationId: number; repositoryId?: number }): Promise<number> {
    return this.#parts.commits.write(() => {
      const nowMs = this.#parts.clock.now();
      let count = 0;
      for (const entry of [...this.#parts.schedule.entries()]) {
        const key = parseKey(entry.key);
        if (entry.lease || key.kind === "installation" || key.installationId !== installationId) continue;
        if (repositoryId !== undefined && key.repositoryId !== repositoryId) continue;
        const { changes } = this.#dropIntents.run(nowMs, entry.key);
        if (changes > 0) this.#parts.schedule.countIntents(entry.key, -Number(changes));
        this.#delete(entry);
        count++;
      }
      return count;
    });
  }

  async lease(ttlMs: number): Promise<Lease | undefined> {
    return this.#parts.schedule.lease(ttlMs);
  }

  async renew(lease: Lease, ttlMs: number): Promise<boolean> {
    return this.#parts.schedule.renew(lease, ttlMs);
  }

  async holds(lease: Lease): Promise<boolean> {
    return this.#parts.schedule.held(lease) !== undefined;
  }

  async settle(lease: Lease, outcome: Settlement): Promise<boolean> {
    return this.#parts.commits.write(() => {
      const entry = this.#parts.schedule.held(lease);
      if (!entry) return false;
      const next = this.#after(entry, entry.lease, outcome);
      if (next) this.#put(next);
      else this.#delete(entry);
      return true;
    });
  }

  async intents(key: string): Promise<Intent[]> {
    const rows = this.#selectIntents.all(key) as { intent: string }[];
    return rows.map((row) => JSON.parse(row.intent) as Intent);
  }

  async settleIntent(id: string, result: string): Promise<void> {
    return this.#parts.commits.write(() => {
      const row = this.#settleIntent.get(this.#parts.clock.now(), result, id) as { key: string } | undefined;
      if (row) this.#parts.schedule.countIntents(row.key, -1);
    });
  }

  onReady(listener: () => void): void {
    this.#parts.schedule.onReady(listener);
  }

  async stats(): Promise<QueueStats> {
    return this.#parts.schedule.stats();
  }

  async parked(): Promise<ParkedKey[]> {
    return this.#parts.schedule.parked();
  }

  async prune(olderThanMs: number): Promise<void> {
    return this.#parts.retention.prune(olderThanMs);
  }

  /** A key that is asked for, by a person, an event or a sweep. */
  #add(key: string, dueMs: number, more: readonly Delivery[]): void {
    const { schedule } = this.#parts;
    const entry = schedule.get(key);
    if (!entry) {
      this.#put({ key, rowId: ++this.#lastRowId, dueMs, attempt: 0, causes: more });
      return;
    }
    const { rowId, lease } = entry;
    if (lease) {
      const againMs = Math.min(dueMs, lease.againMs ?? dueMs);
      schedule.set({ ...entry, lease: { ...lease, againMs, againCauses: joined(lease.againCauses ?? [], more) } });
      return;
    }
    const causes = joined(entry.causes, more);
    if (entry.parked) this.#put({ key, rowId, dueMs, attempt: 0, causes });
    else if (dueMs < entry.dueMs) this.#put({ ...entry, dueMs, causes });
    else if (more.length > 0) schedule.set({ ...entry, causes });
  }

  /** Also enqueues its key, should the acceptance not name it: an intent that nobody looks at would be a request lost. */
  #addIntent(intent: Intent, json: string, nowMs: number, causes: readonly Delivery[]): void {
    if (this.#insertIntent.run(intent.id, intent.key, intent.askedAtMs, json).changes === 0) return;
    this.#parts.schedule.countIntents(intent.key, 1);
    this.#add(intent.key, nowMs, causes);
  }

  /** What becomes of a key after a run; undefined when it is idle. A run that was asked for during this one comes first of all. */
  #after(
    entry: Entry,
    { againMs, againCauses = [] }: NonNullable<Entry["lease"]>,
    outcome: Settlement,
  ): Entry | undefined {
    const { key, rowId } = entry;
    const nowMs = this.#parts.clock.now();
    const dueAfter = (ms: number) => Math.min(nowMs + ms, againMs ?? Number.POSITIVE_INFINITY);
    switch (outcome.kind) {
      case "requeue":
        return { key, rowId, dueMs: dueAfter(outcome.afterMs), attempt: 0, causes: againCauses };
      case "postponed": {
        const causes = joined(entry.causes, againCauses);
        return { key, rowId, dueMs: nowMs + outcome.afterMs, attempt: entry.attempt, causes };
      }
      case "failed": {
        const attempt = entry.attempt + 1;
        const dueMs = dueAfter(backoffMs(attempt, this.#parts.random()));
        return { key, rowId, dueMs, attempt, causes: joined(entry.causes, againCauses) };
      }
      case "done":
        return againMs === undefined ? undefined : { key, rowId, dueMs: againMs, attempt: 0, causes: againCauses };
      case "terminal": {
        if (againMs !== undefined) return { key, rowId, dueMs: againMs, attempt: 0, causes: againCauses };
        const parked = { reason: outcome.reason, atMs: nowMs };
        return { key, rowId, dueMs: nowMs, attempt: 0, causes: entry.causes, parked };
      }
    }
  }

  #put(entry: Entry): void {
    const { key, rowId, dueMs, attempt, parked, causes } = entry;
    this.#parts.schedule.set(entry);
    const told = causes.length > 0 ? JSON.stringify(causes) : null;
    this.#putKey.run(rowId, key, dueMs, attempt, parked?.atMs ?? null, parked?.reason ?? null, told);
  }

  #delete({ key, rowId }: Entry): void {
    this.#parts.schedule.delete(key);
    this.#deleteKey.run(rowId);
  }

  #restore(database: DatabaseSync): void {
    const { schedule } = this.#parts;
    const intents = database.prepare(
      "SELECT key, COUNT(*) AS count FROM intents WHERE settled_at IS NULL GROUP BY key",
    );
    for (const row of intents.iterate()) schedule.countIntents(String(row.key), Number(row.count));
    for (const row of database.prepare("SELECT * FROM keys ORDER BY due_at, id").iterate()) {
      const { key, id, due_at, attempt, parked_at, parked_reason, causes: told } = row;
      const causes = told === null ? [] : (JSON.parse(String(told)) as Delivery[]);
      const parked = parked_at === null ? undefined : { reason: String(parked_reason), atMs: Number(parked_at) };
      const dueMs = Number(due_at);
      schedule.set({ key: String(key), rowId: Number(id), dueMs, attempt: Number(attempt), causes, parked });
      this.#lastRowId = Math.max(this.#lastRowId, Number(id));
    }
    schedule.keep();
  }
}

/** The first half and the last half where there are too many. */
function joined(known: readonly Delivery[], more: readonly Delivery[]): readonly Delivery[] {
  if (more.length === 0) return known;
  const all = [...known, ...more.filter((one) => !known.some((other) => other.id === one.id))];
  const half = CAUSES_MAX / 2;
  return all.length <= CAUSES_MAX ? all : [...all.slice(0, half), ...all.slice(-half)];
}
