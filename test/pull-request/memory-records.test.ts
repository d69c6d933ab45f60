import { expect, test } from "vitest";
import { memoryRecords } from "../../src/pull-request/memory-records.ts";

test("records of one question behave as those of a store", async () => {
  const records = memoryRecords();
  const value = { list: [1] };
  expect(await records.put("a/1", value)).toBe(1);
  value.list.push(2);
  expect(await records.get("a/1")).toEqual({ key: "a/1", value: { list: [1] }, revision: 1 });
  expect(await records.compareAndSwap("a/1", 2, 0)).toBeUndefined();
  expect(await records.compareAndSwap("a/1", 2, 1)).toBe(2);
  expect(await records.compareAndSwap("a/0", 3, 0)).toBe(1);
  await records.put("b", 4);
  expect((await records.list("a/")).map(({ key, value }) => [key, value])).toEqual([
    ["a/0", 3],
    ["a/1", 2],
  ]);
  await records.delete("a/0");
  expect(await records.get("a/0")).toBeUndefined();
});
