import fc from "fast-check";
import { expect, test } from "vitest";
import { checkerFindings } from "../../src/gate/checker-findings.ts";
import { type Finding, SEVERITIES } from "../../src/model/finding.ts";

const SHA = "a".repeat(40);
const WAIVER = { reason: "known", owner: "acme/sre", until: "2027-01-01" };

function finding(change: Partial<Finding> = {}): Finding {
  return {
    rule: "sast/eval",
    severity: "high",
    message: "Code is evaluated.",
    remedy: "Do not.",
    location: { path: "src/a.ts", line: 3, commit: SHA, headLine: 3 },
    fingerprint: "f".repeat(64),
    ...change,
  };
}

const many = (number: number, change: (i: number) => Partial<Finding>): Finding[] =>
  Array.from({ length: number }, (_, i) => finding({ fingerprint: String(i).padStart(64, "0"), ...change(i) }));

test("a new finding stands by itself, with its path", () => {
  expect(checkerFindings("sast", [finding({ baseline: "new", onChangedLine: true })])).toEqual([
    {
      rule: "sast/eval",
      severity: "high",
      message: "Code is evaluated.",
      fingerprint: "f".repeat(64),
      path: "src/a.ts",
    },
  ]);
});

test.each<[string, Partial<Finding>, object]>([
  ["unchanged", { baseline: "unchanged" }, { state: "unchanged" }],
  ["overdue", { baseline: "unchanged", overdue: true }, { state: "unchanged", overdue: true }],
  ["waived", { waiver: WAIVER }, { waived: true }],
  ["waived debt", { baseline: "unchanged", waiver: WAIVER }, { state: "unchanged", waived: true }],
])("those that are %s stand together with their number", (_name, change, said) => {
  const [group, ...others] = checkerFindings(
    "sast",
    many(7, () => change),
  );
  expect(others).toEqual([]);
  expect(group).toEqual({
    rule: "sast/eval",
    severity: "high",
    message: "Code is evaluated.",
    fingerprint: "0".repeat(64),
    count: 7,
    ...said,
  });
});

test("a proposed waiver and a new finding that calls itself overdue change nothing", () => {
  const [one] = checkerFindings("sast", [finding({ wouldBeWaived: true, overdue: true })]);
  expect(one).not.toHaveProperty("waived");
  expect(one).not.toHaveProperty("overdue");
});

test("of more than a thousand new ones the worst stand by themselves and the others are counted", () => {
  const found = checkerFindings("sast", [
    ...many(1_500, () => ({ severity: "medium" })),
    finding({ severity: "critical", fingerprint: "c".repeat(64) }),
  ]);
  expect(found).toHaveLength(1_001);
  expect(found[0]?.severity).toBe("critical");
  expect(found.at(-1)).toMatchObject({ severity: "medium", count: 501 });
  expect(found.at(-1)).not.toHaveProperty("state");
});

test("a report with a rule of its own for every finding stays small", () => {
  const found = checkerFindings(
    "sast",
    many(50_000, (i) => ({ rule: `sast/r${i}`, baseline: "unchanged" })),
  );
  expect(found.length).toBeLessThan(600);
  expect(found.find(({ rule }) => rule === "sast/others")?.count).toBe(49_500);
});

test("what a tool writes is cut, in whole characters", () => {
  const long = "\u{1f600}".repeat(1_000);
  const [one] = checkerFindings("sast", [
    finding({ message: long, rule: `sast/${long}`, location: { path: long, commit: SHA } }),
  ]);
  expect(one?.message.length).toBeLessThanOrEqual(200);
  expect(one?.rule.length).toBeLessThanOrEqual(200);
  expect(one?.path?.length).toBeLessThanOrEqual(500);
  expect([one?.message, one?.rule, one?.path].every((text) => text?.isWellFormed())).toBe(true);
});

const findings = fc.array(
  fc.record({
    rule: fc.constantFrom("sast/a", "sast/b", "sast/c"),
    severity: fc.constantFrom(...SEVERITIES),
    baseline: fc.constantFrom(undefined, "new" as const, "unchanged" as const),
    waived: fc.boolean(),
    overdue: fc.boolean(),
    times: fc.constantFrom(1, 1, 1, 700),
  }),
  { maxLength: 12 },
);

test("no finding is lost: by severity and state the numbers add up to all of them, whatever their order", () => {
  fc.assert(
    fc.property(findings, (drawn) => {
      const all = drawn.flatMap(({ times, waived, overdue, baseline, ...rest }) =>
        many(times, () => ({
          ...rest,
          ...(baseline ? { baseline } : {}),
          ...(waived ? { waiver: WAIVER } : {}),
          ...(overdue ? { overdue } : {}),
        })),
      );
      const said = checkerFindings("sast", all);
      const count = (of: (one: (typeof said)[number]) => boolean) =>
        said.filter(of).reduce((sum, one) => sum + (one.count ?? 1), 0);
      for (const severity of SEVERITIES) {
        const own = all.filter((one) => one.severity === severity);
        expect(count((one) => one.severity === severity)).toBe(own.length);
        expect(count((one) => one.severity === severity && one.waived === true)).toBe(
          own.filter((one) => one.waiver).length,
        );
        expect(count((one) => one.severity === severity && one.state === "unchanged")).toBe(
          own.filter((one) => one.baseline === "unchanged").length,
        );
      }
      expect(checkerFindings("sast", all.toReversed())).toEqual(said);
    }),
    { numRuns: 60 },
  );
});
