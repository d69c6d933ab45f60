import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ID, lockFile, VULNERABILITY } from "./left-pad.ts";
import { expectScanned, type ScannerStage, startScannerStage } from "./scanned.ts";

const database = mkdtempSync(join(tmpdir(), "hms-osv-"));
let scanner: ScannerStage;
beforeAll(async () => {
  const folder = join(database, "osv-scalibr/npm");
  mkdirSync(folder, { recursive: true });
  const zip = "import sys, zipfile; zipfile.ZipFile(sys.argv[1], 'w').writestr(sys.argv[2], sys.argv[3])";
  execFileSync("python3", ["-c", zip, join(folder, "all.zip"), `${ID}.json`, JSON.stringify(VULNERABILITY)]);
  scanner = await startScannerStage("osv-scanner", "dependencies", {}, { HMS_SCAN_DATABASE: database });
});
afterAll(async () => {
  await scanner.close();
  rmSync(database, { recursive: true, force: true });
});

test("a vulnerable version is found, one that is not is not", async () => {
  const said = await scanner.scan({
    "package-lock.json": lockFile("1.1.0"),
    "web/package-lock.json": lockFile("1.3.0"),
  });
  expectScanned(said);
  expect(said.found).toEqual([`${ID} package-lock.json`]);
  expect(JSON.stringify(said.results)).not.toContain("/tmp/");
});

test("a commit without dependencies is one that was scanned", async () => {
  const said = await scanner.scan({ "a.txt": "hello\n" });
  expectScanned(said);
  expect(said).toMatchObject({ found: [], unread: [] });
});

test("an ecosystem that the database does not have is a failure, not an absence of flaws", async () => {
  const said = await scanner.scan({ "requirements.txt": "django==1.0\n" });
  expect(said.jobs.scan?.conclusion).toBe("failure");
  expect(said.reason).toContain("osv-scanner ended with");
});

test("a pull request cannot hide it by configuration, ignore files or links", async () => {
  const ignoring = `[[IgnoredVulns]]\nid = "${ID}"\nreason = "fine"\n[[PackageOverrides]]\nname = "left-pad"\necosystem = "npm"\nignore = true\n`;
  const said = await scanner.scan({
    "osv-scanner.toml": ignoring,
    "web/osv-scanner.toml": ignoring,
    ".gitignore": "*\nweb/\n",
    "web/.gitignore": "*\n",
    "web/round": { link: ".." },
    "web/package-lock.json": lockFile("1.1.0"),
    ".hidden/package-lock.json": lockFile("1.1.0"),
  });
  expectScanned(said);
  expect(said.found).toEqual([`${ID} .hidden/package-lock.json`, `${ID} web/package-lock.json`]);
  expect(said.ignored).toEqual(["osv-scanner.toml", "web/osv-scanner.toml"]);
});

test("nor by a link, or by UTF-16", async () => {
  const said = await scanner.scan({
    "lock.json": lockFile("1.1.0"),
    "a/package-lock.json": { link: "../lock.json" },
    "b/package-lock.json": Buffer.from(`\ufeff${lockFile("1.1.0")}`, "utf16le"),
  });
  expectScanned(said);
  expect(said.found).toEqual([`${ID} a/package-lock.json`, `${ID} b/package-lock.json`]);
});

test("a lock file that cannot be read is told of", async () => {
  const said = await scanner.scan({ "package-lock.json": lockFile("1.1.0"), "web/package-lock.json": '{"name": ' });
  expectScanned(said);
  expect(said.found).toEqual([`${ID} package-lock.json`]);
  expect(said.unread).toEqual(["web/package-lock.json"]);
});

test("nothing of the commit is built or executed", async () => {
  const run = `require("node:fs").writeFileSync(${JSON.stringify(scanner.canary)}, "ran");\n`;
  const said = await scanner.scan({
    "package-lock.json": lockFile("1.1.0"),
    "package.json": JSON.stringify({ name: "shop", scripts: { preinstall: "node run.js", prepare: "node run.js" } }),
    "run.js": run,
    "setup.py": `open(${JSON.stringify(scanner.canary)}, "w")\n`,
  });
  expectScanned(said);
  expect(scanner.ran()).toBe(false);
});
