import fc from "fast-check";
import { expect, test } from "vitest";
import { log, read, refusal, result, run, runOf, SHA, taken } from "./report.ts";

test("a result is a finding with rule, severity, place and what to do", async () => {
  const { findings, tool, notes } = await taken(log(run([result()])));
  expect(tool).toEqual({ name: "semgrep", version: "1.140.0" });
  expect(notes).toEqual([]);
  expect(findings).toEqual([
    {
      rule: "sast/python.eval",
      severity: "high",
      message: "Text of others is run.",
      remedy: "Change the code so that the rule does not match it any more.",
      location: { path: "src/a.py", line: 3, endLine: 3, commit: SHA, headLine: 3 },
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
      context: expect.stringMatching(/^[0-9a-f]{64}$/),
    },
  ]);
});

test("an empty list of results is a scan that found nothing", async () => {
  expect((await taken(log(run([])))).findings).toEqual([]);
});

test("what Checkov attaches does not make its report another", async () => {
  const attachments = [{ description: "plain text" }];
  expect((await taken(log(run([result({ attachments })])))).findings).toHaveLength(1);
});

test("several runs are one result, whatever stands first in them", async () => {
  const { tool, results, ...rest } = run([result()]);
  const reordered = { results, ...rest, tool };
  expect((await taken(log(reordered, run([result(), result()])))).findings).toHaveLength(3);
});

test("the size of what arrives at once does not matter", async () => {
  const report = log(run([result({ message: { text: 'Ünïcödé “\\"\u{1f600} \\u00e9' } }), result()]), run([]));
  const whole = await read(report);
  expect(whole.ok).toBe(true);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 300 }), async (size) => {
      expect(await read(report, {}, {}, size)).toEqual(whole);
    }),
    { numRuns: 40 },
  );
});

const TOOL = run([]).tool;
const failed = (invocation: object) => log(run([result()], { invocations: [invocation] }));
const notified = (list: string, level: string) =>
  failed({ executionSuccessful: true, [list]: [{ level, message: { text: "It\nbroke." } }] });

test.each([
  ["nothing", "", "the report: it is empty"],
  ["no JSON", "hello", "the report: it is not a JSON object"],
  ["null", "null", "the report: it is not a JSON object"],
  ["a list", "[]", "the report: it is not a JSON object"],
  ["an object of nothing", {}, "version: SARIF 2.1.0 does not allow this (not one of its values)"],
  [
    "another version",
    { ...log(run([])), version: "2.0.0" },
    "version: SARIF 2.1.0 does not allow this (not one of its values)",
  ],
  ["no runs", log(), "runs: there is none"],
  ["runs of nothing", { version: "2.1.0", runs: null }, "runs: "],
  ["a run that is a list", log([]), "runs[0]: a run has to be an object"],
  ["a run that is null", log(null), "runs[0]: a run has to be an object"],
  ["a run without a tool", log({ results: [] }), "runs[0].tool: SARIF 2.1.0 does not allow this"],
  ["a run without results", log({ tool: TOOL }), "runs[0].results: it is missing: the tool did not look for anything"],
  ["results that are null", log(run(null)), "runs[0].results: it is missing"],
  ["results that are an object", log(run({})), "runs[0].results: SARIF 2.1.0 does not allow this"],
  ["a result that is null", log(run([null])), "runs[0].results[0]: SARIF 2.1.0 does not allow this"],
  ["a result without a message", log(run([result(), { ruleId: "a" }])), "runs[0].results[1].message: SARIF 2.1.0"],
  ["line 0", log(run([result({}, { line: 0 })])), "runs[0].results[0].locations[0].physicalLocation.region.startLine"],
  [
    "an unknown property",
    log(run([result({ "<b>": 1 })])),
    "runs[0].results[0]: SARIF 2.1.0 does not allow this (a property",
  ],
  [
    "a second list of results",
    '{"version":"2.1.0","runs":[{"results":[],"results":[]}]}',
    "runs[0].results: this key stands there twice",
  ],
  ["second runs", '{"version":"2.1.0","runs":[],"runs":[]}', "runs: this key stands there twice"],
  ["more after the end", `${JSON.stringify(log(run([])))}{}`, "the report: something stands after its end"],
  ["a comma too many", '{"version":"2.1.0",}', "the report: this is not JSON"],
  ["half a number", '{"version":2.}', "version: this is not JSON"],
  ["another tool", log(runOf("trivy", [])), "runs[0].tool.driver.name: it is “trivy”, asked for was semgrep"],
  ["another tool in its second run", log(run([]), runOf("gitleaks", [])), "runs[1].tool.driver.name: it is “gitleaks”"],
  ["a tool that only looks like it", log(runOf("semgreppy", [])), "runs[0].tool.driver.name"],
  [
    "a run that failed",
    failed({ executionSuccessful: false, exitCodeDescription: "Out of memory" }),
    "runs[0].invocations[0]: the tool says that it failed: Out of memory",
  ],
  [
    "an error while it ran",
    notified("toolExecutionNotifications", "error"),
    "runs[0].invocations[0].toolExecutionNotifications[0]: the tool failed: It broke.",
  ],
  [
    "an error in its configuration",
    notified("toolConfigurationNotifications", "error"),
    "runs[0].invocations[0].toolConfigurationNotifications[0]: the tool failed",
  ],
  [
    "results in other files",
    log(run([], { externalPropertyFileReferences: { results: [{ location: { uri: "r.sarif" } }] } })),
    "runs[0].externalPropertyFileReferences: parts of the report",
  ],
  [
    "another commit",
    log(run([], { versionControlProvenance: [{ repositoryUri: "https://x.test/a", revisionId: "b".repeat(40) }] })),
    `runs[0].versionControlProvenance: it is about commit ${"b".repeat(40)}`,
  ],
])("refused: %s", async (_name, report, problem) => {
  expect(await refusal(report)).toContain(problem);
});

