import { expect, test } from "vitest";
import { OutageGate } from "../../src/worker/outage-gate.ts";

const ALL = 16;

/** Five different keys without an answer. */
function closed(): OutageGate {
  const gate = new OutageGate();
  for (const key of ["a", "b", "c", "d"]) expect(gate.unanswered(key, 0)).toBe(false);
  expect(gate.unanswered("e", 0)).toBe(true);
  return gate;
}

test("one broken key does not close it, however often it fails", () => {
  const gate = new OutageGate();
  for (let i = 0; i < 100; i++) expect(gate.unanswered("a", i)).toBe(false);
  expect(gate.room(ALL, 0)).toBe(ALL);
});

test("five keys without an answer in between close it; one at a time looks, at growing distances", () => {
  const gate = closed();
  expect(gate.room(ALL, 999)).toBe(0);
  expect(gate.room(ALL, 1000)).toBe(1);
  // One that was under way before says nothing new.
  gate.unanswered("f", 500);
  expect(gate.closedUntilMs).toBe(1000);
  gate.unanswered("a", 1000);
  expect(gate.closedUntilMs).toBe(3000);
  for (let i = 0; i < 20; i++) gate.unanswered("a", gate.closedUntilMs);
  expect(gate.room(ALL, gate.closedUntilMs - 1)).toBe(0);
  const lastMs = gate.closedUntilMs;
  gate.unanswered("a", lastMs);
  expect(gate.closedUntilMs).toBe(lastMs + 30_000);
});

test("an answer opens it, and tells so once", () => {
  const gate = closed();
  expect(gate.answered()).toBe(true);
  expect(gate.answered()).toBe(false);
  expect(gate.room(ALL, 0)).toBe(ALL);
});

test("a clock that was set back does not keep it closed", () => {
  const gate = closed();
  expect(gate.room(ALL, -3_600_000)).toBe(1);
});
