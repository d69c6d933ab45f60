import fc from "fast-check";
import { expect, test } from "vitest";
import { log, result, run, runOf, SHA, taken } from "./report.ts";

/** A file with flaws in it, and the report of a scanner that finds them: whichever `flaw` of it stands where. */
const FLAWS = [
  { rule: "python.eval", code: ["eval(request.args['code'])"] },
  { rule: "python.sql", code: ["cursor.execute(", '    "select * from t where a = " + name,', "    timeout=3,", ")"] },
  { rule: "python.eval", code: ["x = eval(open(path).read())"] },
  { rule: "python.shell", code: ["subprocess.run(command, shell=True)"] },
];

function scanned(lines: readonly string[], at: readonly { rule: string; line: number; height: number }[]) {
  return log(
    run(
      at.map(({ rule, line, height }) => {
        const first = Math.max(1, line - 1);
        const last = Math.min(lines.length, line + height);
        const physicalLocation = {
          artifactLocation: { uri: "src/a.py" },
          region: { startLine: line, endLine: line + height - 1 },
          contextRegion: {
            startLine: first,
            endLine: last,
            snippet: { text: lines.slice(first - 1, last).join("\n") },
          },
        };
        return { ruleId: rule, message: { text: `${rule} in line ${line}` }, locations: [{ physicalLocation }] };
      }),
    ),
  );
}

/** Puts other code around the flaws, moves, indents and breaks them anew. */
const LAYOUTS = fc.record({
  order: fc.shuffledSubarray(FLAWS, { minLength: FLAWS.length }),
  between: fc.array(fc.array(fc.constantFrom("", "    pass", "# eval is bad", "import os"), { maxLength: 6 }), {
    minLength: FLAWS.length,
    maxLength: FLAWS.length,
  }),
  indent: fc.array(fc.constantFrom("", "  ", "\t", "        "), { minLength: FLAWS.length, maxLength: FLAWS.length }),
  broken: fc.boolean(),
  joined: fc.boolean(),
  end: fc.constantFrom("", " ", "\r"),
  quotes: fc.boolean(),
});

test("fingerprints stay over a thousand moves and reformattings", async () => {
  const plain = FLAWS.map(({ rule, code }, at) => {
    const line = 1 + FLAWS.slice(0, at).reduce((sum, one) => sum + one.code.length, 0);
    return { rule, line, height: code.length };
  });
  const lines = FLAWS.flatMap(({ code }) => code);
  const fingerprints = (findings: { fingerprint: string }[]) => findings.map((one) => one.fingerprint).sort();
  const wanted = fingerprints((await taken(scanned(lines, plain))).findings);
  expect(new Set(wanted).size).toBe(FLAWS.length);
  await fc.assert(
    fc.asyncProperty(LAYOUTS, async ({ order, between, indent, broken, joined, end, quotes }) => {
      const file: string[] = [];
      const found: { rule: string; line: number; height: number }[] = [];
      for (const [at, { rule, code }] of order.entries()) {
        file.push(...(between[at] ?? []));
        let text = joined
          ? code
              .map((line) => line.trim())
              .join(" ")
              .replace(", )", ")")
          : code.join("\n");
        if (broken) text = text.replace(/\(/g, "(\n    ");
        if (quotes) text = text.replaceAll('"', "'");
        const laidOut = text.split("\n").map((line) => `${indent[at]}${line}${end}`);
        found.push({ rule, line: file.length + 1, height: laidOut.length });
        file.push(...laidOut);
      }
      const { findings } = await taken(scanned([...file, "# end"], found));
      expect(fingerprints(findings)).toEqual(wanted);
    }),
    { numRuns: 1_000 },
  );
}, 60_000);

const one = async (...args: Parameters<typeof result>) => {
  const { findings } = await taken(log(run([result(...args)])));
  return findings[0]?.fingerprint;
};

test.each([
  ["another rule", result({ ruleId: "python.exec" })],
  ["another file", result({}, { uri: "src/b.py" })],
  ["other code", result({}, { code: "eval(request.cookies)" })],
  ["no code", result({ locations: [{ physicalLocation: { artifactLocation: { uri: "src/a.py" } } }] })],
])("%s is another fingerprint", async (_name, other) => {
  expect((await taken(log(run([other])))).findings[0]?.fingerprint).not.toBe(await one());
});

test("equal flaws are told apart by number, in the order of their lines and not of the report", async () => {
  const at = (line: number) => result({}, { line });
  const first = await taken(log(run([at(3), at(30), at(9)])));
  const second = await taken(log(run([at(12), at(5), at(40)])));
  const byLine = ({ findings }: typeof first) =>
    [...findings].sort((a, b) => (a.location.line ?? 0) - (b.location.line ?? 0)).map((finding) => finding.fingerprint);
  expect(byLine(first)).toEqual(byLine(second));
  expect(new Set(byLine(first)).size).toBe(3);
  expect(byLine(first)[0]).toBe(await one());
  expect(new Set(first.findings.map(({ context }) => context)).size).toBe(1);
});

test("code is cut to the region's columns, unless they hold next to nothing", async () => {
  const at = (text: string, startColumn: number, endColumn: number) =>
    result({
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: "src/a.py" },
            region: { startLine: 2, startColumn, endLine: 2, endColumn },
            contextRegion: { startLine: 1, endLine: 3, snippet: { text: `before\n${text}\nafter` } },
          },
        },
      ],
    });
  const of = async (value: Record<string, unknown>) => (await taken(log(run([value])))).findings[0]?.fingerprint;
  expect(await of(at("f(eval(request.body))", 3, 21))).toBe(await of(at("eval(request.body)", 1, 19)));
  expect(await of(at("f(eval(request.body))", 1, 1))).not.toBe(await of(at("g(eval(request.body))", 1, 1)));
});

