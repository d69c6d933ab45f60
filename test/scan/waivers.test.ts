import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Finding, ScanReport } from "../../src/model/finding.ts";
import type { ScanKind } from "../../src/model/scan-kind.ts";
import type { Waiver } from "../../src/model/waiver.ts";
import { applyWaivers, parseWaivers, tooLongWaivers } from "../../src/scan/waivers.ts";

const TODAY = "2026-11-21";
const A = "a".repeat(64);
const B = "b".repeat(64);

const entry = (lines: string[]) => lines.map((line, i) => `${i === 0 ? "  - " : "    "}${line}`).join("\n");
const RULE = [
  "rule: sast/eval",
  'path: "legacy/**"',
  "reason: It goes in spring.",
  "owner: acme/sre",
  "expires: 2027-01-31",
];
const yml = (...entries: string[][]) => `version: 1\nwaivers:\n${entries.map(entry).join("\n")}\n`;
const without = (name: string) => RULE.filter((line) => !line.startsWith(`${name}:`));

describe("a file of waivers", () => {
  test("is read with the line of each", () => {
    const text = yml(RULE, [`fingerprint: ${A}`, "reason: Not a key.", 'owner: "@ada"', "expires: 2026-12-01"]);
    expect(parseWaivers(text)).toEqual({
      ok: true,
      waivers: [
        {
          rule: "sast/eval",
          path: "legacy/**",
          reason: "It goes in spring.",
          owner: "acme/sre",
          expires: "2027-01-31",
          line: 3,
        },
        { fingerprint: A, reason: "Not a key.", owner: "ada", expires: "2026-12-01", line: 8 },
      ],
    });
    expect(parseWaivers("version: 1\nwaivers: []\n")).toEqual({ ok: true, waivers: [] });
  });

  test.each<[string, string, number, RegExp]>([
    ["nothing", "", 1, /empty/],
    ["no version", "waivers: []\n", 1, /version/],
    ["another key", "version: 1\nwaivers: []\nwaiver: []\n", 3, /unknown key `waiver`/],
    ["no reason", yml(without("reason")), 3, /reason.* is missing/],
    ["an empty reason", yml([...without("reason"), 'reason: " "']), 7, /says why/],
    ["no owner", yml(without("owner")), 3, /owner.* is missing/],
    ["no expiry", yml(without("expires")), 3, /expires.* is missing/],
    ["an expiry that is no day", yml([...without("expires"), "expires: 2027-02-30"]), 7, /no day/],
    ["an expiry that never comes", yml([...without("expires"), "expires: never"]), 7, /no day/],
    ["a rule without a path", yml(without("path")), 3, /`rule` and a `path`/],
    ["a path without a rule", yml(without("rule")), 3, /`rule` and a `path`/],
    ["a fingerprint with a path", yml([...RULE, `fingerprint: ${A}`]), 3, /leave out the `path`/],
    ["a short fingerprint", yml([...without("path"), "fingerprint: abc"]), 7, /64 hexadecimal/],
    ["secrets by path", yml([...without("rule"), "rule: secrets/aws-access-key-id"]), 3, /one by one/],
    ["leaks by path", yml([...without("rule"), "rule: leaks/generic-api-key"]), 3, /one by one/],
    ["a pattern that cannot be read", yml([...without("path"), 'path: "!src"']), 7, /no pattern/],
    ["an owner with a blank", yml([...without("owner"), "owner: the team"]), 7, /neither a login/],
    ["the same twice", yml(RULE, RULE), 8, /twice/],
    ["an alias", "version: 1\nwaivers: &a [*a]\n", 2, /anchors and aliases/],
    ["a tag", "version: 1\nwaivers: !!set {}\n", 2, /tags/],
    ["a key given twice", "version: 1\nversion: 1\nwaivers: []\n", 2, /given twice/],
    ["two documents", "version: 1\nwaivers: []\n---\nversion: 1\n", 3, /more than one/],
    ["too much", `# ${"x".repeat(300_000)}`, 1, /256 KB/],
    ["too deep", `version: 1\nwaivers: ${"[".repeat(2_000)}`, 1, /nested/],
  ])("with %s is refused at its place", (_name, text, line, message) => {
    const read = parseWaivers(text);
    expect(read).toMatchObject({ ok: false, problems: [{ line, message: expect.stringMatching(message) }] });
  });

  test("of any other text is refused, and never thrown at", () => {
    const pieces = fc.constantFrom(
      "version: 1",
      "waivers:",
      "\n",
      "  - ",
      "rule: sast/x",
      "{",
      "[",
      "&a",
      "*a",
      ":",
      "\t",
      "'",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces).map((all) => all.join("")),
        ),
        (text) => {
          const read = parseWaivers(text);
          if (!read.ok) expect(read.problems.length).toBeGreaterThan(0);
        },
      ),
    );
  });

  test("with very many of them is refused", () => {
    expect(parseWaivers(`version: 1\nwaivers: [${"{},".repeat(2_001)}]`)).toMatchObject({ ok: false });
  });
});

