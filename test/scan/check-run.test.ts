import { describe, expect, test } from "vitest";
import type { Finding, ScanReport } from "../../src/model/finding.ts";
import { secretsCheckRun } from "../../src/scan/check-run.ts";

const SHA = "a".repeat(40);
const PULL = { number: 7, commits: 3 };

function finding(change: Partial<Finding> = {}, location: Partial<Finding["location"]> = {}): Finding {
  return {
    rule: "secrets/github-token",
    severity: "critical",
    message: "GitHub token in a.env.",
    remedy: "Rotate it first. Then `git rebase -i <base>` and force-push.",
    fingerprint: "f".repeat(64),
    ...change,
    location: { path: "a.env", line: 4, endLine: 4, commit: "b".repeat(40), headLine: 9, ...location },
  };
}

function completed(findings: Finding[], notes: string[] = []): ScanReport {
  return { kind: "secrets", status: "completed", sha: SHA, findings, scannedCommits: 3, notes };
}

function withoutHeadLine(change: Partial<Finding> = {}, location: Partial<Finding["location"]> = {}): Finding {
  const made = finding(change, location);
  const { headLine: _headLine, ...rest } = made.location;
  return { ...made, location: rest };
}

describe("state and title", () => {
  test.each([
    [completed([]), "completed", "success", "No secrets in 3 commits"],
    [completed([finding()]), "completed", "failure", "1 critical finding in 3 commits"],
    [
      completed([finding({ severity: "medium" }), finding(), finding({ severity: "high" }), finding()]),
      "completed",
      "failure",
      "2 critical, 1 high, 1 medium findings in 3 commits",
    ],
    [completed([finding({ severity: "medium" })]), "completed", "success", "1 medium finding in 3 commits"],
    [{ kind: "secrets", status: "running", sha: SHA, reason: "x" }, "in_progress", undefined, "Scanning 3 commits"],
    [
      { kind: "secrets", status: "unknown", sha: SHA, reason: "x" },
      "in_progress",
      undefined,
      "Not known: the scan could not say",
    ],
  ] as const)("%#", (report, status, conclusion, title) => {
    const run = secretsCheckRun(report, PULL);
    expect([run.status, "conclusion" in run ? run.conclusion : undefined, run.title]).toEqual([
      status,
      conclusion,
      title,
    ]);
  });
});

describe("waivers", () => {
  const waiver = { reason: "A key *of* the tests.", owner: "acme/sre", until: "2026-12-24", line: 3 };

  test("a secret that is waived is named with its waiver, and neither fails the check nor is annotated", () => {
    const report = { ...completed([finding({ waiver })]), waiverNotes: ["Another one expired."] };
    const run = secretsCheckRun(report, PULL);
    expect(run).toMatchObject({
      conclusion: "success",
      title: "No other secrets in 3 commits · 1 waived",
      annotations: [],
    });
    expect(run.summary).toContain(
      "- `secrets/github-token` in `a.env:9`: until 2026\\-12\\-24, acme/sre: A key \\*of\\*",
    );
    expect(run.summary).toContain("- Another one expired.");
    expect(run.text).toContain("### Waived");
  });

  test("beside others only those count; one that is merely proposed does as well", () => {
    const run = secretsCheckRun(completed([finding({ waiver }), finding({ wouldBeWaived: true })]), PULL);
    expect(run).toMatchObject({ conclusion: "failure", title: "1 critical finding in 3 commits · 1 waived" });
    expect(run.annotations).toHaveLength(1);
    expect(run.summary).toContain("1 finding counts although this pull request proposes a waiver for it");
  });
});

test("what stands is annotated, what is only in the history is told with its commit", () => {
  const run = secretsCheckRun(
    completed([finding(), withoutHeadLine({}, { path: "old.env", commit: "c".repeat(40) })]),
    PULL,
  );
  expect(run.annotations).toEqual([
    {
      path: "a.env",
      start_line: 9,
      end_line: 9,
      annotation_level: "failure",
      title: "secrets/github-token (critical)",
      message: "GitHub token in a.env. Rotate it first. Then `git rebase -i <base>` and force-push.",
    },
  ]);
  expect(run.text).toBe(
    [
      "### In the branch as it is",
      "",
      "| severity | rule | where | commit | what |",
      "|---|---|---|---|---|",
      "| critical | `secrets/github-token` | `a.env:9` | `bbbbbbb` | GitHub token in a.env. |",
      "",
      "### Only in the history",
      "",
      "Deleting the line does not unleak it: rotate the key and rewrite the branch.",
      "",
      "| severity | rule | where | commit | what |",
      "|---|---|---|---|---|",
      "| critical | `secrets/github-token` | `old.env:4` | `ccccccc` | GitHub token in a.env. |",
      "",
    ].join("\n"),
  );
  expect(run.summary).toContain("Rotate it first. Then `git rebase -i <base>` and force\\-push.");
});

test("a contributor's names stay text", () => {
  const path = "a|b`@acme/sre`.env";
  const run = secretsCheckRun(
    completed([finding({ message: `Token in ${path}.` }, { path })], ["see @acme/sre <b>"]),
    PULL,
  );
  expect(run.text).toContain("| `` a\\|b`@acme/sre`.env:9 `` |");
  expect(run.text).toContain("Token in a\\|b\\`@\u200bacme/sre\\`.env.");
  expect(run.summary).toContain("- see @\u200bacme/sre \\<b\\>");
});

test("long lists and annotations are cut with a statement", () => {
  const many = Array.from({ length: 2000 }, (_, at) =>
    finding({ fingerprint: String(at) }, { path: `${"d".repeat(80)}/${at}` }),
  );
  const run = secretsCheckRun(
    completed(
      many,
      Array.from({ length: 2000 }, (_, at) => `note ${at} ${"n".repeat(80)}`),
    ),
    PULL,
  );
  expect(Buffer.byteLength(run.text)).toBeLessThanOrEqual(65_535);
  expect(Buffer.byteLength(run.summary)).toBeLessThanOrEqual(65_535);
  expect(run.text).toMatch(
    /\*\d+ lines left out here: GitHub takes no longer text\. The verdict counts all findings\.\*$/,
  );
  expect(run.annotations).toHaveLength(200);
  expect(run.summary).toContain("Annotations: showing 200 of 2000, the worst first; all of them count.");
  expect(secretsCheckRun(completed(many.slice(0, 200)), PULL).summary).not.toContain("showing");
});

test("annotations of several lines keep their height; binary files and messages have none", () => {
  const run = secretsCheckRun(
    completed([finding({}, { line: 4, endLine: 8 }), withoutHeadLine({ rule: "secrets/unscanned", severity: "high" })]),
    PULL,
  );
  expect(run.annotations.map((one) => [one.start_line, one.end_line])).toEqual([[9, 13]]);
  expect(run.text).toContain("### Not scanned");
  expect(run.text).not.toContain("### Only in the history");
});
