import fc from "fast-check";
import { expect, test } from "vitest";
import type { Finding } from "../../src/model/finding.ts";
import { changedLinesOfPatch, compareWithBaseline, onChangedLines } from "../../src/scan/baseline.ts";

const SHA = "a".repeat(40);

function finding(name: string, path = "src/a.py", line = 3): Finding {
  return {
    rule: "sast/eval",
    severity: "high",
    message: name,
    remedy: "",
    location: { path, line, commit: SHA, headLine: line },
    fingerprint: `${name} ${path} ${line}`,
    context: name,
  };
}

const NONE = new Map<string, string>();
const states = (findings: Finding[]) => findings.map(({ baseline }) => baseline);

test("what the merge base has as well is unchanged, wherever it moved to; what it had and the head has not is fixed", () => {
  const { findings, fixed } = compareWithBaseline(
    [finding("a", "src/a.py", 90), finding("b")],
    [finding("a"), finding("c")],
    NONE,
  );
  expect(states(findings)).toEqual(["unchanged", "new"]);
  expect(fixed).toEqual([finding("c")]);
});

test("a second copy of an old flaw is new", () => {
  const { findings } = compareWithBaseline([finding("a"), finding("a", "src/a.py", 9)], [finding("a")], NONE);
  expect(states(findings).sort()).toEqual(["new", "unchanged"]);
});

test("of equal ones those are new that the base's fingerprints do not have, in whatever order they are told", () => {
  const numbered = (number: number): Finding => ({
    ...finding("a", "src/a.py", 50 - number),
    fingerprint: `F${number}`,
  });
  const all = [0, 1, 2, 3].map(numbered);
  for (const head of [all, [...all].reverse()]) {
    const { findings, fixed, formerly } = compareWithBaseline(head, [numbered(1), numbered(0)], NONE);
    const fresh = findings.filter((one) => one.baseline === "new").map((one) => one.fingerprint);
    expect([fresh.sort(), fixed, formerly.size]).toEqual([["F2", "F3"], [], 0]);
  }
});

test("a file in the place of one that was renamed has flaws of its own", () => {
  const renames = new Map([["src/a.py", "lib/a.py"]]);
  const { findings, formerly } = compareWithBaseline([finding("a"), finding("a", "lib/a.py")], [finding("a")], renames);
  expect(states(findings)).toEqual(["new", "unchanged"]);
  expect([...formerly]).toEqual([[finding("a", "lib/a.py").fingerprint, finding("a").fingerprint]]);
});

test.each([
  ["another rule", { rule: "sast/other" }],
  ["another path", { location: { path: "src/b.py", commit: SHA } }],
  ["another context", { context: "b" }],
  ["no path", { location: { commit: SHA } }],
])("%s is another flaw", (_name, more) => {
  expect(states(compareWithBaseline([{ ...finding("a"), ...more }], [finding("a")], NONE).findings)).toEqual(["new"]);
});

test("a renamed file brings its flaws along, a copied one makes new ones", () => {
  const renames = new Map([["src/a.py", "lib/a.py"]]);
  const moved = compareWithBaseline([finding("a", "lib/a.py")], [finding("a")], renames);
  expect([states(moved.findings), moved.fixed]).toEqual([["unchanged"], []]);
  const copied = compareWithBaseline([finding("a"), finding("a", "lib/a.py")], [finding("a")], NONE);
  expect(states(copied.findings)).toEqual(["unchanged", "new"]);
});

test("findings without a context are compared by their fingerprints, as often as they stand there", () => {
  const plain = (): Finding => {
    const { context: _, ...rest } = finding("a");
    return rest;
  };
  expect(states(compareWithBaseline([plain(), plain()], [plain()], NONE).findings).sort()).toEqual([
    "new",
    "unchanged",
  ]);
});

test("numbers add up, and nothing is called unchanged that the base does not have", () => {
  const list = fc.array(
    fc.constantFrom("a", "b", "c").map((name) => finding(name)),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(list, list, (head, base) => {
      const { findings, fixed } = compareWithBaseline(head, base, NONE);
      const unchanged = findings.filter((one) => one.baseline === "unchanged");
      expect(findings.length).toBe(head.length);
      expect(unchanged.length + fixed.length).toBe(base.length);
      for (const name of ["a", "b", "c"]) {
        const many = (of: Finding[]) => of.filter((one) => one.message === name).length;
        expect(many(unchanged)).toBe(Math.min(many(head), many(base)));
      }
    }),
  );
});

test.each([
  ["@@ -1,3 +1,4 @@\n a\n+b\n+c\n-d\n e", [[2, 3]]],
  [
    "@@ -1 +1 @@\n-a\n+b\n@@ -10,2 +10,3 @@\n c\n+d\n e",
    [
      [1, 1],
      [11, 11],
    ],
  ],
  ["@@ -1,2 +1 @@\n a\n-b", []],
  ["no patch", []],
])("the lines that a patch adds: %j", (patch, ranges) => {
  expect(changedLinesOfPatch(patch)).toEqual(ranges);
});

test.each([
  ["on it", 5, undefined, true],
  ["before it", 4, undefined, false],
  ["behind it", 8, undefined, false],
  ["reaching into it", 3, 5, true],
  ["around it", 1, 20, true],
])("a finding %s", (_name, line, endLine, wanted) => {
  const one = finding("a", "src/a.py", line);
  if (endLine !== undefined) one.location.endLine = endLine;
  const changed = { lines: new Map([["src/a.py", [[5, 7]] as const]]), complete: true };
  expect(onChangedLines([one], changed)[0]?.onChangedLine).toBe(wanted);
});

test("of a file that may be missing from the list nothing is said", () => {
  const changed = { lines: new Map(), complete: false };
  expect(onChangedLines([finding("a")], changed)[0]?.onChangedLine).toBeUndefined();
  expect(onChangedLines([finding("a")], { ...changed, complete: true })[0]?.onChangedLine).toBe(false);
  const historic = finding("a");
  delete historic.location.headLine;
  expect(onChangedLines([historic], { ...changed, complete: true })[0]?.onChangedLine).toBeUndefined();
});
