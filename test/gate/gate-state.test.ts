import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkState, gateState, worse } from "../../src/gate/gate-state.ts";
import type { Denial, GateState, Verdict } from "../../src/model/verdict.ts";

const STATES: GateState[] = ["allow", "waiting-on-people", "waiting-on-machines", "unknown", "deny"];
const state = fc.constantFrom(...STATES);

const denial: fc.Arbitrary<Denial> = fc.constant({ rule: "a-rule", message: "No.", remedy: "Do.", controls: [] });
const waiting = fc.record({
  rule: fc.constant("b-rule"),
  message: fc.constant("Wait."),
  on: fc.constantFrom("people" as const, "machines" as const),
});
const verdict: fc.Arbitrary<Verdict> = fc.record({
  allow: fc.boolean(),
  deny: fc.array(denial, { maxLength: 2 }),
  waiting: fc.array(waiting, { maxLength: 3 }),
  warn: fc.constant([]),
});

describe("the outcome of a verdict", () => {
  test("is allow only where the checker said so and nothing speaks against it", () => {
    fc.assert(
      fc.property(verdict, (one) => {
        const clean = one.allow && one.deny.length === 0 && one.waiting.length === 0;
        expect(gateState(one) === "allow").toBe(clean);
      }),
    );
  });

  test("is never allow where `allow` is not exactly true", () => {
    for (const allow of [undefined, null, 1, "true", {}])
      expect(gateState({ allow, deny: [], waiting: [], warn: [] } as unknown as Verdict)).toBe("deny");
  });

  test("is deny where anything is denied, whatever is awaited", () => {
    fc.assert(
      fc.property(verdict, (one) => {
        if (one.deny.length > 0) expect(gateState(one)).toBe("deny");
        else if (one.waiting.some(({ on }) => on === "machines")) expect(gateState(one)).toBe("waiting-on-machines");
        else if (one.waiting.length > 0) expect(gateState(one)).toBe("waiting-on-people");
      }),
    );
  });
});

describe("the worse of two", () => {
  test("is one of them, whichever way round, and a third changes nothing about the order", () => {
    fc.assert(
      fc.property(state, state, state, (a, b, c) => {
        expect([a, b]).toContain(worse(a, b));
        expect(worse(a, b)).toBe(worse(b, a));
        expect(worse(worse(a, b), c)).toBe(worse(a, worse(b, c)));
      }),
    );
  });

  test("is green only if both are", () => {
    fc.assert(
      fc.property(state, state, (a, b) => {
        expect(worse(a, b) === "allow").toBe(a === "allow" && b === "allow");
      }),
    );
  });
});

describe("what GitHub shows", () => {
  test.each([
    ["allow", { status: "completed", conclusion: "success" }],
    ["deny", { status: "completed", conclusion: "failure" }],
    ["waiting-on-people", { status: "completed", conclusion: "action_required" }],
    ["waiting-on-machines", { status: "in_progress" }],
    ["unknown", { status: "in_progress" }],
  ] as const)("%s", (outcome, shown) => {
    expect(checkState(outcome)).toEqual(shown);
  });
});