test("every place at which a report can break off is a refusal", async () => {
  const text = JSON.stringify(log(run([result(), result({ level: "note" })])));
  for (let end = 0; end < text.length; end++) {
    const reading = await read(text.slice(0, end));
    expect(reading.ok, text.slice(0, end)).toBe(false);
  }
  expect(await refusal(text.slice(0, text.indexOf('"note"')))).toContain(
    "runs[0].results[1]: the report breaks off here",
  );
});

test.each([
  ["UTF-16 LE", Buffer.from(`\ufeff${JSON.stringify(log(run([])))}`, "utf16le"), "UTF-16"],
  ["UTF-16 LE without a mark", Buffer.from(JSON.stringify(log(run([]))), "utf16le"), "UTF-16"],
  ["UTF-16 BE", Buffer.from(`\ufeff${JSON.stringify(log(run([])))}`, "utf16le").swap16(), "UTF-16"],
  [
    "Latin-1",
    Buffer.from(JSON.stringify(log(run([result({ message: { text: "é" } })]))), "latin1"),
    "runs[0].results[0]: it is not UTF-8",
  ],
])("refused: written in %s", async (_name, bytes, problem) => {
  expect(await refusal(new Uint8Array(bytes))).toContain(problem);
});

test("a mark of UTF-8 in front is no matter", async () => {
  const bytes = Buffer.from(`\ufeff${JSON.stringify(log(run([result()])))}`);
  for (const size of [1, 2, 1_000]) expect((await read(bytes, {}, {}, size)).ok).toBe(true);
});

const deep = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;

test.each([
  [
    "results",
    log(run([result(), result()]), run([result()])),
    { results: 2 },
    "runs[1].results[0]: there are more than 2 results",
  ],
  ["runs", log(run([]), run([]), run([])), { runs: 2 }, "runs[2]: there are more than 2 runs"],
  ["bytes", log(run([result(), result()])), { unpackedBytes: 700 }, "the report is larger than 700 bytes"],
  [
    "bytes in one piece",
    log(run([result({ message: { text: "x".repeat(900) } })])),
    { pieceBytes: 800 },
    "runs[0].results[0]: it is larger than 800 bytes",
  ],
  [
    "levels in a result",
    log(run([result({ properties: { a: JSON.parse(deep(70)) } })])),
    {},
    "runs[0].results[0]: it is nested deeper than 64 levels",
  ],
  [
    "levels at the top",
    `{"version":"2.1.0","properties":{"a":${deep(100_000)}}}`,
    {},
    "properties: it is nested deeper than 64 levels",
  ],
  [
    "values in a result",
    log(run([result({ properties: { a: Array(40).fill({}) } })])),
    { pieceValues: 60 },
    "runs[0].results[0]: it holds more than 60 values",
  ],
  [
    "values outside of results",
    log(run([], { properties: { a: Array(40).fill(0) } }), run([], { properties: { a: Array(40).fill(0) } })),
    { pieceValues: 100 },
    "runs[1].properties: more than 100 values stand outside of results",
  ],
  ["values", log(run(Array(9).fill(result()))), { values: 120 }, "the report holds more than 120 values up to here"],
  [
    "keys",
    JSON.stringify(log(run([]))).replace(
      '"results"',
      `${Array.from({ length: 1_001 }, (_, at) => `"a${at}":0`)},"results"`,
    ),
    {},
    "runs[0]: it has more than 1000 keys",
  ],
  ["levels in runs", `{"runs":${deep(100_000)}}`, {}, "runs[0]: it is nested deeper than 64 levels"],
])("refused: more %s than the limit", async (_name, report, limits, problem) => {
  const reading = await read(report, {}, limits);
  expect(reading).toMatchObject({ ok: false, problem: expect.stringContaining(problem) });
});

