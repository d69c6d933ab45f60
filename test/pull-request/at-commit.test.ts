import { describe, expect, test } from "vitest";
import type { Verdict } from "../../src/model/verdict.ts";
import { type CheckContent, checksOf, type PullAtCommit } from "../../src/pull-request/at-commit.ts";

const SHA = "a".repeat(40);
const ALLOW: Verdict = { allow: true, deny: [], waiting: [], warn: [] };
const DENY: Verdict = {
  allow: false,
  deny: [{ rule: "no-critical-findings", message: "1 critical finding.", remedy: "Rewrite the branch.", controls: [] }],
  waiting: [],
  warn: [],
};
const MACHINES: Verdict = {
  allow: false,
  deny: [],
  waiting: [{ rule: "scans-reported", message: "The scan runs.", on: "machines" }],
  warn: [],
};
const PEOPLE: Verdict = {
  allow: false,
  deny: [],
  waiting: [{ rule: "approvals", message: "1 approval is missing.", on: "people", whom: "a reviewer" }],
  warn: [],
};

function pull(number: number, verdict: Verdict | undefined, more: Partial<PullAtCommit> = {}): PullAtCommit {
  const bound = { id: `dec_${number}`, sha: SHA, bundleRevision: "sha256:b", inputDigest: "sha256:i" };
  return {
    vote: {
      number,
      baseRef: "main",
      overridable: [],
      ...(verdict ? { decision: { ...bound, verdict } } : { undecided: "The checker is away." }),
    },
    mode: "enforce",
    draft: false,
    checks: [],
    ...more,
  };
}

function gate(...pulls: PullAtCommit[]): CheckContent | undefined {
  return checksOf(SHA, pulls).find((check) => check.name === "hms/gate");
}

describe("the four outcomes as GitHub shows them", () => {
  test.each([
    ["allow", ALLOW, { status: "completed", conclusion: "success" }],
    ["deny", DENY, { status: "completed", conclusion: "failure" }],
    ["waiting on people", PEOPLE, { status: "completed", conclusion: "action_required" }],
    ["waiting on machines", MACHINES, { status: "in_progress" }],
    ["undecided", undefined, { status: "in_progress" }],
  ] as const)("%s", (_name, verdict, state) => {
    expect(gate(pull(1, verdict))?.state).toEqual(state);
  });
});

describe("one commit, several pull requests: the worst counts", () => {
  test.each([
    ["a lax branch does not turn a denied commit green", [ALLOW, DENY], { status: "completed", conclusion: "failure" }],
    ["nor one that is not decided", [ALLOW, undefined], { status: "in_progress" }],
    ["nor one that waits for people", [ALLOW, PEOPLE], { status: "completed", conclusion: "action_required" }],
    ["a denial outweighs what is unknown", [undefined, DENY, ALLOW], { status: "completed", conclusion: "failure" }],
    ["machines outweigh people", [PEOPLE, MACHINES], { status: "in_progress" }],
    ["all allowed", [ALLOW, ALLOW], { status: "completed", conclusion: "success" }],
  ] as const)("%s", (_name, verdicts, state) => {
    const pulls = verdicts.map((verdict, at) => pull(at + 1, verdict));
    expect(gate(...pulls)?.state).toEqual(state);
    expect(gate(...pulls.reverse())?.state).toEqual(state);
  });

  test("each pull request's reasons are told apart, whatever order they came in", () => {
    const content = gate(pull(7, DENY), pull(3, ALLOW));
    expect(content?.summary).toMatch(
      /2 open pull requests share this commit[\s\S]*Pull request 3[\s\S]*Pull request 7[\s\S]*no-critical-findings/,
    );
    expect(content).toEqual(gate(pull(3, ALLOW), pull(7, DENY)));
  });

  test("the other checks are the worst of theirs too", () => {
    const scan = (conclusion: "success" | "failure"): CheckContent => ({
      name: "hms/scan/secrets",
      sha: SHA,
      state: { status: "completed", conclusion },
      title: conclusion,
      summary: "",
    });
    const checks = checksOf(SHA, [
      pull(1, ALLOW, { checks: [scan("success")] }),
      pull(2, DENY, { checks: [scan("failure")] }),
    ]);
    expect(checks.map((check) => [check.name, check.title.split(":")[0]])).toEqual([
      ["hms/scan/secrets", "failure"],
      ["hms/gate", "Blocked"],
    ]);
  });
});