const waiver = (change: Partial<Waiver> = {}): Waiver => ({
  rule: "sast/eval",
  path: "legacy/**",
  reason: "It goes in spring.",
  owner: "acme/sre",
  expires: "2027-01-31",
  line: 3,
  ...change,
});
const single = (change: Partial<Waiver> = {}): Waiver => {
  const { rule: _, path: __, ...rest } = waiver();
  return { ...rest, fingerprint: A, ...change };
};

function finding(change: Partial<Finding> = {}, path: string | undefined = "legacy/cart.ts"): Finding {
  return {
    rule: "sast/eval",
    severity: "high",
    message: "m",
    remedy: "r",
    location: { ...(path === undefined ? {} : { path }), commit: "c".repeat(40) },
    fingerprint: A,
    ...change,
  };
}

function report(findings: Finding[], kind: ScanKind = "sast"): ScanReport {
  return { kind, status: "completed", sha: "c".repeat(40), findings, notes: [] };
}

function applied(findings: Finding[], inForce: Waiver[], proposed?: Waiver[], kind: ScanKind = "sast", days?: number) {
  const { reports, validUntilMs } = applyWaivers([report(findings, kind)], inForce, proposed, TODAY, days);
  const [one] = reports;
  if (one?.status !== "completed") throw new Error("a completed report stays completed");
  return {
    waived: one.findings.map((each) => each.waiver !== undefined),
    would: one.findings.map((each) => each.wouldBeWaived === true),
    notes: one.waiverNotes ?? [],
    validUntil: validUntilMs === undefined ? undefined : new Date(validUntilMs).toISOString(),
    findings: one.findings,
  };
}

describe("waivers of the default branch", () => {
  test.each<[string, Waiver, Finding, ScanKind, boolean]>([
    ["by rule and path", waiver(), finding(), "sast", true],
    ["by rule and path, another rule", waiver(), finding({ rule: "sast/sql" }), "sast", false],
    ["by rule and path, another path", waiver(), finding({}, "src/cart.ts"), "sast", false],
    ["by rule and path, where no path is known", waiver(), finding({ location: { commit: "x" } }), "sast", false],
    ["by fingerprint", single(), finding(), "sast", true],
    ["by fingerprint, moved", single(), finding({}, "src/moved.ts"), "sast", true],
    ["by fingerprint, another", single(), finding({ fingerprint: B }), "sast", false],
    ["by fingerprint and rule", single({ rule: "sast/eval" }), finding(), "sast", true],
    ["by fingerprint and another rule", single({ rule: "sast/sql" }), finding(), "sast", false],
    ["a secret by fingerprint", single(), finding({ rule: "secrets/key" }), "secrets", true],
    ["a secret by path", waiver({ rule: "secrets/key" }), finding({ rule: "secrets/key" }), "secrets", false],
    ["a leak by path", waiver({ rule: "leaks/key" }), finding({ rule: "leaks/key" }), "leaks", false],
    ["a leak whose scan calls its rule otherwise", waiver(), finding(), "leaks", false],
    ["today is the last day", waiver({ expires: TODAY }), finding(), "sast", true],
    ["yesterday was the last day", waiver({ expires: "2026-11-20" }), finding(), "sast", false],
    ["as long as may be", waiver({ expires: "2027-05-20" }), finding(), "sast", true],
    ["longer than may be", waiver({ expires: "2027-05-21" }), finding(), "sast", false],
  ])("%s", (_name, one, found, kind, covered) => {
    expect(applied([found], [one], undefined, kind).waived).toEqual([covered]);
  });

  test("a finding says under which, and the report until when it holds", () => {
    const { findings, validUntil } = applied([finding()], [waiver(), waiver({ expires: "2026-12-24", path: "**" })]);
    // Both cover it, so that it is covered until the later day.
    expect(findings[0]?.waiver).toMatchObject({ reason: "It goes in spring.", owner: "acme/sre", until: "2027-01-31" });
    expect(validUntil).toBe("2027-02-01T00:00:00.000Z");
  });

  test("an expired one is named with what counts again; one that was replaced, too", () => {
    const old = waiver({ expires: "2026-11-20", line: 9 });
    expect(applied([finding(), finding()], [old]).notes).toEqual([
      "The waiver for sast/eval in legacy/** (line 9 of the waivers, acme/sre) expired on 2026-11-20 and does not count any more; 2 findings count again.",
    ]);
    expect(applied([finding()], [old, waiver()]).notes[0]).toMatch(/expired on 2026-11-20 .* it can be deleted\.$/);
  });

  test("one that is too long is named, by the configured length", () => {
    const { waived, notes } = applied([finding()], [waiver({ expires: "2026-12-31" })], undefined, "sast", 30);
    expect(waived).toEqual([false]);
    expect(notes).toEqual([
      "The waiver for sast/eval in legacy/** (line 3 of the waivers, acme/sre) does not count, as it expires on 2026-12-31, more than 30 days from now.",
    ]);
    expect(tooLongWaivers([waiver()], TODAY, 30)).toEqual([
      {
        line: 3,
        column: 1,
        message: "this waiver expires on 2027-01-31, more than 30 days from now; it does not count",
      },
    ]);
  });

  test("unused ones are warned about, where their scan has told all", () => {
    const unused =
      "The waiver for sast/eval in legacy/** (line 3 of the waivers, acme/sre) covers nothing here; if what it was for is gone, delete it.";
    expect(applied([], [waiver()]).notes).toEqual([unused]);
    expect(applied([], [single({ fingerprint: B })]).notes[0]).toMatch(
      /for finding bbbbbbbbbbbb… .* covers nothing here/,
    );
    expect(applied([], [single({ rule: "secrets/key" }), waiver({ rule: "iac/x" })]).notes).toEqual([]);
    const running: ScanReport = { kind: "iac", status: "running", sha: "x", reason: "It runs." };
    const both = applyWaivers([report([]), running], [single({ fingerprint: B })], undefined, TODAY).reports;
    expect(both).toEqual([report([]), running]);
  });

  test("a report that says nothing of the code stays as it is", () => {
    const unknown: ScanReport = { kind: "sast", status: "unknown", sha: "x", reason: "It crashed." };
    expect(applyWaivers([unknown], [waiver()], [waiver()], TODAY)).toEqual({ reports: [unknown] });
  });

  test("what a report brings of waivers itself does not count", () => {
    const forged = finding({ waiver: { reason: "x", owner: "x", until: "2099-01-01" }, wouldBeWaived: true });
    expect(applied([forged], [])).toMatchObject({ waived: [false], would: [false], validUntil: undefined });
  });
});

