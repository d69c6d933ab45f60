import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gateContent, voteState } from "../../src/gate/gate.ts";
import type { Decision, Verdict } from "../../src/model/verdict.ts";
import type { Checker } from "../../src/ports/checker.ts";
import { answerOf, judge, stands } from "../../src/pull-request/decide.ts";
import { pastDecision, rememberDecision } from "../../src/pull-request/past-decisions.ts";
import { recordsInMemory } from "./records-in-memory.ts";
import { SNAPSHOT } from "./snapshot.ts";

const KEY = { kind: "pull", installationId: 1, repositoryId: 2, number: 3 } as const;
const allow: Verdict = { allow: true, deny: [], waiting: [], warn: [] };
const HELD = { ...SNAPSHOT, hold: { by: "grace", reason: "" } };

const answering = (verdict: Verdict, revision: string | undefined): Checker => ({
  revision: () => revision,
  evaluate: async () => ({ verdict, bundleRevision: revision ?? "unversioned:0" }),
});
const away = (revision: string | undefined): Checker => ({
  revision: () => revision,
  evaluate: async () => {
    throw new Error("no <answer>");
  },
});

async function decided(checker: Checker, snapshot = SNAPSHOT, nowMs = 1): Promise<Decision> {
  const judgement = await judge(checker, snapshot, undefined, nowMs);
  if (!("decision" in judgement)) throw new Error(judgement.undecided);
  return judgement.decision;
}

test("facts that went back to what they were: their decision stands in for a checker that is away, and the text says so", async () => {
  const records = recordsInMemory();
  const first = await decided(answering(allow, "sha256:one"));
  const second = await decided(answering(allow, "sha256:one"), HELD);
  for (const decision of [first, second]) await rememberDecision(records, KEY, decision);
  const judgement = await judge(away("sha256:one"), SNAPSHOT, second, 2, pastDecision(records, KEY));
  expect(judgement).toMatchObject({ decision: first, fresh: false, checkerAway: "no <answer>" });
  const vote = { number: 3, baseRef: "main", overridable: [], ...answerOf(judgement) };
  expect(voteState(vote)).toBe("allow");
  const { summary } = gateContent(SNAPSHOT.pull.headSha, [vote]);
  expect(summary).toContain("The policy checker is away");
  expect(summary).not.toContain("<answer>");
});

describe("nothing else stands in", () => {
  test.each([
    ["other facts", away("sha256:one"), HELD, 2],
    ["another bundle", away("sha256:two"), SNAPSHOT, 2],
    ["a bundle that is not known", away(undefined), SNAPSHOT, 2],
    ["a decision that has ended", away("sha256:one"), SNAPSHOT, 100],
    ["another head", away("sha256:one"), { ...SNAPSHOT, pull: { ...SNAPSHOT.pull, headSha: "e".repeat(40) } }, 2],
  ] as const)("%s", async (_name, checker, snapshot, nowMs) => {
    const records = recordsInMemory();
    await rememberDecision(records, KEY, await decided(answering({ ...allow, validUntilMs: 100 }, "sha256:one")));
    expect(await judge(checker, snapshot, undefined, nowMs, pastDecision(records, KEY))).toHaveProperty("undecided");
  });

  test("another pull request's decision", async () => {
    const records = recordsInMemory();
    await rememberDecision(records, { ...KEY, number: 4 }, await decided(answering(allow, "sha256:one")));
    const judgement = await judge(away("sha256:one"), SNAPSHOT, undefined, 2, pastDecision(records, KEY));
    expect(judgement).toHaveProperty("undecided");
  });

  test("whatever was decided before, and whatever a store gives back", async () => {
    const part = fc.constantFrom("a", "b", "c");
    const decision = fc.record({
      sha: part,
      inputDigest: part,
      bundleRevision: part,
      validUntilMs: fc.integer({ min: 1, max: 9 }),
    });
    const bound = fc.record({
      sha: part,
      inputDigest: part,
      bundleRevision: fc.option(part, { nil: undefined }),
      nowMs: fc.integer({ min: 0, max: 9 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(decision, { maxLength: 12 }), bound, async (decisions, now) => {
        const records = recordsInMemory();
        for (const [i, { validUntilMs, ...one }] of decisions.entries()) {
          await rememberDecision(records, KEY, { ...one, id: `dec_${i}`, verdict: { ...allow, validUntilMs } });
        }
        const found = await pastDecision(records, KEY)(now);
        const exact = decisions
          .slice(-6)
          .some(
            (one) =>
              one.sha === now.sha &&
              one.inputDigest === now.inputDigest &&
              one.bundleRevision === now.bundleRevision &&
              one.validUntilMs > now.nowMs,
          );
        expect(found !== undefined).toBe(exact);
        if (found) expect(stands(found, now)).toBe(true);
        // A store that gives back anything is not believed either.
        const liar = async () => decisions.map((one) => ({ ...one, id: "dec_x", verdict: allow }))[0];
        expect(await judge(away("sha256:one"), SNAPSHOT, undefined, now.nowMs, liar)).toHaveProperty("undecided");
      }),
    );
  });
});

test("only the last few are remembered, and none that is very long", async () => {
  const records = recordsInMemory();
  const one = await decided(answering(allow, "sha256:one"));
  for (let i = 0; i < 20; i++) await rememberDecision(records, KEY, { ...one, id: `dec_${i}` });
  await rememberDecision(records, KEY, {
    ...one,
    verdict: { ...allow, warn: [{ rule: "r", message: "x".repeat(70_000) }] },
  });
  const [entry] = await records.list<Decision[]>("past/");
  expect(entry?.value.map(({ id }) => id)).toEqual(["dec_19", "dec_18", "dec_17", "dec_16", "dec_15", "dec_14"]);
});

test("a policy without a revision is asked each time; the same answer is the same decision", async () => {
  const checker = answering(allow, undefined);
  const first = await decided(checker);
  expect(await judge(checker, SNAPSHOT, first, 2)).toMatchObject({ decision: { id: first.id }, fresh: false });
  const denying: Verdict = { ...allow, allow: false, waiting: [{ rule: "r", message: "m", on: "people" }] };
  expect(await judge(answering(denying, undefined), SNAPSHOT, first, 2)).toMatchObject({ fresh: true });
});
