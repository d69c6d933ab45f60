import { expect, test } from "vitest";
import { scoreOf, severityOf, toolOf } from "../../../src/scan/sarif/severity.ts";
import { log, result, run, runOf, taken } from "./report.ts";

test.each([
  ["Semgrep OSS", "semgrep"],
  ["semgrep", "semgrep"],
  ["Checkov", "checkov"],
  ["Prisma Cloud", "checkov"],
  ["Trivy", "trivy"],
  ["osv-scanner", "osv-scanner"],
  ["OWASP ZAP", "zap"],
  ["gitleaksx", undefined],
  ["", undefined],
])("driver %j is %s", (driver, tool) => {
  expect(toolOf(driver)).toBe(tool);
});

test.each([
  ["semgrep", "error", undefined, "high"],
  ["semgrep", "warning", undefined, "medium"],
  ["semgrep", "note", undefined, "low"],
  ["semgrep", "none", undefined, "note"],
  ["semgrep", "note", 9.8, "critical"],
  ["checkov", "error", undefined, "high"],
  ["trivy", "note", 7, "high"],
  ["trivy", "error", 6.9, "medium"],
  ["trivy", "error", 0.1, "low"],
  ["osv-scanner", "warning", undefined, "high"],
  ["osv-scanner", "warning", 9, "critical"],
  ["osv-scanner", "warning", 5.3, "medium"],
  ["gitleaks", "warning", undefined, "critical"],
  ["zap", "error", undefined, "high"],
  [undefined, "error", undefined, "high"],
  [undefined, "warning", undefined, "medium"],
] as const)("%s: level %s and score %s is %s", (tool, level, score, severity) => {
  const own = { level, ...(score === undefined ? {} : { score }), suppressed: false };
  expect(severityOf(tool, "any", own, { level: "warning" })).toBe(severity);
});

test("gitleaks: a key that only looks like one is not the worst", () => {
  expect(severityOf("gitleaks", "generic-api-key", { suppressed: false }, { level: "warning" })).toBe("high");
});

test("what was suppressed has its rule's level", () => {
  expect(severityOf("checkov", "a", { level: "warning", suppressed: true }, { level: "error" })).toBe("high");
});

test.each([
  ["9.8", 9.8],
  [7.5, 7.5],
  ["10", 10],
  ["10.1", undefined],
  [-1, undefined],
  ["0.0", undefined],
  ["NaN", undefined],
  ["1e1", undefined],
  [Number.POSITIVE_INFINITY, undefined],
  ["9".repeat(400), undefined],
  [{}, undefined],
])("security-severity %j is %s", (value, score) => {
  expect(scoreOf({ "security-severity": value })).toBe(score);
});

const rules = (...list: object[]) =>
  run([result({ ruleId: "a", level: undefined })], { tool: { driver: { name: "semgrep", rules: list } } });
const severity = async (value: Record<string, unknown>) => (await taken(log(value))).findings[0]?.severity;

test("of a rule that stands there twice the worst counts, in whichever order", async () => {
  const mild = { id: "a", defaultConfiguration: { level: "note" } };
  const bad = { id: "a", defaultConfiguration: { level: "error" } };
  const worst = { id: "a", properties: { "security-severity": "9.1" } };
  expect(await severity(rules(mild, bad))).toBe("high");
  expect(await severity(rules(bad, mild))).toBe("high");
  expect(await severity(rules(worst, mild))).toBe("critical");
  expect(await severity(rules())).toBe("medium");
});

test("a rule is found by index, by id, by the first part of its id, and in an extension", async () => {
  const tool = {
    driver: { name: "semgrep", rules: [{ id: "x" }, { id: "a", defaultConfiguration: { level: "error" } }] },
    extensions: [{ name: "pack", rules: [{ id: "p", defaultConfiguration: { level: "note" } }] }],
  };
  const of = (more: object) => taken(log(run([{ message: { text: "m" }, ...more }], { tool })));
  for (const more of [
    { ruleIndex: 1 },
    { ruleId: "a" },
    { ruleId: "a/1" },
    { rule: { index: 1 } },
    { rule: { id: "a" } },
  ]) {
    expect((await of(more)).findings[0]?.severity, JSON.stringify(more)).toBe("high");
  }
  const extended = (await of({ rule: { index: 0, toolComponent: { index: 0 } } })).findings[0];
  expect(extended).toMatchObject({ rule: "sast/p", severity: "low" });
  // An index that belongs to another rule than the id does not make it milder.
  expect((await of({ ruleId: "a", rule: { index: 0, toolComponent: { index: 0 } } })).findings[0]?.severity).toBe(
    "high",
  );
  for (const more of [{ ruleIndex: 7 }, { rule: { index: 0, toolComponent: { index: 9 } } }, {}]) {
    expect((await of(more)).findings[0]).toMatchObject({ rule: "sast/unnamed", severity: "medium" });
  }
});

