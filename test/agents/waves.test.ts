import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cyclicComponents, shortestCycle } from "../../src/agents/lint/components.ts";
import { type WaveItem, wavesOf } from "../../src/agents/lint/waves.ts";

const item = (id: string, after: string[] = [], score = 1, changes = id): WaveItem => ({ id, after, score, changes });

const graphs = fc.integer({ min: 1, max: 25 }).chain((size) =>
  fc.array(
    fc.record({
      after: fc.array(fc.integer({ min: 0, max: size }), { maxLength: 5 }),
      score: fc.integer({ min: 1, max: 4 }),
      changes: fc.integer({ min: 0, max: size }),
    }),
    { minLength: size, maxLength: size },
  ),
);
const itemsOf = (graph: { after: number[]; score: number; changes: number }[]) =>
  graph.map(({ after, score, changes }, number) =>
    item(
      `n${number}`,
      after.map((other) => `n${other}`),
      score,
      `f${changes}`,
    ),
  );

/** Whether every node can be taken in an order, by taking away what waits for nothing. */
function hasCycle(items: readonly WaveItem[]): boolean {
  let left = new Map(items.map(({ id, after }) => [id, after]));
  for (;;) {
    const next = new Map([...left].filter(([, after]) => after.some((other) => left.has(other))));
    if (next.size === left.size) return left.size > 0;
    left = next;
  }
}

describe("waves", () => {
  test("what waits for nothing goes together, the most urgent first; the rest follows what it waits for", () => {
    expect(wavesOf([item("a"), item("b", ["a"]), item("c", ["a", "b"]), item("d", [], 5)])).toEqual({
      waves: [["d", "a"], ["b"], ["c"]],
      broken: [],
    });
  });

  test("two that change the same are never in one wave, the more urgent one goes first", () => {
    expect(wavesOf([item("a", [], 1, "f"), item("b", [], 2, "f")]).waves).toEqual([["b"], ["a"]]);
  });

  test("a cycle is broken where the least urgent one would go first, and told", () => {
    expect(wavesOf([item("a", ["b"], 9), item("b", ["a"], 1)])).toEqual({
      waves: [["a"], ["b"]],
      broken: [{ item: "a", after: "b", cycle: ["b", "a"] }],
    });
  });

  test("any graph: each item once, after all that it waits for but what is told as broken; broken only where there is a cycle", () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const items = itemsOf(graph);
        const { waves, broken } = wavesOf(items);
        expect(waves.flat().sort()).toEqual(items.map(({ id }) => id).sort());
        const waveOf = new Map(waves.flatMap((wave, at) => wave.map((id) => [id, at] as const)));
        const dropped = new Set(broken.map((each) => `${each.item} ${each.after}`));
        for (const { id, after } of items) {
          for (const other of after) {
            if (dropped.has(`${id} ${other}`) || !waveOf.has(other)) continue;
            expect(waveOf.get(other)).toBeLessThan(waveOf.get(id) ?? -1);
          }
        }
        expect(broken.length > 0).toBe(hasCycle(items));
        const byId = new Map(items.map((each) => [each.id, each]));
        for (const { item: from, after, cycle } of broken) {
          expect([cycle[0], cycle.at(-1)]).toEqual([after, from]);
          for (const [at, id] of cycle.entries()) expect(byId.get(id)?.after).toContain(cycle[(at + 1) % cycle.length]);
        }
        for (const wave of waves) expect(new Set(wave.map((id) => byId.get(id)?.changes)).size).toBe(wave.length);
        expect(wavesOf([...items].reverse())).toEqual({ waves, broken: expect.any(Array) });
      }),
      { numRuns: 500 },
    );
  });

  test("a chain and a ring of 20,000 do not exhaust the stack", () => {
    const chain = Array.from({ length: 20_000 }, (_, at) => item(`n${at}`, [`n${at + 1}`]));
    expect(wavesOf(chain).waves).toHaveLength(20_000);
    const ring = [...chain.slice(0, -1), item("n19999", ["n0"])];
    expect(wavesOf(ring).broken).toHaveLength(1);
    expect(cyclicComponents(new Map(ring.map(({ id, after }) => [id, after])))).toHaveLength(1);
  });
});

describe("cycles", () => {
  test("any graph: two nodes share a component exactly when each reaches the other, and the shown cycle is one", () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const items = itemsOf(graph);
        const next = new Map(items.map(({ id, after }) => [id, after.filter((other) => other !== `n${items.length}`)]));
        const reach = (from: string) => {
          const seen = new Set(next.get(from));
          for (const node of seen) for (const other of next.get(node) ?? []) seen.add(other);
          return seen;
        };
        const reached = new Map([...next.keys()].map((node) => [node, reach(node)]));
        const components = cyclicComponents(next);
        const inCycle = [...next.keys()].filter((node) => reached.get(node)?.has(node));
        expect(components.flat().sort()).toEqual(inCycle.sort());
        for (const members of components) {
          for (const node of members) {
            const mutual = inCycle.filter((other) => reached.get(node)?.has(other) && reached.get(other)?.has(node));
            expect([...members].sort()).toEqual(mutual.sort());
            const cycle = shortestCycle(next, new Set(members), node);
            expect(cycle[0]).toBe(node);
            for (const [at, id] of cycle.entries()) expect(next.get(id)).toContain(cycle[(at + 1) % cycle.length]);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