test("a million results are refused before they are read", async () => {
  let given = 0;
  async function* endless() {
    yield Buffer.from('{"version":"2.1.0","runs":[{"results":[');
    for (; given < 1_000_000; given++) yield Buffer.from(`${JSON.stringify(result())},`);
  }
  const { readSarif } = await import("../../../src/scan/sarif.ts");
  const reading = await readSarif(endless(), { kind: "sast", sha: SHA, tool: "semgrep" }, { results: 200 });
  expect(reading).toMatchObject({
    ok: false,
    tooLarge: true,
    problem: expect.stringContaining("runs[0].results[200]"),
  });
  expect(given).toBe(200);
});

test("a text without an end is cut, and the report says so", async () => {
  const long = `${"\\u00e9é\u{1f600}\\n".repeat(20_000)}`;
  const text = JSON.stringify(log(run([result(), result()]))).replace("Text of others is run.", long);
  for (const stringChars of [100, 101, 102, 103, 104, 105, 106, 107, 108]) {
    const { findings, notes } = await taken(text, {}, { stringChars });
    expect(findings).toHaveLength(2);
    expect(findings[0]?.message.length).toBeLessThan(stringChars);
    expect(findings[0]?.message).not.toContain("\ufffd");
    expect(notes).toEqual([expect.stringContaining("1 × a text beyond the limit")]);
  }
});

test("keys that objects have by themselves are only keys", async () => {
  const text = JSON.stringify(log(run([result()])))
    .replace('"properties":', '"__proto__":')
    .replace(
      '{"executionSuccessful":true}',
      '{"executionSuccessful":true,"properties":{"__proto__":{"executionSuccessful":false},"constructor":1}}',
    );
  expect((await taken(text)).findings).toHaveLength(1);
  expect(await refusal(text.replace('"version"', '"__proto__":{"a":1},"version"'))).toContain(
    "a property that it does not know",
  );
  for (const id of ["__proto__", "constructor", "toString"]) {
    const report = log(
      run([result({ ruleId: id, message: { id }, partialFingerprints: { [id]: "x" } })], { originalUriBaseIds: {} }),
    );
    expect((await taken(report)).findings).toMatchObject([{ message: "The tool gives no message." }]);
  }
  expect(({} as Record<string, unknown>).executionSuccessful).toBeUndefined();
});

test("never throws and never takes what is no report, whatever comes", async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.json(), fc.string({ unit: "binary" })), async (text) => {
      expect((await read(text)).ok).toBe(false);
    }),
  );
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      expect((await read(bytes, {}, {}, 7)).ok).toBe(false);
    }),
  );
}, 60_000);

test("any part of a report may be anything: refused, or every result is a finding", async () => {
  const report = JSON.parse(
    JSON.stringify(log(run([result(), result({ suppressions: [{ kind: "inSource" }] })]), run([result()]))),
  );
  const places: (string | number)[][] = [];
  const visit = (value: unknown, place: (string | number)[]) => {
    if (place.length > 0) places.push(place);
    if (Array.isArray(value)) value.forEach((one, at) => void visit(one, [...place, at]));
    else if (value && typeof value === "object")
      for (const [key, one] of Object.entries(value)) visit(one, [...place, key]);
  };
  visit(report, []);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...places),
      fc.oneof(fc.jsonValue(), fc.constant(1e308), fc.double()),
      async (place, value) => {
        const changed = structuredClone(report);
        let at = changed;
        for (const part of place.slice(0, -1)) at = at[part];
        at[place.at(-1) ?? ""] = value;
        const reading = await read(changed);
        if (!reading.ok) {
          expect(reading.problem).toMatch(/^[\w$.[\]"…\\ -]+: .+\.$/u);
          return;
        }
        const wanted = changed.runs.flatMap((one: { results: { kind?: string }[] }) => one.results).length;
        expect(reading.result.findings.length).toBeGreaterThanOrEqual(wanted);
      },
    ),
    { numRuns: 600 },
  );
}, 60_000);

test("any bytes of a report may be others: never a throw", async () => {
  const bytes = Buffer.from(JSON.stringify(log(run([result({ message: { text: "é" } })]))));
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.uint8Array({ minLength: 0, maxLength: 4 }), async (at, put) => {
      const reading = await read(Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + 1)]));
      expect(reading.ok || reading.problem.length > 0).toBe(true);
    }),
    { numRuns: 500 },
  );
}, 60_000);
