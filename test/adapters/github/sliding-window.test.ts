import fc from "fast-check";
import { expect, test } from "vitest";
import { SlidingWindow } from "../../../src/adapters/github/sliding-window.ts";

const SPAN_MS = 60_000;
const LIMIT = 900;
const window = () => new SlidingWindow({ limit: LIMIT, spanMs: SPAN_MS, slots: 60 });

test("whatever is asked for and whenever, no stretch of a minute holds more than the limit", () => {
  const asks = fc.array(fc.record({ afterMs: fc.nat(5000), cost: fc.constantFrom(1, 5, 100) }), { maxLength: 300 });
  fc.assert(
    fc.property(asks, (list) => {
      const one = window();
      const spent: { atMs: number; cost: number }[] = [];
      let nowMs = 1_000_000;
      for (const { afterMs, cost } of list) {
        nowMs += afterMs + one.waitMs(cost, nowMs + afterMs);
        expect(one.waitMs(cost, nowMs)).toBe(0);
        one.spend(cost, nowMs);
        spent.push({ atMs: nowMs, cost });
        const within = spent.filter(({ atMs }) => atMs > nowMs - SPAN_MS).reduce((sum, each) => sum + each.cost, 0);
        expect(within).toBeLessThanOrEqual(LIMIT);
      }
    }),
  );
});

test("what was spent comes back after a minute and at most one part of it", () => {
  const one = window();
  one.spend(LIMIT, 0);
  const waitMs = one.waitMs(1, 0);
  expect(waitMs).toBeGreaterThanOrEqual(SPAN_MS);
  expect(waitMs).toBeLessThanOrEqual(SPAN_MS + 1000);
  expect(one.waitMs(LIMIT, waitMs)).toBe(0);
});

test("a share of the limit is used up sooner than the whole", () => {
  const one = window();
  one.spend(LIMIT / 2, 0);
  expect(one.waitMs(1, 0, 0.5)).toBeGreaterThan(0);
  expect(one.waitMs(1, 0)).toBe(0);
});

test.each([-3_600_000, 3_600_000])("a clock that jumps by %d ms closes nothing for longer than a minute", (jumpMs) => {
  const one = window();
  one.spend(LIMIT, 10_000_000);
  const nowMs = 10_000_000 + jumpMs;
  expect(one.waitMs(1, nowMs)).toBeLessThanOrEqual(SPAN_MS + 1000);
});
