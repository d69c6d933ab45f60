import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectScanned, type ScannerStage, startScannerStage } from "./scanned.ts";

/** Of the form of a real one, and new in every run, so that none stands in this repository. */
function newKey(): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  return `AKIA${[...randomBytes(16)].map((byte) => letters[byte % 32]).join("")}`;
}

const RULE = "aws-access-token";
let scanner: ScannerStage;
let base: string;
beforeAll(async () => {
  scanner = await startScannerStage("gitleaks", "leaks", { "readme.md": "hello\n" });
  base = await scanner.stage.commit({ "src/app.js": "export const a = 1;\n" });
});
afterAll(() => scanner.close());

const leak = (key: string) => `export const key = "${key}";\n`;
const scan = (files: Parameters<ScannerStage["scan"]>[0], parent = base) => scanner.scan(files, { base }, parent);

test("a key is found in the commit that brought it, though a later one took it away, and is never told", async () => {
  const key = newKey();
  const leaked = await scanner.stage.commit({ "src/app.js": leak(key) }, base);
  const said = await scan({ "src/app.js": "export const a = 2;\n" }, leaked);
  expectScanned(said);
  expect(said.found).toEqual([`${RULE} src/app.js:1`]);
  expect(said.results[0]?.partialFingerprints?.commitSha).toBe(leaked);
  expect(JSON.stringify(said)).not.toContain(key);
});

test("a commit without a key has none; what was leaked before the merge base is not this pull request's", async () => {
  const said = await scan({ "src/app.js": "export const a = 3;\n" });
  expectScanned(said);
  expect(said.found).toEqual([]);
});

test("a base that is not there is a failure, not an empty range", async () => {
  const said = await scanner.scan({ "src/app.js": leak(newKey()) }, { base: "1".repeat(40) }, base);
  expect(said.jobs.scan?.conclusion).toBe("failure");
  expect(said.reason).toContain("git cat-file");
});

describe("a pull request cannot hide a key by", () => {
  const allowAll = '[allowlist]\nregexes = [".*"]\npaths = [".*"]\n';
  test.each<[string, Parameters<ScannerStage["scan"]>[0]]>([
    [
      "configurations and ignore files",
      { ".gitleaks.toml": allowAll, "gitleaks.toml": allowAll, ".gitleaksignore": `src/app.js:${RULE}:1\n*\n` },
    ],
    [
      "attributes that make it binary",
      { ".gitattributes": "* -diff -text binary\n*.js diff=none filter=none\n", "src/.gitattributes": "* binary\n" },
    ],
  ])("%s", async (_, files) => {
    const said = await scan({ ...files, "src/app.js": leak(newKey()) });
    expectScanned(said);
    expect(said.found).toEqual([`${RULE} src/app.js:1`]);
  });

  test("a comment", async () => {
    const said = await scan({ "src/app.js": leak(newKey()).replace("\n", " // gitleaks:allow\n") });
    expectScanned(said);
    expect(said.found).toEqual([`${RULE} src/app.js:1`]);
    expect(said.results[0]?.suppressions).toMatchObject([{ status: "rejected" }]);
  });

  test("where it puts it, how long it is, or a NUL byte that makes it binary", async () => {
    const paths = ["node_modules/x/index.js", "logo.png", "vendor/github.com/x/y.go", "gradlew", "gitleaks.toml"];
    const said = await scan({
      ...Object.fromEntries(paths.map((path) => [path, leak(newKey())])),
      "long.js": `${`${"x".repeat(99)}\n`.repeat(20_000)}${leak(newKey())}`,
      "nul.js": Buffer.from(`\0\n${leak(newKey())}`),
    });
    expectScanned(said);
    const places = [...paths.map((path) => `${path}:1`), "long.js:20001", "nul.js:2"];
    expect(said.found).toEqual(places.map((place) => `${RULE} ${place}`).sort());
  });

  test("a path that one rule of gitleaks' leaves out", async () => {
    const token = `ghp_${randomBytes(40)
      .toString("base64")
      .replace(/[^a-z0-9]/gi, "")
      .slice(0, 36)}`;
    const path = "node_modules/@octokit/auth-token/README.md";
    const said = await scan({ [path]: `Use ${token}\n` });
    expectScanned(said);
    expect(said.found).toEqual([`github-pat ${path}:1`]);
  });

  test("a link that becomes a file", async () => {
    const linked = await scanner.stage.commit({ "src/app.js": { link: "/etc/hostname" } }, base);
    const said = await scan({ "src/app.js": leak(newKey()) }, linked);
    expectScanned(said);
    expect(said.found).toEqual([`${RULE} src/app.js:1`]);
  });

  test("putting it into a merge's own changes", async () => {
    const side = await scanner.stage.commit({ "side.md": "side\n" }, base);
    const merge = await scanner.stage.merge(base, side, { "evil.js": leak(newKey()) });
    const said = await scan({ "src/app.js": "export const a = 4;\n" }, merge);
    expectScanned(said);
    expect(said.found).toEqual([`${RULE} evil.js:1`]);
  });
});