test.each([
  [{ kind: "pass" }, 0],
  [{ kind: "notApplicable" }, 0],
  [{ kind: "pass", level: "error" }, 1],
  [{ kind: "open" }, 1],
  [{ kind: "informational" }, 1],
  [{ baselineState: "absent" }, 0],
  [{ baselineState: "unchanged" }, 1],
])("%j makes %d findings", async (more, number) => {
  const { level: _, ...bare } = result();
  expect((await taken(log(run([{ ...bare, ...more }])))).findings).toHaveLength(number);
});

test.each(["inSource", "external"])(
  "what is suppressed (%s) counts, and the suppression is a finding of its own",
  async (kind) => {
    for (const status of [undefined, "accepted", "underReview", "rejected"]) {
      const suppressions = [{ kind, ...(status ? { status } : {}), justification: "x" }];
      const { findings } = await taken(log(run([result({ suppressions })])));
      expect(findings.map(({ rule, severity }) => [rule, severity])).toEqual([
        ["sast/python.eval", "high"],
        ["sast/suppression", "low"],
      ]);
      expect(findings[1]?.message).toContain("sast/python.eval");
      expect(findings[1]?.location).toEqual(findings[0]?.location);
    }
    expect((await taken(log(run([result({ suppressions: [] })])))).findings).toHaveLength(1);
  },
);

test("what the tool could not look through is a finding, the same one after lines moved", async () => {
  const warned = (text: string, id = "Timeout", more = {}) =>
    taken(
      log(
        run([], {
          invocations: [
            {
              executionSuccessful: true,
              toolExecutionNotifications: [{ descriptor: { id }, message: { text }, ...more }],
            },
          ],
        }),
      ),
    );
  const [one] = (await warned("Timeout at line 3 of a.py", "Timeout", { level: "warning" })).findings;
  expect(one).toMatchObject({
    rule: "sast/unscanned",
    severity: "high",
    message: "Not looked through as a whole: Timeout at line 3 of a.py",
  });
  expect((await warned("Timeout at line 30 of a.py")).findings[0]?.fingerprint).toBe(one?.fingerprint);
  expect((await warned("Timeout at line 3 of b.py")).findings[0]?.fingerprint).not.toBe(one?.fingerprint);
  expect((await warned("x", "PartialParsing")).findings[0]?.severity).toBe("medium");
  expect((await warned("x", "Timeout", { level: "note" })).findings).toEqual([]);
});

test("text of a tool is one line, without links, of bounded length, with its arguments", async () => {
  const messages = [
    { text: "a\n\n\u202eb [x](http://y.test) <b>" },
    { text: "{0} and {1} and {9}", arguments: ["one", "two"] },
    { id: "long", arguments: ["z"] },
    { text: "y".repeat(5_000) },
    { text: "[".repeat(60_000) },
    { text: "" },
  ];
  const driver = {
    name: "semgrep",
    rules: [{ id: "a", messageStrings: { long: { text: "It is {0}." } }, shortDescription: { text: "Short." } }],
  };
  const results = messages.map((message) => ({ ruleId: "a", message }));
  const { findings } = await taken(log(run(results, { tool: { driver } })));
  expect(findings.map(({ message }) => message.slice(0, 1_000))).toEqual([
    "a b x <b>",
    "one and two and {9}",
    "It is z.",
    `${"y".repeat(999)}…`,
    `${"[".repeat(999)}…`,
    "The tool gives no message.",
  ]);
});

test.each([
  ["python.lang.Security.eval", "sast/python.lang.security.eval"],
  ["CKV_AWS_18", "sast/ckv-aws-18"],
  ["<script>", "sast/script"],
  ["../../x", "sast/..-..-x"],
])("rule %s is %s", async (ruleId, rule) => {
  expect((await taken(log(run([result({ ruleId })])))).findings[0]?.rule).toBe(rule);
});

test("rules without a name in Latin letters, and endless ones, keep apart", async () => {
  const ids = ["規則", "规则", "x".repeat(300), `${"x".repeat(300)}y`];
  const { findings } = await taken(log(run(ids.map((ruleId) => result({ ruleId })))));
  expect(new Set(findings.map(({ rule }) => rule)).size).toBe(4);
  for (const { rule } of findings) expect(rule).toMatch(/^sast\/[a-z0-9.-]{1,140}$/);
});

test("only a plain address of a rule's page is shown", async () => {
  const page = async (helpUri: string) =>
    (await taken(log(runOf("semgrep", [{ ruleId: "a", message: { text: "m" } }], [{ id: "a", helpUri }])))).findings[0]
      ?.remedy;
  expect(await page("https://semgrep.dev/r/a")).toContain("About the rule: https://semgrep.dev/r/a");
  for (const bad of ["javascript:alert(1)", "https://x.test/`a`", "http://a b", "file:///etc"]) {
    expect(await page(bad)).not.toContain("About");
  }
});

test("a long message is cut between characters", async () => {
  const text = `${"x".repeat(998)}${"\u{1f600}".repeat(9)}`;
  const { findings } = await taken(log(run([result({ message: { text } })])));
  expect(findings[0]?.message).toBe(`${"x".repeat(998)}…`);
});
