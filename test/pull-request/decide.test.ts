import { expect, test } from "vitest";
import type { Verdict } from "../../src/model/verdict.ts";
import type { Checker } from "../../src/ports/checker.ts";
import { type Judgement, judge } from "../../src/pull-request/decide.ts";
import { SNAPSHOT } from "./snapshot.ts";

function checker(answer: () => Verdict, revision = "sha256:one"): Checker & { asked: number } {
  const counting = {
    asked: 0,
    revision: () => revision,
    async evaluate() {
      counting.asked++;
      return { verdict: answer(), bundleRevision: revision };
    },
  };
  return counting;
}

const allow = (validUntilMs?: number): Verdict => ({
  allow: true,
  deny: [],
  waiting: [],
  warn: [],
  ...(validUntilMs ? { validUntilMs } : {}),
});
const decided = (judgement: Judgement) => {
  if (!("decision" in judgement)) throw new Error(judgement.undecided);
  return judgement.decision;
};

test("the same facts keep their decision; another fact or another bundle does not", async () => {
  const one = checker(allow);
  const first = decided(await judge(one, SNAPSHOT, undefined, 1));
  expect(decided(await judge(one, SNAPSHOT, first, 2)).id).toBe(first.id);
  expect(one.asked).toBe(1);
  expect(decided(await judge(one, { ...SNAPSHOT, hold: { by: "grace", reason: "" } }, first, 2)).id).not.toBe(first.id);
  expect(decided(await judge(checker(allow, "sha256:two"), SNAPSHOT, first, 2)).id).not.toBe(first.id);
});

test("a decision that has ended is asked for again", async () => {
  const one = checker(() => allow(100));
  const first = decided(await judge(one, SNAPSHOT, undefined, 1));
  expect(decided(await judge(one, SNAPSHOT, first, 99)).id).toBe(first.id);
  expect(decided(await judge(one, SNAPSHOT, first, 100)).id).not.toBe(first.id);
});

test("a checker that fails gives no decision, also where there was one", async () => {
  const first = decided(await judge(checker(allow), SNAPSHOT, undefined, 1));
  const broken = checker(() => {
    throw new Error("no answer");
  }, "sha256:two");
  expect(await judge(broken, SNAPSHOT, first, 2)).toEqual({ undecided: expect.stringContaining("no answer") });
});
