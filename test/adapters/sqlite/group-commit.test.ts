import { DatabaseSync } from "node:sqlite";
import { beforeEach, expect, test, vi } from "vitest";
import { GroupCommit } from "../../../src/adapters/sqlite/group-commit.ts";

const mirror = { keep: vi.fn(), undo: vi.fn() };
let database: DatabaseSync;
let commits: GroupCommit;

beforeEach(() => {
  mirror.keep.mockReset();
  mirror.undo.mockReset();
  database = new DatabaseSync(":memory:");
  // A reference that is checked at COMMIT only: the way to make a COMMIT fail.
  database.exec(`CREATE TABLE parent (n INTEGER PRIMARY KEY);
    CREATE TABLE row (n INTEGER UNIQUE, parent INTEGER REFERENCES parent (n) DEFERRABLE INITIALLY DEFERRED)`);
  commits = new GroupCommit(database, mirror);
});

test("the writes of one turn share a transaction, and resolve only after it", async () => {
  const insideOf: boolean[] = [];
  const writes = [1, 2, 3].map((n) => commits.write(() => insert(n)));
  for (const write of writes) write.then(() => insideOf.push(database.isTransaction));
  expect(rows()).toEqual([]);
  expect(await Promise.all(writes)).toEqual([1, 2, 3]);
  expect(insideOf).toEqual([false, false, false]);
  expect(mirror.keep).toHaveBeenCalledTimes(1);
  expect(rows()).toEqual([1, 2, 3]);
});

test.each([1, 2, 3, 4, 7, 16])(
  "one failing step of %d fails alone, leaves no trace and keeps the order",
  async (count) => {
    for (let bad = 0; bad < count; bad++) {
      database.exec("DELETE FROM row");
      const order: number[] = [];
      const writes = Array.from({ length: count }, (_, n) =>
        commits.write(() => {
          insert(n);
          if (n === bad) throw new Error(`step ${n}`);
          order.push(n);
          return n;
        }),
      );
      const settled = await Promise.allSettled(writes);
      expect(settled.flatMap(({ status }, n) => (status === "rejected" ? [n] : []))).toEqual([bad]);
      expect(rows()).toEqual(Array.from({ length: count }, (_, n) => n).filter((n) => n !== bad));
      expect(order.slice(1 - count).filter((n, i, all) => i > 0 && n < (all[i - 1] ?? 0) && n > bad)).toEqual([]);
    }
  },
);

test("a COMMIT that fails rejects all, undoes the mirror, and the next one works", async () => {
  const writes = [commits.write(() => insert(1)), commits.write(() => insert(2, 99)), commits.write(() => insert(3))];
  const settled = await Promise.allSettled(writes);
  expect(settled.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  expect([mirror.keep.mock.calls.length, mirror.undo.mock.calls.length]).toEqual([0, 1]);
  expect(rows()).toEqual([]);
  expect(await commits.write(() => insert(4))).toBe(4);
  expect(rows()).toEqual([4]);
});

test("closing commits what waits and refuses what comes later", async () => {
  const write = commits.write(() => insert(1));
  commits.close();
  expect(rows()).toEqual([1]);
  expect(await write).toBe(1);
  await expect(commits.write(() => insert(2))).rejects.toThrow("closed");
});

test("writes reject when the database is gone", async () => {
  database.close();
  await expect(commits.write(() => 1)).rejects.toThrow();
});

function insert(n: number, parent: number | null = null): number {
  database.prepare("INSERT INTO row VALUES (?, ?)").run(n, parent);
  return n;
}

function rows(): unknown[] {
  return database
    .prepare("SELECT n FROM row ORDER BY rowid")
    .all()
    .map(({ n }) => n);
}
