import fc from "fast-check";
import { expect, test } from "vitest";
import { locate } from "../../../src/scan/sarif/path.ts";
import { placeText } from "../../../src/scan/sarif/problem.ts";
import { log, result, run, runOf, taken } from "./report.ts";

const bases = (originalUriBaseIds: Record<string, object> = {}, artifacts: object[] = []) => ({
  originalUriBaseIds,
  artifacts,
});
const ROOT = { "%SRCROOT%": { uri: "file:///checkout/a/" } };

test.each([
  ["src/a.py", undefined, {}, "src/a.py"],
  ["./src//./a.py", undefined, {}, "src/a.py"],
  ["src/a%20b%23.py", undefined, {}, "src/a b#.py"],
  ["100%.txt", undefined, {}, "100%.txt"],
  ["..a/b..c/...", undefined, {}, "..a/b..c/..."],
  ["src/a.py", "%SRCROOT%", {}, "src/a.py"],
  ["src/a.py", "%SRCROOT%", ROOT, "src/a.py"],
  ["file:///checkout/a/src/a.py", undefined, ROOT, "src/a.py"],
  ["/checkout/a/src/a.py", undefined, ROOT, "src/a.py"],
  ["a.py", "SRC", { SRC: { uri: "src", uriBaseId: "%SRCROOT%" }, ...ROOT }, "src/a.py"],
  ["a.py", "A", { A: { uriBaseId: "B" }, B: { uri: "lib/" } }, "lib/a.py"],
  ["a.py", "HERE", { HERE: { uri: "file:///tmp/x/" } }, "a.py"],
])("%s on %s is in the repository", (uri, uriBaseId, ids, path) => {
  expect(locate({ uri, ...(uriBaseId ? { uriBaseId } : {}) }, bases(ids))).toEqual({ path });
});

test.each([
  ["../a.py", undefined, {}],
  ["src/../../a.py", undefined, {}],
  ["src/../a.py", undefined, {}],
  ["%2e%2e/a.py", undefined, {}],
  ["..%2f..%2fetc/passwd", undefined, {}],
  ["..\\..\\a.py", undefined, {}],
  ["src\\..\\..\\a.py", undefined, {}],
  ["/etc/passwd", undefined, {}],
  ["%2fetc/passwd", undefined, {}],
  ["//host/share", undefined, {}],
  ["\\\\host\\share", undefined, {}],
  ["C:\\a.py", undefined, {}],
  ["file:///etc/passwd", undefined, ROOT],
  ["file:///checkout/a/../../../../../etc/passwd", undefined, ROOT],
  ["file:///checkout/abc/x", undefined, ROOT],
  ["https://x.test/a.py", undefined, ROOT],
  ["javascript:alert(1)", undefined, {}],
  ["a%00.py", undefined, {}],
  ["a\nb", undefined, {}],
  ["a.py", "UP", { UP: { uri: "../", uriBaseId: "%SRCROOT%" }, ...ROOT }],
  ["a.py", "ROUND", { ROUND: { uri: "x/", uriBaseId: "ROUND" } }],
  ["a.py", "BIN", { BIN: { uri: "file:///usr/bin/" }, ...ROOT }],
  ["x".repeat(5_000), undefined, {}],
  [".", undefined, {}],
])("%s on %s is outside", (uri, uriBaseId, ids) => {
  expect(locate({ uri, ...(uriBaseId ? { uriBaseId } : {}) }, bases(ids))).toEqual({ outside: uri });
});

test("an artifact is named by its index", () => {
  expect(locate({ index: 1 }, bases({}, [{}, { uri: "b.py" }]))).toEqual({ path: "b.py" });
  for (const index of [-1, 5]) expect(locate({ index }, bases({}, [{}]))).toBeUndefined();
});

test("no path ever leaves the repository", () => {
  const part = fc.constantFrom("..", ".", "", "a", "%2e%2e", "%2E.", "..%2f", "\\..", "file:", "~", "\u0000", "%5c..");
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), fc.boolean(), (parts, based) => {
      const located = locate(
        { uri: parts.join("/"), ...(based ? { uriBaseId: "%SRCROOT%" } : {}) },
        bases(based ? ROOT : {}),
      );
      if (!located || "outside" in located) return;
      expect(located.path).not.toMatch(/^\/|^\\|(?:^|[/\\])\.\.(?:[/\\]|$)|^[a-z]+:|\p{Cc}/iu);
    }),
    { numRuns: 2_000 },
  );
});

test("a finding outside of the repository counts, without its path, and the report says where it is", async () => {
  const { findings, notes } = await taken(
    log(run([result(), result({}, { uri: "../../etc/passwd" }), result({}, { uri: "/x" })])),
  );
  expect(findings).toHaveLength(3);
  expect(findings[1]?.location).not.toHaveProperty("path");
  expect(findings[1]?.location).not.toHaveProperty("line");
  expect(findings[1]?.fingerprint).not.toBe(findings[2]?.fingerprint);
  expect(notes).toEqual([
    "2 × a location outside of the repository; the finding stands without it; runs[0].results[1].locations[0] is the first.",
  ]);
});

test("a page of a dynamic scan is named without its host", async () => {
  const at = (uri: string) =>
    result({ locations: [{ physicalLocation: { artifactLocation: { uri } } }], properties: { parameter: "q" } });
  const report = log(
    runOf("wapiti", [
      at("https://pr-1.preview.test/login?next=/a&b=1"),
      at("https://pr-2.preview.test/login?b=2&next=3"),
      at("login/index"),
      at("https://x.test/"),
    ]),
  );
  const { findings, notes } = await taken(report, { kind: "dast", tool: "wapiti" });
  expect(findings.map(({ location }) => location.path)).toEqual([
    "login?b&next",
    "login?b&next",
    "login/index",
    undefined,
  ]);
  expect(findings[0]?.context).toBe(findings[1]?.context);
  expect(findings[0]?.message).toBe("Text of others is run. (parameter q)");
  expect(notes).toEqual([expect.stringContaining("1 × a location outside")]);
});

test("a line that no file has is left out", async () => {
  const { findings, notes } = await taken(log(run([result({}, { line: 2 ** 40 })])));
  expect(findings[0]?.location).not.toHaveProperty("line");
  expect(notes).toEqual([expect.stringContaining("1 × a line number that no file has")]);
});

test.each([
  [[], "the report"],
  [["runs", 0, "results", 17], "runs[0].results[17]"],
  [["a b", "__proto__", "x".repeat(60)], `["a b"].__proto__["${"x".repeat(40)}…"]`],
])("%j reads as %s", (place, text) => {
  expect(placeText(place)).toBe(text);
});
