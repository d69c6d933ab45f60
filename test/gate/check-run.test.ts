import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type GateVote, gateContent } from "../../src/gate/check-run.ts";
import type { Verdict } from "../../src/model/verdict.ts";

const SHA = "a".repeat(40);

function vote(verdict: Partial<Verdict>, change: Partial<GateVote> = {}): GateVote {
  return {
    number: 12,
    baseRef: "main",
    decision: {
      id: "dec_01",
      sha: SHA,
      bundleRevision: `sha256:${"b".repeat(64)}`,
      inputDigest: `sha256:${"c".repeat(64)}`,
      verdict: { allow: false, deny: [], waiting: [], warn: [], ...verdict },
    },
    overridable: [],
    ...change,
  };
}

const denied = (message = "1 high finding.", rule = "no-high-findings") => ({
  deny: [{ rule, message, remedy: "Fix it.", controls: [] }],
});
const awaited = (whom: string, message = "On hold.") => ({
  waiting: [{ rule: "hold", message, on: "people" as const, whom }],
});
const undecided = (number = 13): GateVote => ({ number, baseRef: "main", undecided: "Not judged.", overridable: [] });

describe("hms/gate", () => {
  test.each([
    ["nobody's head", [], "unknown", /^Not decided yet/],
    ["allowed", [vote({ allow: true })], "allow", /^Ready to merge$/],
    ["denied", [vote(denied())], "deny", /^Blocked: 1 high finding$/],
    ["denied and awaited", [vote({ ...denied(), ...awaited("grace") })], "deny", /^Blocked: .* waiting for grace$/],
    ["on hold", [vote(awaited("grace"))], "waiting-on-people", /^Waiting: for grace$/],
    ["not judged", [undecided()], "unknown", /^Not decided yet: Not judged/],
    ["allowed, but another is not judged", [vote({ allow: true }), undecided()], "unknown", /^Not decided/],
    ["allowed, but another is denied", [vote({ allow: true }), vote(denied(), { number: 13 })], "deny", /^Blocked/],
  ] as const)("%s", (_what, votes, outcome, title) => {
    const content = gateContent(SHA, [...votes]);
    expect(content.outcome).toBe(outcome);
    expect(content.title).toMatch(title);
    expect(content.state.status === "completed" && content.state.conclusion === "success").toBe(outcome === "allow");
  });

  test("says rule, reason and remedy, and binds the decision to policy and input", () => {
    const { summary, text } = gateContent(SHA, [vote(denied())]);
    expect(summary).toContain("| ❌ | `no-high-findings` | 1 high finding. | Fix it. |");
    expect(text).toContain("`dec_01`");
    expect(text).toContain("`sha256:bbbb");
    expect(text).toContain("`sha256:cccc");
  });

  test("prints the line to paste for what can be overridden, and for nothing else", () => {
    const overridable = [{ rule: "no-high-findings", permission: "maintain" }];
    const line = `/hms override no-high-findings ${SHA} <reason>`;
    expect(gateContent(SHA, [vote(denied(), { overridable })]).summary).toContain(line);
    expect(gateContent(SHA, [vote(denied())]).summary).not.toContain(line);
    expect(gateContent(SHA, [vote(denied("No.", "another"), { overridable })]).summary).not.toContain("/hms override");
    expect(gateContent(SHA, [vote(awaited("grace"), { overridable })]).summary).not.toContain("/hms override");
  });

  test("names each pull request where several share the commit", () => {
    const { summary } = gateContent(SHA, [vote({ allow: true }), vote(denied(), { number: 13, baseRef: "release" })]);
    expect(summary).toContain("2 open pull requests share this commit");
    expect(summary).toContain("### Pull request 12 into `main`");
    expect(summary).toContain("### Pull request 13 into `release`");
  });
});

describe("whatever a policy or a person says", () => {
  const hostile = fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.constantFrom(
      "@acme/sre",
      "a | b\n| c |",
      "<img src=x>",
      "![x](http://x)",
      "```",
      "https://evil.example",
      "😀".repeat(90),
    ),
  );

  test("the title is one short line of whole characters, and the table keeps its rows", () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, (message, remedy, whom) => {
        const deny = [{ rule: "a-rule", message, remedy, controls: [] }];
        const { title, summary } = gateContent(SHA, [vote({ deny, ...awaited(whom, message) })]);
        expect(title.length).toBeLessThanOrEqual(120);
        expect(title.isWellFormed()).toBe(true);
        expect(title).not.toMatch(/[\n\r\u0085\u2028\u2029\u202a-\u202e\u2066-\u2069]/);
        const rows = summary.split("\n").filter((line) => /^\| [❌⏳]/u.test(line));
        expect(rows).toHaveLength(2);
        for (const row of rows) expect(row.replace(/\\[\\|]/g, "").split("|")).toHaveLength(6);
        expect(summary).not.toMatch(/(?<![\\`])<img/);
        expect(summary).not.toMatch(/@acme/);
      }),
      { numRuns: 500 },
    );
  });

  test("it is never green while one of the votes is not", () => {
    const any = fc.oneof(
      fc.constant(vote({ allow: true })),
      fc.constant(vote({})),
      fc.constant(undecided()),
      fc.constant(vote({ allow: true, ...denied() })),
      fc.constant(vote({ allow: true, ...awaited("grace") })),
    );
    const green = JSON.stringify(vote({ allow: true }));
    fc.assert(
      fc.property(fc.array(any, { maxLength: 5 }), (votes) => {
        const all = votes.length > 0 && votes.every((one) => JSON.stringify(one) === green);
        expect(gateContent(SHA, votes).outcome === "allow").toBe(all);
      }),
    );
  });
});