const POD = `---
# How it runs.
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
    - name: web
      image: web:1`;
const BUCKET = `resource "aws_s3_bucket" "logs" {
  bucket = "logs"
}`;

test.each<[string, string, string, boolean]>([
  ["another image in a pod", POD, POD.replace("web:1", "web:2"), true],
  ["more in a bucket", BUCKET, BUCKET.replace("{", '{\n  tags = { a = "b" }'), true],
  ["another pod", POD, POD.replace("  name: web\nspec", "  name: api\nspec"), false],
  ["another kind", POD, POD.replace("Pod", "Job"), false],
  ["another bucket", BUCKET, BUCKET.replace('"logs" {', '"data" {'), false],
  ["a line of its own", "image: web:1", "image: web:2", false],
])("infrastructure: %s", async (_name, before, after, same) => {
  const of = async (kind: "iac" | "sast", code: string) =>
    (await taken(log(runOf("checkov", [result({}, { code })])), { kind, tool: "checkov" })).findings[0]?.fingerprint;
  expect((await of("iac", before)) === (await of("iac", after))).toBe(same);
  expect(await of("sast", before)).not.toBe(await of("sast", after));
});

const withheld = (text: string, line: number, message: string) =>
  result({
    message: { text: message },
    locations: [
      { physicalLocation: { artifactLocation: { uri: "a.py" }, region: { startLine: line, snippet: { text } } } },
    ],
  });

test.each(["requires login", "REDACTED", "***"])(
  "%j is no code: the message has to do, without its numbers",
  async (text) => {
    const of = async (line: number, message: string) =>
      (await taken(log(run([withheld(text, line, message)])))).findings[0]?.fingerprint;
    expect(await of(3, "eval in line 3")).toBe(await of(7, "eval in  line 7"));
    expect(await of(3, "eval in line 3")).not.toBe(await of(3, "exec in line 3"));
  },
);

const HASH = "0123456789abcdef".repeat(8);

