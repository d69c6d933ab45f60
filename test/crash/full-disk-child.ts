import { DatabaseSync } from "node:sqlite";
import { compose } from "../../src/compose.ts";
import { readSettings } from "../../src/config/settings.ts";

/**
 * `src/main.ts` whose disk is full from one SIGUSR2 to the next: SQLite's own limit of pages, which works for every user and on every system.
 * The connection is the adapter's; it is seen when it runs its first statement.
 */
let database: DatabaseSync | undefined;
const exec = DatabaseSync.prototype.exec;
DatabaseSync.prototype.exec = function remember(this: DatabaseSync, sql: string): void {
  database = this;
  exec.call(this, sql);
};

let full = false;
process.on("SIGUSR2", () => {
  if (!database) throw new Error("no database was opened");
  full = !full;
  if (full) fill(database);
  else database.exec("PRAGMA max_page_count = 1000000; DROP TABLE ballast");
});

/** No new pages, and no free ones either. */
function fill(store: DatabaseSync): void {
  store.exec("CREATE TABLE ballast (bytes BLOB)");
  const { page_count: pages } = store.prepare("PRAGMA page_count").get() as { page_count: number };
  store.exec(`PRAGMA max_page_count = ${pages}`);
  for (const bytes of [100_000, 1000, 10]) {
    const insert = store.prepare(`INSERT INTO ballast VALUES (zeroblob(${bytes}))`);
    for (let room = true; room; ) {
      try {
        insert.run();
      } catch {
        room = false;
      }
    }
  }
}

const read = readSettings(process.env);
if ("problems" in read) throw new Error(read.problems.join("\n"));
const service = await compose(read.settings);
process.once("SIGTERM", () => void service.stop().then(() => process.exit(0)));
