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

let ballast: NodeJS.Timeout | undefined;
process.on("SIGUSR2", () => {
  const store = database;
  if (!store) throw new Error("no database was opened");
  if (ballast) {
    clearInterval(ballast);
    ballast = undefined;
    store.exec("PRAGMA max_page_count = 1000000; DROP TABLE ballast");
    return;
  }
  store.exec("CREATE TABLE ballast (bytes BLOB)");
  const { page_count: pages } = store.prepare("PRAGMA page_count").get() as { page_count: number };
  store.exec(`PRAGMA max_page_count = ${pages}`);
  fill(store);
  // What the process deletes meanwhile frees pages again.
  ballast = setInterval(() => fill(store), 20);
});

/** Takes the free pages, so that only new ones are left, of which there are none. */
function fill(store: DatabaseSync): void {
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
if (!("settings" in read)) throw new Error("problems" in read ? read.problems.join("\n") : "no credentials");
const service = await compose(read.settings);
process.once("SIGTERM", () => void service.stop().then(() => process.exit(0)));