test.each([
  ["fingerprints", "matchBasedId/v1", `${HASH}_0`, `${HASH}_7`, true],
  ["fingerprints", "matchBasedId/v1", "requires login", "requires login", false],
  ["partialFingerprints", "primaryLocationLineHash", "39fa2ee980eb94b0:1", "39fa2ee980eb94b0:2", true],
  ["partialFingerprints", "primaryLocationStartColumnFingerprint", "4", "4", false],
  ["partialFingerprints", "primaryLocationLineHash", HASH.slice(0, 64), HASH.slice(0, 64), false],
  ["partialFingerprints", "commitSha", SHA, SHA, false],
  ["fingerprints", "line", "12", "12", false],
])("%s of %s: %s", async (of, key, first, second, stable) => {
  const a = await one({ [of]: { [key]: first } }, { code: "eval(a_b_c)" });
  const b = await one({ [of]: { [key]: second } }, { code: "eval(d_e_f)", line: 90 });
  expect(a === b).toBe(stable);
});

const trivy = (name: string, version: string, severity = "HIGH") =>
  `Package: ${name}\nInstalled Version: ${version}\nVulnerability CVE-2024-1\nSeverity: ${severity}\nFixed Version: 9\nLink: [CVE-2024-1](https://x.test)`;
const osv = (name: string, version: string) =>
  `Package '${name}@${version}' is vulnerable to 'GHSA-1' (also known as 'CVE-1').`;

test.each([
  ["trivy", trivy("lodash", "1.0.0"), trivy("lodash", "1.0.1", "LOW"), trivy("underscore", "1.0.0")],
  ["osv-scanner", osv("@acme/a", "1.0.0"), osv("@acme/a", "2.0.0"), osv("@acme/b", "1.0.0")],
])("%s: a flaw of a package stays the same over versions that still have it", async (tool, text, later, other) => {
  const of = async (message: string) => {
    const report = log(runOf(tool, [{ ruleId: "CVE-2024-1", message: { text: message }, locations: [] }]));
    return (await taken(report, { kind: "dependencies", tool })).findings[0]?.fingerprint;
  };
  expect(await of(text)).toBe(await of(later));
  expect(await of(text)).not.toBe(await of(other));
});

const leak = (commit: string | undefined, line: number, secret = "REDACTED") => ({
  ruleId: "aws-access-token",
  message: { text: `aws-access-token has detected secret for file a.env at commit ${commit}.` },
  locations: [
    {
      physicalLocation: {
        artifactLocation: { uri: "a.env" },
        region: { startLine: line, startColumn: 2, snippet: { text: secret } },
      },
    },
  ],
  ...(commit
    ? { partialFingerprints: { commitSha: commit, email: "a@x.test", author: "a", date: "2026", commitMessage: "m" } }
    : {}),
});
const leaks = async (...results: unknown[]) =>
  (await taken(log(runOf("gitleaks", results)), { kind: "leaks", tool: "gitleaks" })).findings;

test("a secret is tied to the commit that brought it; another one in its place is another one", async () => {
  const old = "c".repeat(40);
  const [first] = await leaks(leak(old, 3));
  expect(first).toMatchObject({ severity: "critical", location: { path: "a.env", line: 3, commit: old } });
  expect(first?.location).not.toHaveProperty("headLine");
  expect((await leaks(leak(old, 3)))[0]?.fingerprint).toBe(first?.fingerprint);
  expect((await leaks(leak("d".repeat(40), 3)))[0]?.fingerprint).not.toBe(first?.fingerprint);
  const [a] = await leaks(leak(undefined, 3, "AKIAIOSFODNN7EXAMPLE"));
  expect(a?.location).toMatchObject({ commit: SHA, headLine: 3 });
  expect((await leaks(leak(undefined, 9, "AKIAIOSFODNN7EXAMPLE")))[0]?.fingerprint).toBe(a?.fingerprint);
  expect((await leaks(leak(undefined, 3, "AKIAIOSFODNN7EXAMPLF")))[0]?.fingerprint).not.toBe(a?.fingerprint);
});

test("a secret that a report holds all the same does not come out of it", async () => {
  const secret = "hunter2-hunter2";
  expect(JSON.stringify(await leaks(leak(undefined, 3, secret), leak("c".repeat(40), 3, secret)))).not.toContain(
    secret,
  );
});
