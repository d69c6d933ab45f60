import { describe, expect, test } from "vitest";
import type { Bench } from "./engine-contract.ts";

export function recordsContract(bench: Bench): void {
  describe("records", () => {
    test("what is put can be read, also after a restart", async () => {
      const value = { text: "ü \u{1f600} \n\"'%_", list: [1, null, { deep: true }], number: 0.1 };
      expect(await bench.engine.records.put("a/1", value)).toBe(1);
      expect(await bench.engine.records.get("a/1")).toEqual({ key: "a/1", value, revision: 1 });
      const { records } = await bench.reopen();
      expect(await records.get("a/1")).toEqual({ key: "a/1", value, revision: 1 });
    });

    test("null, false, 0 and the empty text are values; undefined is none", async () => {
      const { records } = bench.engine;
      for (const value of [null, false, 0, ""]) {
        await records.put("a", value);
        expect((await records.get("a"))?.value).toBe(value);
      }
      await expect(records.put("b", undefined)).rejects.toThrow(TypeError);
      expect(await records.get("b")).toBeUndefined();
    });

    test("the revision grows with every write of the key, and of no other", async () => {
      const { records } = bench.engine;
      await records.put("other", 0);
      expect(await records.put("a", 1)).toBe(1);
      expect(await records.put("a", 1)).toBe(2);
      expect(await records.compareAndSwap("a", 3, 2)).toBe(3);
      expect((await records.get("other"))?.revision).toBe(1);
    });

    test("compare-and-swap writes at that revision only", async () => {
      const { records } = bench.engine;
      await records.put("a", "first");
      await records.put("a", "second");
      expect(await records.compareAndSwap("a", "stale", 1)).toBeUndefined();
      expect(await records.compareAndSwap("a", "future", 3)).toBeUndefined();
      expect(await records.get("a")).toEqual({ key: "a", value: "second", revision: 2 });
      expect(await records.compareAndSwap("a", "third", 2)).toBe(3);
      expect(await records.compareAndSwap("missing", 1, 1)).toBeUndefined();
      expect(await records.get("missing")).toBeUndefined();
    });

    test("compare-and-swap at revision 0 creates, and only that", async () => {
      const { records } = bench.engine;
      expect(await records.compareAndSwap("a", 1, 0)).toBe(1);
      expect(await records.compareAndSwap("a", 2, 0)).toBeUndefined();
      expect((await records.get("a"))?.value).toBe(1);
    });

    test("of many that swap at once one wins", async () => {
      const { records } = bench.engine;
      const all = await Promise.all(Array.from({ length: 20 }, (_, i) => records.compareAndSwap("a", i, 0)));
      expect(all.filter((revision) => revision !== undefined)).toEqual([1]);
      expect((await records.get("a"))?.value).toBe(all.indexOf(1));
    });

    test("a deleted record is gone, and its revisions do not come again", async () => {
      const { records } = bench.engine;
      await records.put("a", "before");
      await records.delete("a");
      await records.delete("a");
      await records.delete("missing");
      expect(await records.get("a")).toBeUndefined();
      expect(await records.list("")).toEqual([]);
      expect(await records.compareAndSwap("a", "stale", 1)).toBeUndefined();
      expect(await records.compareAndSwap("a", "new", 0)).toBe(2);
      expect(await records.compareAndSwap("a", "stale", 1)).toBeUndefined();
      expect(await records.get("a")).toEqual({ key: "a", value: "new", revision: 2 });
      await records.delete("a");
      expect(await records.put("a", "put")).toBe(3);
    });

    test("pruned is what starts with the prefix, was not written for that long and nobody keeps", async () => {
      const { engine, clock } = bench;
      const { records } = engine;
      await Promise.all(Array.from({ length: 1_201 }, (_, i) => records.put(`a/${i}`, i)));
      await records.put("a", "not under it");
      await records.put("b/1", "another's");
      clock.advance(5_000);
      await records.put("a/2", "put again");
      expect(await records.compareAndSwap("a/3", "swapped", 1)).toBe(2);
      expect(await records.prune("a/", 5_001, () => false)).toBe(0);
      expect(await records.prune("a/", 4_999, ({ key, value }) => key === "a/4" || value === 1_200)).toBe(1_197);
      const left = (await (await bench.reopen()).records.list("")).map(({ key }) => key);
      expect(left).toEqual(["a", "a/1200", "a/2", "a/3", "a/4", "b/1"]);
    });

    test("a key that was pruned goes on counting its revisions", async () => {
      const { engine, clock } = bench;
      await engine.records.put("a/1", 1);
      clock.advance(2);
      await engine.records.prune("a/", 1, () => false);
      expect(await engine.records.compareAndSwap("a/1", "new", 0)).toBe(2);
      expect(await engine.records.prune("a/", 1, () => false)).toBe(0);
    });

    test("list gives what starts with the prefix, by key, whatever characters it has", async () => {
      const { records } = bench.engine;
      const keys = [
        "a",
        "a%",
        "a%b",
        "a/",
        "a/1",
        "a/10",
        "a/2",
        "a_",
        "a_b",
        "ab",
        "A/1",
        "b",
        "a\u{10ffff}",
        "a\u{10ffff}b",
        "é",
        "ée",
      ];
      for (const key of keys) await records.put(key, key);
      for (const prefix of ["", "a", "a%", "a_", "a/", "a/1", "z", "a\u{10ffff}", "é", "%"]) {
        const expected = keys.filter((key) => key.startsWith(prefix)).sort(byCodePoint);
        expect((await records.list(prefix)).map((entry) => entry.key)).toEqual(expected);
      }
      expect(await records.list("a/2")).toEqual([{ key: "a/2", value: "a/2", revision: 1 }]);
    });
  });
}

function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
