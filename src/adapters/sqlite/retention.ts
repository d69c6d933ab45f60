import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Clock } from "../../ports/clock.ts";
import type { GroupCommit } from "./group-commit.ts";
import type { RecordTable } from "./records.ts";

/** GitHub redelivers for three days; a week and a day is what the queue's contract promises. */
const SHORTEST_MS = 8 * 24 * 3600_000;
const ROWS_PER_STEP = 2000;

/** Deletes what is only remembered to recognise doubles, in steps small enough to be no pause for anybody. */
export class Retention {
  readonly #commits: GroupCommit;
  readonly #records: RecordTable;
  readonly #clock: Clock;
  readonly #tables: { last: StatementSync; deleteUpTo: StatementSync }[];

  constructor(database: DatabaseSync, commits: GroupCommit, records: RecordTable, clock: Clock) {
    this.#commits = commits;
    this.#records = records;
    this.#clock = clock;
    this.#tables = [
      { table: "deliveries", since: "accepted_at" },
      { table: "intents", since: "settled_at" },
    ].map(({ table, since }) => ({
      last: database.prepare(`SELECT id FROM ${table} WHERE id > ? ORDER BY id LIMIT 1 OFFSET ${ROWS_PER_STEP - 1}`),
      deleteUpTo: database.prepare(`DELETE FROM ${table} WHERE id > ? AND id <= ? AND ${since} < ?`),
    }));
  }

  async prune(olderThanMs: number): Promise<void> {
    const beforeMs = this.#clock.now() - Math.max(olderThanMs, SHORTEST_MS);
    await this.#commits.write(() => this.#records.forget(beforeMs));
    for (const { last, deleteUpTo } of this.#tables) {
      // By id and not by time, which would need an index that every acceptance pays for.
      let after: string | undefined = "";
      while (after !== undefined) {
        const from: string = after;
        after = await this.#commits.write(() => {
          const row = last.get(from) as { id: string } | undefined;
          deleteUpTo.run(from, row?.id ?? "\u{10ffff}", beforeMs);
          return row?.id;
        });
      }
    }
  }
}
