import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../ports/clock.ts";
import type { Engine } from "../../ports/engine.ts";
import { openDatabase } from "./database.ts";
import { GroupCommit } from "./group-commit.ts";
import { SqliteLedger } from "./ledger.ts";
import { SqliteQueue } from "./queue.ts";
import { RecordTable, SqliteRecords } from "./records.ts";
import { Retention } from "./retention.ts";
import { Schedule } from "./schedule.ts";

export { StoreInUseError } from "./database.ts";
export { StoreTooNewError } from "./schema.ts";

/** Lease tokens of one process; the generation is above them, so that no token is ever given out twice. */
const TOKENS_PER_GENERATION = 2 ** 32;
const PROBE_BYTES = 16 * 1024;

export interface SqliteOptions {
  path: string;
  clock: Clock;
  /** In [0, 1): the jitter of the backoff. */
  random?: () => number;
}

/**
 * The embedded store: one file, one process.
 * @throws {StoreInUseError} when another process has the file
 * @throws {StoreTooNewError} when a newer release wrote it
 */
export async function openSqlite({ path, clock, random = Math.random }: SqliteOptions): Promise<Engine> {
  return engineOn(openDatabase(path), clock, random);
}

/** @param database as {@link openDatabase} opens it; closed with the engine */
export function engineOn(database: DatabaseSync, clock: Clock, random: () => number): Engine {
  const schedule = new Schedule(clock, nextGeneration(database) * TOKENS_PER_GENERATION);
  const commits = new GroupCommit(database, schedule);
  const records = new RecordTable(database, clock);
  const retention = new Retention(database, commits, records, clock);
  return {
    queue: new SqliteQueue({ database, commits, schedule, records, retention, clock, random }),
    records: new SqliteRecords(commits, records, clock),
    ledger: new SqliteLedger(database, commits),
    probe: () => probe(database, commits),
    close: async () => {
      commits.close();
      schedule.stop();
      if (database.isOpen) database.close();
    },
  };
}

function nextGeneration(database: DatabaseSync): number {
  const row = database.prepare("UPDATE process SET generation = generation + 1 RETURNING generation").get();
  database.exec("DELETE FROM probes");
  return Number(row?.generation);
}

/** Inserts before it deletes, so that it needs new pages and notices a store that is full. */
async function probe(database: DatabaseSync, commits: GroupCommit): Promise<void> {
  const id = await commits.write(
    () => database.prepare("INSERT INTO probes (filler) VALUES (zeroblob(?))").run(PROBE_BYTES).lastInsertRowid,
  );
  const row = database.prepare("SELECT length(filler) AS bytes FROM probes WHERE id = ?").get(id);
  await commits.write(() => database.prepare("DELETE FROM probes WHERE id = ?").run(id));
  if (row?.bytes !== PROBE_BYTES) throw new Error("the store does not give back what was written to it");
}
