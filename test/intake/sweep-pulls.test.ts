import { expect, test } from "vitest";
import { pullsToRead, type Swept } from "../../src/intake/sweep-pulls.ts";
import type { PullRequest } from "../../src/model/pull-request.ts";

const NOW = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;

const pull = (number: number, change: Partial<PullRequest> = {}) =>
  ({ number, updatedAt: "then", headSha: "a", baseRef: "main", draft: false, labels: ["x"], ...change }) as PullRequest;

function swept(pulls: PullRequest[], basis = "one"): Swept {
  return pullsToRead(pulls, undefined, { basis, nowMs: NOW }).swept;
}

test.each<[string, Partial<PullRequest>, boolean]>([
  ["nothing changed", {}, false],
  ["GitHub says so", { updatedAt: "later" }, true],
  ["pushed", { headSha: "b" }, true],
  ["another base", { baseRef: "release" }, true],
  ["draft", { draft: true }, true],
  ["labels", { labels: ["x", "y"] }, true],
])("%s", (_what, change, read) => {
  const { read: numbers } = pullsToRead([pull(1, change)], swept([pull(1)]), { basis: "one", nowMs: NOW });
  expect(numbers).toEqual(read ? [1] : []);
});

test("everything under another basis, and what GitHub dates not", () => {
  expect(pullsToRead([pull(1)], swept([pull(1)]), { basis: "two", nowMs: NOW }).read).toEqual([1]);
  const { updatedAt: _, ...undated } = pull(1);
  expect(pullsToRead([undated], swept([undated]), { basis: "one", nowMs: NOW }).read).toEqual([1]);
});

test("unchanged ones again after six hours, twenty a sweep, the oldest first; also when the clock was set back", () => {
  const pulls = Array.from({ length: 50 }, (_, i) => pull(i + 1));
  let before = swept(pulls);
  for (const [nowMs, first] of [
    [NOW + 6 * HOUR, 1],
    [NOW + 6 * HOUR + 1, 21],
  ] as const) {
    const { read, swept: after } = pullsToRead(pulls, before, { basis: "one", nowMs });
    expect(read).toEqual(Array.from({ length: 20 }, (_, i) => first + i));
    before = after;
  }
  expect(pullsToRead(pulls, before, { basis: "one", nowMs: NOW + 6 * HOUR + 2 }).read).toHaveLength(10);
  expect(pullsToRead(pulls, before, { basis: "one", nowMs: NOW + 6 * HOUR + 3 - 24 * HOUR }).read).toHaveLength(20);
  expect(pullsToRead(pulls, before, { basis: "one", nowMs: NOW + 5 * HOUR }).read).toHaveLength(0);
});

test("one that is closed is forgotten", () => {
  expect(pullsToRead([], swept([pull(1)]), { basis: "one", nowMs: NOW }).swept.pulls).toEqual({});
});
