import fc from "fast-check";
import { expect, test } from "vitest";
import type { Finding, ScanReport, Severity } from "../../src/model/finding.ts";
import { SEVERITIES } from "../../src/model/finding.ts";
import { scanCheckRun } from "../../src/scan/check-run.ts";

const SHA = "a".repeat(40);
const PULL = { number: 7, commits: 3 };
let made = 0;

function finding(
  severity: Severity,
  more: Partial<Finding> = {},
  location: Partial<Finding["location"]> = {},
): Finding {
  made++;
  return {
    rule: "sast/eval",
    severity,
    message: "Text is run.",
    remedy: "Do not.",
    location: { path: "src/a.py", line: made, commit: SHA, headLine: made, ...location },
    fingerprint: String(made).padStart(64, "0"),
    baseline: "new",
    ...more,
  };
}

const known = (severity: Severity, more: Partial<Finding> = {}) =>
  finding(severity, { baseline: "unchanged", ...more });
const waiver = { reason: "It is a test.", owner: "ada", until: "2026-12-24" };

function completed(findings: Finding[], more: Partial<Extract<ScanReport, { status: "completed" }>> = {}): ScanReport {
  const tool = { name: "semgrep", version: "1.140.0" };
  return { kind: "sast", status: "completed", sha: SHA, findings, notes: [], tool, ...more };
}

const compared = { fixed: 0 };
const alone = (severity: Severity) => {
  const { baseline: _, ...rest } = finding(severity);
  return rest;
};

test.each<[string, ScanReport, string, string]>([
  ["nothing at all", completed([]), "No findings", "success"],
  ["nothing left", completed([], { fixed: 2 }), "No findings · 2 fixed", "success"],
  ["nothing to compare with", completed([alone("high"), alone("low")]), "2 findings: 1 high, 1 low", "failure"],
  [
    "something new",
    completed([finding("critical"), finding("high"), finding("high")]),
    "3 new findings: 1 critical, 2 high",
    "failure",
  ],
  ["something small and new", completed([finding("medium")], compared), "1 new finding: 1 medium", "success"],
  ["only old debt", completed([known("critical"), known("low")], compared), "Nothing new · 2 known", "success"],
  [
    "old debt beyond its grace",
    completed([known("high", { overdue: true }), known("low")]),
    "Nothing new · 1 overdue: 1 high · 1 known",
    "failure",
  ],
  ["what is waived", completed([finding("critical", { waiver })]), "Nothing new · 1 waived", "success"],
  [
    "what would be waived",
    completed([finding("critical", { wouldBeWaived: true })]),
    "1 new finding: 1 critical",
    "failure",
  ],
])("%s", (_name, report, title, conclusion) => {
  expect(scanCheckRun(report, PULL)).toMatchObject({ status: "completed", title, conclusion });
});

test("what the configuration lets fail fails", () => {
  const of = (findings: Finding[], failOn: Severity[], oldDebtBlocks: boolean) =>
    scanCheckRun(completed(findings), PULL, { failOn, oldDebtBlocks });
  expect(of([finding("critical")], [], false)).toMatchObject({ conclusion: "success" });
  expect(of([finding("low")], ["low"], false)).toMatchObject({ conclusion: "failure" });
  expect(of([known("high")], ["high"], true)).toMatchObject({ conclusion: "failure" });
  expect(of([finding("high", { waiver })], ["high"], true)).toMatchObject({ conclusion: "success" });
});

const about = { kind: "dast", sha: SHA, reason: "Because *of* @ada." } as const;

test.each<[ScanReport, string, string | undefined]>([
  [{ ...about, status: "running" }, "Scanning", undefined],
  [{ ...about, status: "running", phase: "running" }, "Scanning", undefined],
  [{ ...about, status: "running", phase: "queued" }, "Queued", undefined],
  [{ ...about, status: "unknown" }, "Not known: the scan could not say", "/hms scan dast"],
  [{ ...about, status: "unknown", cause: "failed" }, "Not a pass: the scan failed", "/hms scan dast"],
  [{ ...about, status: "unknown", cause: "timed-out" }, "Not a pass: the scan took too long", "/hms scan dast"],
  [{ ...about, status: "unknown", cause: "cancelled" }, "Not a pass: the scan was cancelled", "/hms scan dast"],
  [{ ...about, status: "unknown", cause: "not-installed" }, "Not a pass: the scan is not installed", "hms-scan.yml"],
])("a scan without a result is never completed: %#", (report, title, text) => {
  const check = scanCheckRun(report, PULL);
  expect(check).toMatchObject({ status: "in_progress", title, annotations: [] });
  expect(check).not.toHaveProperty("conclusion");
  expect(check.summary).toContain("Because \\*of\\* @\u200bada.");
  if (text === undefined) expect(check.text).toBe("");
  else {
    expect(check.text).toContain(text);
    expect(check.text).toContain("Nothing runs at the moment");
  }
});

