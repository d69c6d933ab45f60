import { readdirSync, statSync, writeFileSync } from "node:fs";
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
  setVersion(path, 999);
  const opening = openSqlite({ path, clock: systemClock });
  await expect(opening).rejects.toThrow(StoreTooNewError);
  await expect(opening).rejects.toThrow("999");
  setVersion(path, 1);
  await (await openSqlite({ path, clock: systemClock })).close();
});

test("what is no database is refused as what it is, not as one in use", async () => {
  const path = temporaryPath();
  await (await openSqlite({ path, clock: systemClock })).close();
  writeFileSync(path, "no database ".repeat(1000));
  await expect(openSqlite({ path, clock: systemClock })).rejects.toThrow("not a database");
});

function setVersion(path: string, version: number): void {
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA user_version = ${version}`);
  database.close();
}
