import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "../../src/model/canonical-json.ts";
import type { LedgerEvent } from "../../src/ports/ledger.ts";
import type { Bench } from "./engine-contract.ts";
import { ledgerReadingContract } from "./ledger-reading-contract.ts";

const STREAM = "repository/1/2";

export function ledgerContract(bench: Bench): void {
  describe("ledger", () => {
    test("entries are numbered and chained per stream", async () => {
      const { ledger } = bench.engine;
      await ledger.append(STREAM, [event("a"), event("b")]);
      await ledger.append("installation/1", [event("a")]);
      await ledger.append(STREAM, [event("c")]);
      const [c, b, a] = await ledger.query({ stream: STREAM, limit: 10 });
      expect([a?.sequence, b?.sequence, c?.sequence]).toEqual([1, 2, 3]);
      expect(a?.previousHash).toBe("0".repeat(64));
      expect(b?.previousHash).toBe(a?.hash);
      expect(c?.previousHash).toBe(b?.hash);
      const [other] = await ledger.query({ stream: "installation/1", limit: 10 });
      expect(other).toMatchObject({ sequence: 1, previousHash: "0".repeat(64) });
    });

    test("the hash is SHA-256 over the canonical JSON of everything else", async () => {
      const { ledger } = bench.engine;
      await ledger.append(STREAM, [{ ...event("a"), data: { z: 1, a: [{ y: 1.5, b: "ü" }], gone: undefined } }]);
      const [entry] = await ledger.query({ limit: 1 });
      const { hash, ...rest } = entry ?? { hash: "" };
      expect(hash).toBe(createHash("sha256").update(canonicalJson(rest)).digest("hex"));
      expect(rest).toEqual({
        ...event("a"),
        data: { z: 1, a: [{ y: 1.5, b: "ü" }] },
        stream: STREAM,
        sequence: 1,
        bodyDigest: null,
        previousHash: "0".repeat(64),
      });
      expect(await ledger.verify(STREAM)).toBeUndefined();
    });

    test("a second event with an id is dropped: in the same call, the same turn, later, after a restart; but not in another stream", async () => {
      const { ledger } = bench.engine;
      await ledger.append(STREAM, [event("a"), { ...event("a"), type: "second" }, event("b")]);
      await Promise.all([ledger.append(STREAM, [event("b"), event("c")]), ledger.append(STREAM, [event("c")])]);
      const again = (await bench.reopen()).ledger;
      await again.append(STREAM, [event("c"), event("d")]);
      await again.append("installation/1", [event("a")]);
      const entries = await again.query({ stream: STREAM, limit: 10 });
      expect(entries.map((entry) => [entry.sequence, entry.id, entry.type])).toEqual([
        [4, "d", "verdict"],
        [3, "c", "verdict"],
        [2, "b", "verdict"],
        [1, "a", "verdict"],
      ]);
      expect(await again.query({ stream: "installation/1", limit: 10 })).toHaveLength(1);
      expect(await again.verify(STREAM)).toBeUndefined();
    });

    test("many appends at once make one chain that holds", async () => {
      const { ledger } = bench.engine;
      await Promise.all(
        Array.from({ length: 100 }, (_, i) => ledger.append(STREAM, [event(`e${i % 60}`), event(`f${i}`)])),
      );
      const entries = await ledger.query({ stream: STREAM, limit: 1000 });
      expect(entries.map((entry) => entry.sequence)).toEqual(Array.from({ length: 160 }, (_, i) => 160 - i));
      expect(await ledger.verify(STREAM)).toBeUndefined();
    });

    test("a body lies beside by the digest of its canonical JSON", async () => {
      const { ledger } = bench.engine;
      await ledger.append(STREAM, [
        { ...event("a"), body: { b: [1, 2], a: null } },
        { ...event("b"), body: { a: null, b: [1, 2] } },
        { ...event("c"), body: null },
        event("d"),
      ]);
      const [d, c, b, a] = await ledger.query({ limit: 10 });
      const digest = `sha256:${createHash("sha256").update('{"a":null,"b":[1,2]}').digest("hex")}`;
      expect([a?.bodyDigest, b?.bodyDigest, d?.bodyDigest]).toEqual([digest, digest, null]);
      expect(await ledger.body(digest)).toEqual({ a: null, b: [1, 2] });
      expect(await ledger.body(String(c?.bodyDigest))).toBeNull();
      expect(await ledger.body(`sha256:${"0".repeat(64)}`)).toBeUndefined();
      expect(a).not.toHaveProperty("body");
    });

    test("what JSON cannot say is rejected, and nothing of that call is kept", async () => {
      const { ledger } = bench.engine;
      const unsayable = { ...event("b"), data: { ratio: Number.NaN } };
      await expect(ledger.append(STREAM, [event("a"), unsayable])).rejects.toThrow(TypeError);
      await expect(ledger.append(STREAM, [{ ...event("c"), body: 1n }])).rejects.toThrow(TypeError);
      expect(await ledger.query({ limit: 10 })).toEqual([]);
      await ledger.append(STREAM, []);
      expect(await ledger.verify(STREAM)).toBeUndefined();
    });

    test("query filters by stream, subject, type and time, newest first, at most so many", async () => {
      const { ledger } = bench.engine;
      await ledger.append(STREAM, [
        { ...event("1"), atMs: 100 },
        { ...event("2"), atMs: 200, type: "override" },
      ]);
      await ledger.append("repository/1/3", [{ ...event("3"), atMs: 300, subject: "pull/1/3/9" }]);
      await ledger.append(STREAM, [{ ...event("4"), atMs: 400, subject: "repository/1/2" }]);
      const ids = async (query: object) => (await ledger.query({ limit: 10, ...query })).map((entry) => entry.id);
      expect(await ids({})).toEqual(["4", "3", "2", "1"]);
      expect(await ids({ limit: 2 })).toEqual(["4", "3"]);
      expect(await ids({ limit: 0 })).toEqual([]);
      expect(await ids({ stream: STREAM })).toEqual(["4", "2", "1"]);
      expect(await ids({ subject: "pull/1/2/3" })).toEqual(["2", "1"]);
      expect(await ids({ type: "override" })).toEqual(["2"]);
      expect(await ids({ sinceMs: 200 })).toEqual(["4", "3", "2"]);
      expect(await ids({ stream: STREAM, type: "verdict", sinceMs: 101 })).toEqual(["4"]);
      expect(await ids({ stream: "repository/1" })).toEqual([]);
    });

    test("a chain longer than one step of the walk holds, and an unknown stream does", async () => {
      const { ledger } = bench.engine;
      await ledger.append(
        STREAM,
        Array.from({ length: 1201 }, (_, i) => event(`e${i}`)),
      );
      expect(await ledger.verify(STREAM)).toBeUndefined();
      expect(await ledger.verify("installation/9")).toBeUndefined();
    });

    ledgerReadingContract(bench);
  });
}

function event(id: string): LedgerEvent {
  return { type: "verdict", subject: "pull/1/2/3", atMs: 1000, id, data: { outcome: "allow" } };
}
