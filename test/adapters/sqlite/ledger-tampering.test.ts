import { expect, onTestFinished, test } from "vitest";
import { openDatabase } from "../../../src/adapters/sqlite/database.ts";
import { engineOn } from "../../../src/adapters/sqlite/engine.ts";
import { systemClock } from "../../../src/ports/clock.ts";
import { temporaryPath } from "./temporary-path.ts";

const STREAM = "repository/1/2";

const edits = [
  ["data", 'UPDATE ledger SET data = \'{"outcome":"allow"}\' WHERE sequence = 3', 3],
  ["an author", "UPDATE ledger SET subject = 'pull/1/2/9' WHERE sequence = 3", 3],
  ["a time", "UPDATE ledger SET at = at + 1 WHERE sequence = 3", 3],
  ["an id", "UPDATE ledger SET id = 'other' WHERE sequence = 3", 3],
  ["a body's digest", "UPDATE ledger SET body_digest = NULL WHERE sequence = 3", 3],
  ["a body", "UPDATE ledger_bodies SET body = '{\"input\":0}' WHERE body = '{\"input\":3}'", 3],
  ["a hash", "UPDATE ledger SET hash = replace(hash, substr(hash, 1, 1), 'x') WHERE sequence = 3", 3],
  ["the last hash", "UPDATE ledger SET hash = 'x' WHERE sequence = 5", 5],
  ["an entry gone", "DELETE FROM ledger WHERE sequence = 3", 3],
  ["the first gone", "DELETE FROM ledger WHERE sequence = 1", 1],
  ["the last gone", "DELETE FROM ledger WHERE sequence = 5", 5],
  ["all gone", "DELETE FROM ledger", 1],
  ["the head gone", "DELETE FROM ledger_heads", 1],
  [
    "two swapped",
    "UPDATE ledger SET sequence = CASE sequence WHEN 2 THEN -3 ELSE -2 END WHERE sequence IN (2, 3); UPDATE ledger SET sequence = -sequence WHERE sequence < 0",
    2,
  ],
] as const;

test.each(edits)("tampering is found: %s", async (_, sql, brokenAt) => {
  const { engine, database } = await ledgerOfFive();
  expect(await engine.ledger.verify(STREAM)).toBeUndefined();
  database.exec(sql);
  expect(await engine.ledger.verify(STREAM)).toMatchObject({ brokenAt });
});

test("the chain goes on after an end that was cut off, and still says so", async () => {
  const { engine, database } = await ledgerOfFive();
  database.exec("DELETE FROM ledger WHERE sequence = 5");
  await engine.ledger.append(STREAM, [event(6)]);
  expect(await engine.ledger.verify(STREAM)).toEqual({ brokenAt: 5, why: "the entry is missing" });
});

test("an erased body does not break the chain", async () => {
  const { engine, database } = await ledgerOfFive();
  const [entry] = await engine.ledger.query({ limit: 1 });
  database.exec("DELETE FROM ledger_bodies");
  expect(await engine.ledger.verify(STREAM)).toBeUndefined();
  expect(await engine.ledger.body(String(entry?.bodyDigest))).toBeUndefined();
});

test("what is appended while the walk goes on does not disturb it", async () => {
  const { engine } = await ledgerOfFive();
  await engine.ledger.append(
    STREAM,
    Array.from({ length: 2000 }, (_, n) => event(n + 10)),
  );
  const walk = engine.ledger.verify(STREAM);
  for (let n = 0; n < 20; n++) await engine.ledger.append(STREAM, [event(n + 5000)]);
  expect(await walk).toBeUndefined();
});

async function ledgerOfFive() {
  const database = openDatabase(temporaryPath());
  const engine = engineOn(database, systemClock, Math.random);
  onTestFinished(() => engine.close());
  await engine.ledger.append(STREAM, [1, 2, 3, 4, 5].map(event));
  return { engine, database };
}

function event(n: number) {
  return {
    type: "verdict",
    subject: "pull/1/2/3",
    atMs: n,
    id: `e${n}`,
    data: { outcome: "deny", n },
    body: { input: n },
  };
}