test("annotations: changed lines first, then the worst; old debt only where the pull request touches it", () => {
  const findings = [
    known("critical"),
    known("low", { onChangedLine: true, message: "touched" }),
    finding("low", { message: "small" }),
    finding("high", { message: "great" }),
    finding("medium", { onChangedLine: true, message: "here" }),
    finding("critical", { waiver }),
    known("high", { overdue: true, message: "overdue" }),
  ];
  const { annotations, summary } = scanCheckRun(completed(findings), PULL);
  expect(annotations.map(({ message }) => message)).toEqual(
    ["here", "great", "small", "overdue", "touched"].map((message) => `${message}. Do not.`),
  );
  expect(summary).toContain("showing 5 of 6");
});

test("showing 200 of 1,342: all of them count", () => {
  const findings = Array.from({ length: 1_342 }, (_, at) => finding("high", {}, { line: at + 1, headLine: at + 1 }));
  const check = scanCheckRun(completed(findings), PULL);
  expect(check.annotations).toHaveLength(200);
  expect(check.summary).toContain(
    "Annotations: showing 200 of 1,342, what is new and on changed lines first; all of them count.",
  );
  expect(check.title).toBe("1,342 new findings: 1,342 high");
  expect(check.text).toMatch(/lines left out here/);
  expect(scanCheckRun(completed(findings.slice(0, 200)), PULL).summary).not.toContain("showing");
});

test("counts stand by severity; what is waived is named with until when and by whom, and what would be", () => {
  const findings = [finding("high", { wouldBeWaived: true }), known("high"), finding("critical", { waiver })];
  const { summary, text } = scanCheckRun(
    completed(findings, { waiverNotes: ["A waiver is unused."], notes: ["A note."], url: "https://github.test/run/1" }),
    PULL,
  );
  expect(summary).toContain(`\`semgrep 1.140.0\` looked through \`${SHA}\`. [The run](https://github.test/run/1)`);
  expect(summary).toContain(
    "| severity | new | known | waived |\n|---|---:|---:|---:|\n| critical | 0 | 0 | 1 |\n| high | 1 | 1 | 0 |",
  );
  expect(summary).toContain("until 2026\\-12\\-24, ada: It is a test.");
  expect(summary).toContain("1 finding counts although this pull request proposes a waiver for it: waivers hold");
  const two = completed([finding("high", { wouldBeWaived: true }), finding("low", { wouldBeWaived: true })]);
  expect(scanCheckRun(two, PULL).summary).toContain("2 findings count although this pull request proposes waivers for");
  expect(summary).toContain("- A waiver is unused.\n- A note.");
  expect(text).toContain("### New in this pull request (1)");
  expect(text).toContain("### The base branch has them as well (1)");
  expect(text).toContain("### Waived (1)");
});

test("text of others stays text, and fits", () => {
  const hostile = fc.constantFrom(
    "</details><img src=x onerror=alert(1)>",
    "[a](javascript:alert(1))",
    "@acme/sre",
    "a|b\n# c",
    "`x`",
    "![](//x.test)",
    "\u202e",
    "x".repeat(5_000),
  );
  const one = fc.record({ text: hostile, severity: fc.constantFrom(...SEVERITIES), waived: fc.boolean() });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 60 }), hostile, (list, note) => {
      const findings = list.map(({ text, severity, waived }) =>
        finding(
          severity,
          {
            rule: `sast/${text}`,
            message: text,
            remedy: text,
            ...(waived ? { waiver: { reason: text, owner: text, until: text } } : {}),
          },
          { path: text },
        ),
      );
      const check = scanCheckRun(
        completed(findings, { notes: [note], tool: { name: note }, url: `https://x.test/)[a](${note}` }),
        PULL,
      );
      for (const shown of [check.summary, check.text]) {
        expect(Buffer.byteLength(shown)).toBeLessThanOrEqual(65_535);
        const outside = shown.replace(/(`+)(?:(?!\1)[\s\S])*?\1/g, "");
        expect(outside).not.toMatch(/(?<!\\)(?:<img|<\/|\]\(javascript|!\[)|@acme/);
      }
      expect(check.title.length).toBeLessThan(200);
      for (const { title } of check.annotations) expect(title.length).toBeLessThanOrEqual(250);
    }),
    { numRuns: 60 },
  );
}, 60_000);
