import { expect, test } from "vitest";
import { policySources } from "../../../scripts/policy-sources.ts";
import type { CheckerInput, CheckerPreview, MergeGroupInput } from "../../../src/model/checker-input.ts";
import { ownRules, ruleFacts } from "../../../src/portal/pages/rule-facts.ts";
import { ruleResults, verdictTree } from "../../../src/portal/pages/verdict.ts";
import { mergeableInput, scan } from "../../policies/inputs.ts";
import { policies } from "../views/village.ts";
import { words } from "./site.ts";

const group: MergeGroupInput = {
  schema: "hms.checker/v1",
  point: "merge-group",
  repository: { id: 42, owner: "acme", name: "shop", default_branch: "main" },
  group: {
    sha: "a".repeat(40),
    base: "main",
    members: [{ number: 3, head_sha: "b".repeat(40), outcome: "deny", rules: ["hold"], why: "On hold." }],
    unexplained: [],
    overdue: false,
  },
  scans: [],
  config: { valid: true, required_scans: ["secrets"] },
};

test("every rule that our own policy names has its facts told", async () => {
  const sources = (await policySources(`${policies}/..`)).filter(({ name }) => /^merge(?:_group)?\.rego$/.test(name));
  expect(sources).toHaveLength(2);
  const named = sources.flatMap(({ bytes }) =>
    [...bytes.toString().matchAll(/"rule": "([a-z-]+)"/g)].map(([, rule = ""]) => rule),
  );
  const known = [...ownRules(mergeableInput()), ...ownRules(group)].map(({ rule }) => rule);
  // A remark needs no facts: it says them.
  expect([...new Set(named)].filter((rule) => !known.includes(rule))).toEqual([
    "lesser-findings",
    "waived-findings",
    "old-findings",
  ]);
});

test("a kind of scan that the configuration names has a rule with its facts", () => {
  const flaw = { rule: "sast/eval", severity: "high" as const, message: "Code is evaluated.", fingerprint: "f" };
  const input = mergeableInput({
    scans: [scan("secrets"), scan("sast", [flaw, { ...flaw, state: "unchanged", count: 30 }])],
    config: { scans: [{ kind: "sast", required: true, fail_on: ["high"], old_debt: "ignore" }] },
  });
  expect(ownRules(input).map(({ rule }) => rule)).toContain("no-sast-findings");
  expect(ruleFacts("no-sast-findings", input)).toEqual([
    { name: "Severities that block", value: "high" },
    { name: "What the base branch has as well", value: "is let through" },
    { name: "Findings", value: "31" },
    { name: "sast/eval", value: "Code is evaluated." },
    { name: "sast/eval", value: "Code is evaluated. (30 alike, the base branch has it as well)" },
  ]);
  expect(ruleFacts("no-high-findings", input)).toEqual([{ name: "Findings", value: "0" }]);
});

test("order: what denies, people, machines, remarks, what is met", () => {
  const results = ruleResults({
    ownPolicy: true,
    input: mergeableInput(),
    verdict: {
      allow: false,
      deny: [{ rule: "no-critical-findings", message: "m", remedy: "r", controls: [] }],
      waiting: [
        { rule: "facts-known", message: "m", on: "machines" },
        { rule: "hold", message: "m", on: "people", whom: "linus" },
      ],
      warn: [{ rule: "lesser-findings", message: "m" }],
    },
  });
  expect(results.slice(0, 4).map(({ rule }) => rule)).toEqual([
    "no-critical-findings",
    "hold",
    "facts-known",
    "lesser-findings",
  ]);
  expect(results.slice(4).every(({ outcome }) => outcome === "met")).toBe(true);
  expect(results.map(({ rule }) => rule)).toHaveLength(new Set(results.map(({ rule }) => rule)).size);
});

test("a merge group's rules look at its members", () => {
  const verdict = {
    allow: false,
    deny: [
      { rule: "members-allowed", message: "Pull request 3 is not allowed.", remedy: "Take it out.", controls: [] },
    ],
    waiting: [],
    warn: [],
  };
  const said = words(String(verdictTree({ verdict, input: group, ownPolicy: true })));
  expect(said).toMatch(/members-allowed Blocks .*Pull request 3 deny at bbbbbbbbbb .*3 rules are met/);
});

test.each([
  "approvals",
  "code-owners",
  "ready-for-review",
  "required-scans",
  "__proto__",
  "constructor",
  "no-such-rule",
])("facts of another release, in another shape, give none instead of an error: %s", (rule) => {
  expect(ruleFacts(rule, { point: "merge" } as CheckerInput)).toEqual([]);
  expect(ruleFacts(rule, { point: "merge-group" } as unknown as MergeGroupInput)).toEqual([]);
});

test("a preview is told with what stands in its way, and one that sleeps with how it fell asleep", () => {
  const input = { ...mergeableInput(), config: { ...mergeableInput().config, preview: { required: true } } };
  const told = (preview: CheckerPreview | null) => ruleFacts("preview-healthy", { ...input, preview });
  const preview = {
    state: "failed",
    reason: "web: the image is not there.",
    concerned: true,
    was_healthy: false,
  } as const;
  expect(told(preview)).toEqual([
    { name: "Required", value: "yes" },
    { name: "Concerned by the changed files", value: "yes" },
    { name: "Preview", value: "failed: web: the image is not there." },
  ]);
  expect(told({ ...preview, state: "sleeping", reason: "", was_healthy: true }).slice(2)).toEqual([
    { name: "Preview", value: "sleeping" },
    { name: "Healthy before it slept", value: "yes" },
  ]);
  expect(told(null)).toEqual([
    { name: "Required", value: "yes" },
    { name: "Preview", value: "none asked for" },
  ]);
  expect(ruleFacts("preview-healthy", mergeableInput())[0]).toEqual({ name: "Required", value: "no" });
});

test("of very many findings the first are told, and how many there are", () => {
  const input = mergeableInput();
  const findings = Array.from({ length: 500 }, (_, at) => ({
    rule: `secrets/${at}`,
    severity: "critical" as const,
    message: "m",
    fingerprint: `${at}`,
  }));
  const facts = ruleFacts("no-critical-findings", {
    ...input,
    scans: [{ kind: "secrets", sha: input.pull_request.head_sha, status: "completed", findings }],
  });
  expect(facts).toHaveLength(22);
  expect(facts[0]).toEqual({ name: "Findings", value: "500" });
  expect(facts.at(-1)?.value).toContain("480 more");
});