test("shadow mode never writes hms/gate", () => {
  expect(checksOf(SHA, [pull(1, DENY, { mode: "shadow" })]).map((check) => check.name)).toEqual(["hms/gate-shadow"]);
});

test("the line to paste stands there only for a rule that may be overridden", () => {
  const overridable = [{ rule: "no-critical-findings", permission: "admin" }];
  const vote = { ...pull(1, DENY).vote, overridable };
  expect(gate({ ...pull(1, DENY), vote })?.summary).toContain(`/hms override no-critical-findings ${SHA} <reason>`);
  expect(gate(pull(1, DENY))?.summary).not.toContain("/hms override");
});

test("on the way from shadow to enforce the gate weighs those that still say shadow", () => {
  const pulls = [pull(1, ALLOW), pull(2, DENY, { mode: "shadow" })];
  expect(checksOf(SHA, pulls).map((check) => [check.name, check.state])).toEqual([
    ["hms/gate", { status: "completed", conclusion: "failure" }],
  ]);
});

describe("when the mode changes, no check is left as it was", () => {
  const checks = (mode: "enforce" | "shadow", verdict: Verdict | undefined, written = { gate: true, shadow: true }) =>
    Object.fromEntries(checksOf(SHA, [pull(1, verdict, { mode })], written).map((check) => [check.name, check]));

  test("to shadow: the gate says so, and is not green whatever would be", () => {
    for (const verdict of [ALLOW, DENY, PEOPLE, MACHINES, undefined]) {
      expect(checks("shadow", verdict)["hms/gate"]).toMatchObject({
        state: { status: "completed", conclusion: "action_required" },
        title: "Shadow mode: this check decides nothing any more",
      });
    }
  });

  test("to enforce: shadow is never better news than the gate", () => {
    for (const verdict of [ALLOW, DENY, PEOPLE, MACHINES, undefined]) {
      const { "hms/gate": gate, "hms/gate-shadow": shadow } = checks("enforce", verdict);
      expect(shadow?.state).toEqual(gate?.state);
      expect(shadow?.title).toBe("The gate is enforced: see hms/gate");
    }
  });

  test("what was never written is not written", () => {
    expect(Object.keys(checks("shadow", ALLOW, { gate: false, shadow: false }))).toEqual(["hms/gate-shadow"]);
    expect(Object.keys(checks("enforce", ALLOW, { gate: true, shadow: false }))).toEqual(["hms/gate"]);
  });
});

describe("shadow says that it blocks nothing", () => {
  test.each([
    [ALLOW, "Shadow: would be ready to merge"],
    [DENY, "Shadow: would have blocked: 1 critical finding"],
    [PEOPLE, "Shadow: would be waiting: for a reviewer"],
    [MACHINES, "Shadow: would be waiting: The scan runs"],
    [undefined, "Shadow: not decided yet: The checker is away."],
  ])("%#", (verdict, title) => {
    const [shadow] = checksOf(SHA, [pull(1, verdict, { mode: "shadow" })]);
    expect(shadow).toMatchObject({ name: "hms/gate-shadow", title });
    expect(shadow?.summary).toContain("this check blocks nothing");
    expect(shadow?.actions).toBeUndefined();
  });
});

test("buttons only stand on a gate that is complete", () => {
  expect(gate(pull(1, ALLOW))?.actions?.map(({ label }) => label)).toEqual(["Look again", "Hold"]);
  expect(gate(pull(1, PEOPLE, { held: true }))?.actions?.map(({ label }) => label)).toEqual([
    "Look again",
    "Lift the hold",
  ]);
  expect(gate(pull(1, MACHINES))?.actions).toBeUndefined();
});
