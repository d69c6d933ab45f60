import { expect, test } from "vitest";
import type { LedgerEntry, LedgerEvent, LedgerPlace, LedgerQuery } from "../../src/ports/ledger.ts";
import type { Bench } from "./engine-contract.ts";

const A = "repository/1/2";
const B = "repository/1/3";

/** What portal, API and what-if read with: filters, pages, streams, the live tail, and bodies that are erased. */
export function ledgerReadingContract(bench: Bench): void {
  test("query by id, subject prefix, several streams and until a time", async () => {
    const { ledger } = bench.engine;
    await ledger.append(A, [
      { ...event("1"), atMs: 100, subject: "pull/1/2/3" },
      { ...event("2"), atMs: 200, subject: "pull/1/2/31" },
      { ...event("3"), atMs: 300, subject: "commit/1/2/ab" },
    ]);
    await ledger.append(B, [{ ...event("1"), atMs: 400, subject: "pull/1/3/3" }]);
    const ids = async (query: object) =>
      (await ledger.query({ limit: 10, ...query })).map((entry) => `${entry.stream.at(-1)}:${entry.id}`);
    expect(await ids({ id: "1" })).toEqual(["3:1", "2:1"]);
    expect(await ids({ id: "1", stream: A })).toEqual(["2:1"]);
    expect(await ids({ id: "9" })).toEqual([]);
    expect(await ids({ subjectPrefix: "pull/1/2/" })).toEqual(["2:2", "2:1"]);
    expect(await ids({ subjectPrefix: "pull/1/2/3" })).toEqual(["2:2", "2:1"]);
    expect(await ids({ subjectPrefix: "pull/1/_/" })).toEqual([]);
    expect(await ids({ streams: [A, "repository/1/9"] })).toEqual(["2:3", "2:2", "2:1"]);
    expect(await ids({ streams: [] })).toEqual([]);
    expect(await ids({ untilMs: 300 })).toEqual(["2:2", "2:1"]);
    expect(await ids({ sinceMs: 200, untilMs: 400, streams: [A, B] })).toEqual(["2:3", "2:2"]);
    expect(await ids({ subject: "pull/1/2/3", id: "1", stream: A, type: "verdict" })).toEqual(["2:1"]);
  });

  test("pages neither lose nor double an entry, whatever is appended between them", async () => {
    const { ledger } = bench.engine;
    const events = Array.from({ length: 57 }, (_, i) => event(`e${i}`));
    for (const [i, one] of events.entries()) await ledger.append(i % 3 === 0 ? B : A, [one]);
    for (const filter of [{}, { type: "verdict" }, { streams: [A, B] }, { subject: "pull/1/2/3" }]) {
      const seen: string[] = [];
      let before: LedgerPlace | undefined;
      for (;;) {
        const page: LedgerEntry[] = await ledger.query({ ...filter, ...(before ? { before } : {}), limit: 10 });
        seen.push(...page.map((entry) => entry.id));
        before = page.at(-1);
        if (page.length < 10) break;
        await ledger.append(A, [event(`later-${JSON.stringify(filter)}-${seen.length}`)]);
      }
      const first = seen.filter((id) => id.startsWith("e"));
      expect(first).toEqual(events.map((one) => one.id).reverse());
      expect(new Set(seen).size).toBe(seen.length);
    }
    const own = await pages(bench, { stream: A, limit: 7 });
    expect(own.map((entry) => entry.sequence)).toEqual(own.map((_, i) => own.length - i));
  });

  test("after an entry come the later ones of all streams, oldest first; an entry that is not there has nothing around it", async () => {
    const { ledger } = bench.engine;
    for (const id of ["1", "2", "3", "4"]) await ledger.append(id === "3" ? B : A, [event(id)]);
    const ids = async (query: object) => (await ledger.query({ limit: 10, ...query })).map((entry) => entry.id);
    expect(await ids({ after: { stream: A, sequence: 1 } })).toEqual(["2", "3", "4"]);
    expect(await ids({ after: { stream: A, sequence: 1 }, limit: 2 })).toEqual(["2", "3"]);
    expect(await ids({ after: { stream: A, sequence: 1 }, stream: A })).toEqual(["2", "4"]);
    expect(await ids({ after: { stream: B, sequence: 1 }, stream: A })).toEqual(["4"]);
    expect(await ids({ after: { stream: A, sequence: 3 } })).toEqual([]);
    expect(await ids({ after: { stream: A, sequence: 9 } })).toEqual([]);
    expect(await ids({ before: { stream: "repository/9/9", sequence: 1 } })).toEqual([]);
  });

  test("every stream is named once", async () => {
    const { ledger } = bench.engine;
    expect(await ledger.streams()).toEqual([]);
    await ledger.append(B, [event("1")]);
    await ledger.append(A, [event("1"), event("2")]);
    await ledger.append("installation/1", []);
    expect(await ledger.streams()).toEqual([A, B]);
  });

  test("the tail is told of what is new, once it can be read, in order, until it is let go", async () => {
    const { ledger } = bench.engine;
    const told: LedgerEntry[] = [];
    const readable: Promise<LedgerEntry[]>[] = [];
    const stop = ledger.tail((entries) => {
      told.push(...entries);
      readable.push(ledger.query({ id: String(entries[0]?.id), limit: 1 }));
    });
    await ledger.append(A, [event("1"), event("2")]);
    await Promise.all([ledger.append(B, [event("3")]), ledger.append(A, [event("2"), event("4")])]);
    await ledger.append(A, [event("1")]);
    await expect(ledger.append(A, [{ ...event("5"), data: { ratio: Number.NaN } }])).rejects.toThrow(TypeError);
    expect(told.map((entry) => entry.id)).toEqual(["1", "2", "3", "4"]);
    expect([...told].reverse()).toEqual(await ledger.query({ limit: 10 }));
    expect((await Promise.all(readable)).every((entries) => entries.length === 1)).toBe(true);
    stop();
    await ledger.append(A, [event("6")]);
    expect(told).toHaveLength(4);
  });

  test("a listener that throws takes nothing from the others, nor from who appends", async () => {
    const { ledger } = bench.engine;
    const told: string[] = [];
    let calls = 0;
    ledger.tail(() => {
      calls++;
      throw new Error("broken");
    });
    ledger.tail((entries) => void told.push(...entries.map((entry) => entry.id)));
    await ledger.append(A, [event("1")]);
    await ledger.append(A, [event("2")]);
    expect([calls, told]).toEqual([1, ["1", "2"]]);
  });

  test("an erased body is gone, its digest stays, and the chain still holds", async () => {
    const { ledger } = bench.engine;
    await ledger.append(A, [{ ...event("1"), body: { login: "ada" } }, event("2")]);
    const [, entry] = await ledger.query({ stream: A, limit: 2 });
    const digest = String(entry?.bodyDigest);
    expect(await ledger.eraseBody(digest)).toBe(true);
    expect(await ledger.eraseBody(digest)).toBe(false);
    expect(await ledger.body(digest)).toBeUndefined();
    const again = (await bench.reopen()).ledger;
    expect(await again.body(digest)).toBeUndefined();
    expect((await again.query({ id: "1", limit: 1 }))[0]).toEqual(entry);
    expect(await again.verify(A)).toBeUndefined();
  });
}

async function pages(bench: Bench, query: LedgerQuery): Promise<LedgerEntry[]> {
  const all: LedgerEntry[] = [];
  for (;;) {
    const last = all.at(-1);
    const page = await bench.engine.ledger.query({ ...query, ...(last ? { before: last } : {}) });
    all.push(...page);
    if (page.length < query.limit) return all;
  }
}

function event(id: string): LedgerEvent {
  return { type: "verdict", subject: "pull/1/2/3", atMs: 1000, id, data: { outcome: "allow" } };
}
