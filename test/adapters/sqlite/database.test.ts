import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { openDatabase } from "../../../src/adapters/sqlite/database.ts";
import { openSqlite, StoreInUseError, StoreTooNewError } from "../../../src/adapters/sqlite/engine.ts";
import { systemClock } from "../../../src/ports/clock.ts";
import { temporaryPath } from "./temporary-path.ts";

test("commits go to the disk before they count: write-ahead log, full synchronisation, one process", () => {
  const database = openDatabase(temporaryPath());
  onTestFinished(() => database.close());
  const pragma = (name: string) => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
  expect([pragma("journal_mode"), pragma("synchronous"), pragma("locking_mode")]).toEqual(["wal", 2, "exclusive"]);
});

test("nobody else can read the files", async () => {
  const path = temporaryPath();
  const engine = await openSqlite({ path, clock: systemClock });
  onTestFinished(() => engine.close());
  await engine.records.put("a", 1);
  const files = readdirSync(dirname(path));
  expect(files.sort()).toEqual(["hms.db", "hms.db-wal"]);
  for (const file of files) expect(statSync(join(dirname(path), file)).mode & 0o777).toBe(0o600);
  expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
});

test("a second engine on the file is refused in plain words, and the first goes on", async () => {
  const path = temporaryPath();
  const engine = await openSqlite({ path, clock: systemClock });
  const second = openSqlite({ path, clock: systemClock });
  await expect(second).rejects.toThrow(StoreInUseError);
  await expect(second).rejects.toThrow("another process uses this database");
  await engine.records.put("a", 1);
  await expect(openSqlite({ path, clock: systemClock })).rejects.toThrow(StoreInUseError);
  await engine.close();
  const next = await openSqlite({ path, clock: systemClock });
  onTestFinished(() => next.close());
  expect(await next.records.get("a")).toMatchObject({ value: 1 });
});

test("a file of a newer release is refused and left as it is", async () => {
  const path = temporaryPath();
  await (await openSqlite({ path, clock: systemClock })).close();
  const version = versionOf(path);
  setVersion(path, 999);
  const opening = openSqlite({ path, clock: systemClock });
  await expect(opening).rejects.toThrow(StoreTooNewError);
  await expect(opening).rejects.toThrow("999");
  setVersion(path, version);
  await (await openSqlite({ path, clock: systemClock })).close();
});

test("a file of the first release is brought up to date, and what it holds is kept", async () => {
  const path = temporaryPath();
  mkdirSync(dirname(path), { recursive: true });
  const database = new DatabaseSync(path);
  database.exec(FIRST_RELEASE);
  database.close();
  const engine = await openSqlite({ path, clock: systemClock });
  onTestFinished(() => engine.close());
  expect(await engine.ledger.query({ id: "e1", type: "verdict", limit: 2 })).toMatchObject([{ subject: "pull/1/2/3" }]);
  expect(await engine.records.get("a")).toMatchObject({ value: 1, revision: 3 });
});

test("what is no database is refused as what it is, not as one in use", async () => {
  const path = temporaryPath();
  await (await openSqlite({ path, clock: systemClock })).close();
  writeFileSync(path, "no database ".repeat(1000));
  await expect(openSqlite({ path, clock: systemClock })).rejects.toThrow("not a database");
});

function versionOf(path: string): number {
  const database = new DatabaseSync(path);
  const row = database.prepare("PRAGMA user_version").get();
  database.close();
  return Number(row?.user_version);
}

function setVersion(path: string, version: number): void {
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA user_version = ${version}`);
  database.close();
}

/** The tables of schema version 1 as that release made them, with a row in two of them. */
const FIRST_RELEASE = `
  CREATE TABLE process (only INTEGER PRIMARY KEY CHECK (only = 1), generation INTEGER NOT NULL) STRICT;
  INSERT INTO process VALUES (1, 0);
  CREATE TABLE probes (id INTEGER PRIMARY KEY, filler BLOB NOT NULL) STRICT;

  CREATE TABLE deliveries (
    id TEXT PRIMARY KEY, event TEXT NOT NULL, action TEXT, received_at REAL NOT NULL, accepted_at REAL NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE keys (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, due_at REAL NOT NULL, attempt INTEGER NOT NULL, parked_at REAL, parked_reason TEXT
  ) STRICT;
  CREATE TABLE intents (
    id TEXT PRIMARY KEY, key TEXT NOT NULL, asked_at REAL NOT NULL, intent TEXT NOT NULL, settled_at REAL, result TEXT
  ) STRICT;
  CREATE INDEX intents_unsettled ON intents (key) WHERE settled_at IS NULL;

  CREATE TABLE records (key TEXT PRIMARY KEY, value TEXT, revision INTEGER NOT NULL, deleted_at REAL) STRICT;
  CREATE INDEX records_deleted ON records (deleted_at) WHERE deleted_at IS NOT NULL;

  CREATE TABLE ledger (
    position INTEGER PRIMARY KEY, stream TEXT NOT NULL, sequence INTEGER NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, subject TEXT NOT NULL,
    at REAL NOT NULL, data TEXT NOT NULL, body_digest TEXT, previous_hash TEXT NOT NULL, hash TEXT NOT NULL,
    UNIQUE (stream, sequence), UNIQUE (stream, id)
  ) STRICT;
  CREATE INDEX ledger_subject ON ledger (subject);
  CREATE INDEX ledger_at ON ledger (at);
  CREATE TABLE ledger_heads (stream TEXT PRIMARY KEY, sequence INTEGER NOT NULL, hash TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE ledger_bodies (digest TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
  INSERT INTO ledger VALUES (1, 'repository/1/2', 1, 'e1', 'verdict', 'pull/1/2/3', 1, '{}', NULL, '${"0".repeat(64)}', '${"0".repeat(64)}');
  INSERT INTO records VALUES ('a', '1', 3, NULL);
  PRAGMA user_version = 1;
`;