describe("waivers that a pull request proposes", () => {
  test("show their effect and change nothing", () => {
    const { waived, would, notes, validUntil } = applied([finding(), finding({ rule: "sast/sql" })], [], [waiver()]);
    expect({ waived, would, validUntil }).toEqual({
      waived: [false, false],
      would: [true, false],
      validUntil: undefined,
    });
    expect(notes).toEqual([
      "This pull request changes the waivers: 1 finding would be waived once it is merged to the default branch. Until then it counts.",
    ]);
  });

  test("and those that it takes away still count", () => {
    const { waived, notes } = applied([finding()], [waiver()], []);
    expect(waived).toEqual([true]);
    expect(notes[0]).toBe("This pull request changes the waivers: 1 finding that is waived now would count again.");
  });

  test("an expired or too long one proposes nothing", () => {
    const proposed = [waiver({ expires: "2020-01-01" }), waiver({ expires: "2099-01-01" })];
    expect(applied([finding()], [], proposed).would).toEqual([false]);
  });
});

test("more patterns and paths than can be tried are not all tried: what is left counts, and that is said", () => {
  const found = Array.from({ length: 3_000 }, (_, at) =>
    finding({ fingerprint: `${at}` }, `${"a/".repeat(60)}${at}.ts`),
  );
  const many = Array.from({ length: 2_000 }, (_, at) => waiver({ path: `**/${"*a".repeat(20)}${at}` }));
  for (const [inForce, proposed] of [
    [[], many],
    [[...many, waiver({ path: "**" })], undefined],
  ] satisfies [Waiver[], Waiver[] | undefined][]) {
    const { waived, would, notes } = applied(found, inForce, proposed);
    expect([waived.at(-1), would.at(-1)]).toEqual([false, false]);
    expect(notes[0]).toMatch(/^There are too many findings and too many waivers by path/);
  }
});

test("whatever is proposed, what counts is what the default branch says", () => {
  const waivers = fc.array(
    fc.constantFrom(
      waiver(),
      single(),
      waiver({ expires: "2020-01-01" }),
      waiver({ path: "src/" }),
      single({ fingerprint: B }),
    ),
    { maxLength: 4 },
  );
  const findings = fc.array(
    fc.constantFrom(finding(), finding({ fingerprint: B }, "src/a.ts"), finding({ rule: "sast/sql" })),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(findings, waivers, fc.option(waivers, { nil: undefined }), (found, inForce, proposed) => {
      const alone = applied(found, inForce);
      const beside = applied(found, inForce, proposed);
      expect(beside.waived).toEqual(alone.waived);
      expect(beside.validUntil).toBe(alone.validUntil);
      expect(beside.findings).toHaveLength(found.length);
    }),
  );
});
