import type { DatabaseSync, StatementSync } from "node:sqlite";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../../ports/clock.ts";
import type { RecordEntry, Records } from "../../ports/records.ts";
import type { GroupCommit } from "./group-commit.ts";
import { prefixEnd } from "./prefix-end.ts";

interface Row {
  key: string;
  value: string;
  revision: number;
}

const DAY_MS = 24 * 3_600_000;
/** Deliveries come out of order by seconds as a rule, and clocks differ. */
const LATE_MS = 5 * 60_000;
const ROWS_PER_STEP = 500;

/**
 * The table under the records, for use inside a transaction. A deleted record leaves its revision behind until {@link RecordTable.forget}: a key
 * that is written again goes on counting, so that no compare-and-swap can take it for the one before.
 */
export class RecordTable {
  readonly #clock: Clock;
  readonly #get: StatementSync;
  readonly #listFrom: StatementSync;
  readonly #listBetween: StatementSync;
  readonly #put: StatementSync;
  readonly #putIfOther: StatementSync;
  readonly #create: StatementSync;
  readonly #swap: StatementSync;
  readonly #delete: StatementSync;
  readonly #olderBetween: StatementSync;
  readonly #deleteOlder: StatementSync;
  readonly #forget: StatementSync;

  constructor(database: DatabaseSync, clock: Clock) {
    this.#clock = clock;
    const select = "SELECT key, value, revision FROM records WHERE value IS NOT NULL";
    const upsert = `INSERT INTO records (key, value, revision, updated_at) VALUES (?, ?, 1, ?)
      ON CONFLICT (key) DO UPDATE
      SET value = excluded.value, revision = revision + 1, updated_at = excluded.updated_at, deleted_at = NULL`;
    this.#get = database.prepare(`${select} AND key = ?`);
    this.#listFrom = database.prepare(`${select} AND key >= ? ORDER BY key`);
    this.#listBetween = database.prepare(`${select} AND key >= ? AND key < ? ORDER BY key`);
    this.#put = database.prepare(`${upsert} RETURNING revision`);
    this.#putIfOther = database.prepare(
      // Written again after a day all the same, so that what is still said does not count as old.
      `${upsert} WHERE value IS NULL
        OR (updated_at <= ? AND (value IS NOT excluded.value OR updated_at < excluded.updated_at - ${DAY_MS}))`,
    );
    this.#create = database.prepare(`${upsert} WHERE value IS NULL RETURNING revision`);
    this.#swap = database.prepare(
      "UPDATE records SET value = ?, revision = revision + 1, updated_at = ? WHERE key = ? AND revision = ? AND value IS NOT NULL RETURNING revision",
    );
    this.#delete = database.prepare(
      "UPDATE records SET value = NULL, deleted_at = ? WHERE key = ? AND value IS NOT NULL",
    );
    this.#olderBetween = database.prepare(
      `${select} AND key > ? AND key < ? AND updated_at < ? ORDER BY key LIMIT ${ROWS_PER_STEP}`,
    );
    this.#deleteOlder = database.prepare(
      "UPDATE records SET value = NULL, deleted_at = ? WHERE key = ? AND value IS NOT NULL AND updated_at < ?",
    );
    this.#forget = database.prepare("DELETE FROM records WHERE deleted_at < ?");
  }

  get(key: string): Row | undefined {
    return this.#get.get(key) as Row | undefined;
  }

  list(prefix: string): Row[] {
    const end = prefixEnd(prefix);
    const rows = end === undefined ? this.#listFrom.all(prefix) : this.#listBetween.all(prefix, end);
    return rows as unknown as Row[];
  }

  put(key: string, json: string): number {
    return Number(this.#put.get(key, json, this.#clock.now())?.revision);
  }

  /**
   * Leaves a record alone that says the same already: deliveries repeat themselves, and what is not written needs no fsync. Also one that was
   * written well after `asOfMs`: deliveries come late, and again after days.
   */
  putIfOther(key: string, json: string, asOfMs = Number.MAX_SAFE_INTEGER): void {
    this.#putIfOther.run(key, json, this.#clock.now(), asOfMs + LATE_MS);
  }

  swap(key: string, json: string, revision: number): number | undefined {
    const nowMs = this.#clock.now();
    const row = revision === 0 ? this.#create.get(key, json, nowMs) : this.#swap.get(json, nowMs, key, revision);
    return row ? Number(row.revision) : undefined;
  }

  delete(key: string): void {
    this.#delete.run(this.#clock.now(), key);
  }

  /** Those between the prefix, or the key that the last step ended with, and the prefix's end. */
  older(prefix: string, after: string, beforeMs: number): Row[] {
    return this.#olderBetween.all(after, prefixEnd(prefix) ?? "\u{10ffff}", beforeMs) as unknown as Row[];
  }

  /** Not those that were written meanwhile. How many. */
  deleteOlder(keys: string[], beforeMs: number): number {
    let deleted = 0;
    for (const key of keys) deleted += Number(this.#deleteOlder.run(this.#clock.now(), key, beforeMs).changes);
    return deleted;
  }

  /** Lets go of the revisions of records that were deleted before that. */
  forget(deletedBeforeMs: number): void {
    this.#forget.run(deletedBeforeMs);
  }
}

export class SqliteRecords implements Records {
  readonly #commits: GroupCommit;
  readonly #table: RecordTable;
  readonly #clock: Clock;

  constructor(commits: GroupCommit, table: RecordTable, clock: Clock) {
    this.#commits = commits;
    this.#table = table;
    this.#clock = clock;
  }

  async get<T>(key: string): Promise<RecordEntry<T> | undefined> {
    const row = this.#table.get(key);
    return row && parse<T>(row);
  }

  async list<T>(prefix: string): Promise<RecordEntry<T>[]> {
    return this.#table.list(prefix).map((row) => parse<T>(row));
  }

  async put(key: string, value: unknown): Promise<number> {
    const json = toJson(value);
    return this.#commits.write(() => this.#table.put(key, json));
  }

  async compareAndSwap(key: string, value: unknown, revision: number): Promise<number | undefined> {
    const json = toJson(value);
    return this.#commits.write(() => this.#table.swap(key, json, revision));
  }

  async delete(key: string): Promise<void> {
    return this.#commits.write(() => this.#table.delete(key));
  }

  async prune(prefix: string, olderThanMs: number, keep: (entry: RecordEntry) => boolean): Promise<number> {
    const beforeMs = this.#clock.now() - olderThanMs;
    let pruned = 0;
    for (let after = prefix, more = true; more; ) {
      const rows = this.#table.older(prefix, after, beforeMs);
      const keys = rows.filter((row) => !keep(parse(row))).map(({ key }) => key);
      if (keys.length > 0) pruned += await this.#commits.write(() => this.#table.deleteOlder(keys, beforeMs));
      else await nextTurn();
      after = rows.at(-1)?.key ?? after;
      more = rows.length === ROWS_PER_STEP;
    }
    return pruned;
  }
}

/** @throws {TypeError} when JSON has no word for the value, as for `undefined` */
export function toJson(value: unknown): string {
  const json: string | undefined = JSON.stringify(value);
  if (json === undefined) throw new TypeError(`a record cannot hold ${typeof value}`);
  return json;
}

function parse<T>(row: Row): RecordEntry<T> {
  return { key: row.key, value: JSON.parse(row.value) as T, revision: row.revision };
}
