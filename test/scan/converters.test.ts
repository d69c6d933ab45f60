import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readSonarQube } from "../../src/scan/converters.ts";

type ConvertedReading = ReturnType<typeof readSonarQube>;

const SHA = "a".repeat(40);

function findings(reading: ConvertedReading) {
  if (!reading.ok) throw new Error(reading.problem);
  return reading.result.findings;
}

const problem = (reading: ConvertedReading) => (reading.ok ? "taken" : reading.problem);

const issue = (more: object = {}) => ({
  key: "AX1",
  rule: "java:S2095",
  severity: "CRITICAL",
  component: "shop:src/Db.java",
  project: "shop",
  line: 45,
  hash: "a3b2c1d4",
  textRange: { startLine: 45, endLine: 47, startOffset: 8, endOffset: 5 },
  status: "OPEN",
  type: "BUG",
  message: "Close this connection.",
  ...more,
});
const PASSED = { projectStatus: { status: "OK", conditions: [] } };
const sonar = (issues: object[], more: object = {}) =>
  readSonarQube({ pages: [{ paging: { total: issues.length }, issues }], gate: PASSED, revision: SHA, ...more }, SHA);

describe("SonarQube", () => {
  test("an issue is a finding", () => {
    expect(findings(sonar([issue()]))).toEqual([
      {
        rule: "quality/java-s2095",
        severity: "high",
        message: "Close this connection.",
        remedy: "Repair it in the code; the rule is java:S2095 in SonarQube.",
        location: { path: "src/Db.java", line: 45, endLine: 47, headLine: 45, commit: SHA },
        fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
        context: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    ]);
  });

  test.each([
    [{ severity: "BLOCKER" }, "critical"],
    [{ severity: "MAJOR" }, "medium"],
    [{ severity: "BLOCKER", type: "CODE_SMELL" }, "medium"],
    [{ impacts: [{ softwareQuality: "SECURITY", severity: "HIGH" }] }, "high"],
    [{ impacts: [{ softwareQuality: "MAINTAINABILITY", severity: "BLOCKER" }] }, "medium"],
    [
      {
        impacts: [
          { softwareQuality: "MAINTAINABILITY", severity: "HIGH" },
          { softwareQuality: "RELIABILITY", severity: "LOW" },
        ],
      },
      "medium",
    ],
    [{ severity: undefined }, "medium"],
  ])("%j is %s", (more, severity) => {
    expect(findings(sonar([issue(more)]))[0]?.severity).toBe(severity);
  });

  test.each([
    [{ status: "CLOSED" }, 0, 0],
    [{ resolution: "FIXED", status: "RESOLVED" }, 0, 0],
    [{ issueStatus: "ACCEPTED" }, 0, 1],
    [{ resolution: "FALSE-POSITIVE", status: "RESOLVED" }, 0, 1],
    [{ issueStatus: "CONFIRMED", status: "CONFIRMED" }, 1, 0],
    [{ status: "TO_REVIEW" }, 1, 0],
  ])("%j makes %d findings and %d notes", (more, number, notes) => {
    const reading = sonar([issue(more)]);
    expect(findings(reading)).toHaveLength(number);
    expect(reading.ok && reading.result.notes).toHaveLength(notes);
  });

  test("an issue stays the same when its line moves, and is another where the line is another", () => {
    const of = (more: object) => findings(sonar([issue(more)]))[0]?.fingerprint;
    expect(of({ line: 90 })).toBe(of({}));
    expect(of({ hash: "ffff" })).not.toBe(of({}));
    expect(of({ hash: undefined, message: "In line 3." })).toBe(of({ hash: undefined, message: "In line 9." }));
  });

  test("paths outside of the repository are left out", () => {
    for (const component of ["shop:../x", "shop:/etc/passwd", "other:src/a", "shop", "shop:file:///x", "shop:\ud800"]) {
      const [one] = findings(sonar([issue({ component })]));
      expect(one?.location.path === undefined || one.location.path === "\ud800", component).toBe(true);
    }
    expect(findings(sonar([issue({ component: "shop:src/100%41.java" })]))[0]?.location.path).toBe("src/100%41.java");
  });

  test("each condition of the gate that is not met is a finding", () => {
    const conditions = [
      { status: "ERROR", metricKey: "new_coverage", comparator: "LT", errorThreshold: "80", actualValue: "55.0" },
      { status: "OK", metricKey: "new_bugs" },
    ];
    const [one, ...others] = findings(sonar([], { gate: { projectStatus: { status: "ERROR", conditions } } }));
    expect(one).toMatchObject({
      rule: "quality/gate-new-coverage",
      severity: "high",
      message: "The quality gate is not met: new_coverage is 55.0, wanted is at least 80.",
    });
    expect(others).toEqual([]);
    expect(findings(sonar([], { gate: { projectStatus: { status: "ERROR" } } }))).toHaveLength(1);
  });

  test.each([
    ["another commit", { revision: "b".repeat(40) }, "is about commit bbb"],
    ["no commit", { revision: null }, "revision is not as it should be"],
    ["no pages", { pages: [] }, "gave no list"],
    [
      "fewer issues than there are",
      { pages: [{ paging: { total: 12_000 }, issues: [issue()] }] },
      "12000 issues, of which it gave 1",
    ],
    [
      "the same page twice",
      { pages: [1, 2].map(() => ({ paging: { total: 2 }, issues: [issue()] })) },
      "2 issues, of which it gave 1",
    ],
    ["no gate", { gate: { projectStatus: { status: "NONE" } } }, "has not computed a quality gate"],
    [
      "an error in place of the gate",
      { gate: { errors: [{ msg: "Forbidden" }] } },
      "gate.projectStatus is not as it should be",
    ],
    ["a page that is none", { pages: [{ issues: [] }] }, "pages[0].paging is not as it should be"],
  ])("refused: %s", (_name, more, text) => {
    expect(problem(sonar([issue()], more))).toContain(text);
  });
});

test("equal findings are numbered", () => {
  const both = findings(sonar([issue({ key: "AX1" }), issue({ key: "AX2" })]));
  expect(new Set(both.map(({ fingerprint }) => fingerprint)).size).toBe(2);
});

test("never throws, and never takes what is no report", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(readSonarQube({ pages: [value], gate: value, revision: SHA }, SHA).ok).toBe(false);
    }),
  );
  const text = fc.string({ unit: "binary" });
  fc.assert(
    fc.property(text, text, (a, b) => {
      sonar([issue({ component: `shop:${a}`, message: b, rule: a, hash: b })]);
    }),
  );
}, 60_000);
