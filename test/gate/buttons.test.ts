import fc from "fast-check";
import { expect, test } from "vitest";
import { gateButtons, pressToken } from "../../src/gate/buttons.ts";
import type { GateVote } from "../../src/gate/check-run.ts";

const vote = (number: number, id: string): GateVote => ({
  number,
  baseRef: "main",
  overridable: [],
  decision: {
    id,
    sha: "a".repeat(40),
    bundleRevision: "sha256:b",
    inputDigest: "sha256:i",
    verdict: { allow: true, deny: [], waiting: [], warn: [] },
  },
});

test("GitHub's limits hold whatever was decided", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(), fc.string()), { maxLength: 5 }), fc.boolean(), (shown, held) => {
      const buttons = gateButtons(
        shown.map(([number, id]) => vote(number, id)),
        held,
      );
      expect(buttons.length).toBeLessThanOrEqual(3);
      for (const { label, description, identifier } of buttons) {
        expect(label.length).toBeLessThanOrEqual(20);
        expect(description.length).toBeLessThanOrEqual(40);
        expect(identifier.length).toBeLessThanOrEqual(20);
      }
    }),
  );
});

test("a token names the decisions, in whatever order they come", () => {
  const [a, b] = [vote(1, "dec_1"), vote(2, "dec_2")];
  expect(pressToken([a, b])).toBe(pressToken([b, a]));
  expect(pressToken([a])).not.toBe(pressToken([a, b]));
  expect(pressToken([a])).not.toBe(pressToken([vote(1, "dec_3")]));
});

test("a hold can be put on or lifted, and a merge group is only looked at again", () => {
  const labels = (votes: GateVote[], held: boolean) => gateButtons(votes, held).map(({ label }) => label);
  expect(labels([vote(1, "d")], false)).toEqual(["Look again", "Hold"]);
  expect(labels([vote(1, "d")], true)).toEqual(["Look again", "Lift the hold"]);
  expect(labels([{ ...vote(0, "d"), members: [] }], false)).toEqual(["Look again"]);
});
