import { describe, expect, test } from "vitest";
import { wapitiLog } from "../../actions/scan/src/tools/wapiti-report.ts";
import { readSarif } from "../../src/scan/sarif.ts";

const SHA = "a".repeat(40);
const TARGET = new URL("https://pr-7.preview.test/shop/");
const entry = (more: object = {}) => ({
  method: "GET",
  path: "/find?q=1",
  info: "via q",
  level: 3,
  parameter: "q",
  ...more,
});
const report = (more: object = {}) => ({
  classifications: { "SQL Injection": { desc: "Statements are built of input.", sol: "Use parameters.", ref: {} } },
  vulnerabilities: { "SQL Injection": [entry()], "CRLF Injection": [] },
  anomalies: {},
  additionals: {},
  infos: { target: TARGET.href, version: "Wapiti 3.2.3", crawled_pages_nbr: 4 },
  ...more,
});

/** As HMS-SYS reads it in the end. */
async function read(value: unknown) {
  async function* bytes() {
    yield Buffer.from(JSON.stringify(wapitiLog(value, TARGET)));
  }
  const reading = await readSarif(bytes(), { kind: "dast", sha: SHA, tool: "wapiti" });
  if (!reading.ok) throw new Error(reading.problem);
  return reading.result;
}

describe("Wapiti's own report", () => {
  test("an entry is a finding of its page", async () => {
    const { tool, findings } = await read(report());
    expect(tool).toEqual({ name: "wapiti", version: "3.2.3" });
    expect(findings).toMatchObject([
      { rule: "dast/sql-injection", severity: "high", location: { path: "find", commit: SHA } },
    ]);
  });

  test("a page that failed under attack, and what Wapiti tells besides, are findings", async () => {
    const { findings } = await read(
      report({
        anomalies: { "Internal Server Error": [entry({ level: 2 })] },
        additionals: { Cookie: [entry({ level: 0 })] },
      }),
    );
    expect(findings.map(({ rule, severity }) => [rule, severity])).toEqual([
      ["dast/sql-injection", "high"],
      ["dast/internal-server-error", "medium"],
      ["dast/cookie", "low"],
    ]);
  });

  test("keys that objects have by themselves are only keys, and a level that is none is high", async () => {
    const own = JSON.parse(
      `{"__proto__":[${JSON.stringify(entry())}],"toString":[${JSON.stringify(entry({ level: 9 }))}]}`,
    );
    const { findings } = await read(report({ vulnerabilities: own }));
    expect(findings.map(({ severity }) => severity)).toEqual(["high", "high"]);
  });

  test("the host is no part of what it is", async () => {
    const [one] = (await read(report())).findings;
    const elsewhere = JSON.stringify(wapitiLog(report(), new URL("https://pr-8.preview.test/shop/")));
    expect(elsewhere).toContain("GET find q");
    expect(one?.fingerprint).toMatch(/^[0-9a-f]{64}$/);
  });

  test.each([
    ["nothing was crawled", report({ infos: { crawled_pages_nbr: 0 } }), "did not reach"],
    ["it is not told what was crawled", report({ infos: {} }), "did not reach"],
    ["no infos", report({ infos: undefined }), "infos is of another form"],
    ["no vulnerabilities", report({ vulnerabilities: undefined }), "vulnerabilities is of another form"],
    ["a list of them", report({ vulnerabilities: [] }), "vulnerabilities is of another form"],
    ["one in place of a list", report({ vulnerabilities: { X: entry() } }), "vulnerabilities is of another form"],
    ["a text in place of one", report({ anomalies: { X: ["y"] } }), "anomalies is of another form"],
    ["null", null, "not its report."],
    ["a list", [], "not its report."],
  ])("refused: %s", (_name, value, text) => {
    expect(() => wapitiLog(value, TARGET)).toThrow(text);
  });
});
