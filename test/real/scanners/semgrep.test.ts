import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Planted } from "../../actions/scan-stage.ts";
import { expectScanned, type ScannerStage, startScannerStage } from "./scanned.ts";

const RULES = `rules:
  - id: no-eval
    languages: [python]
    message: eval of what a user sent
    severity: ERROR
    metadata: { security-severity: "9.1" }
    pattern: eval(...)
  - id: no-inner-html
    languages: [javascript]
    message: markup from outside
    severity: WARNING
    pattern: $X.innerHTML = $Y
`;
const FLAW = "def view(request):\n    return eval(request.body)\n";
const FOUND = "no-eval app/views.py:2";

let scanner: ScannerStage;
beforeAll(async () => {
  scanner = await startScannerStage("semgrep", "sast", {
    ".github/hms-scan/semgrep/team.yaml": RULES,
    "app/views.py": "def view(request):\n    return 1\n",
  });
});
afterAll(() => scanner.close());

test("flaws are found where they stand, with their lines", async () => {
  const said = await scanner.scan({ "app/views.py": FLAW, "web/a.js": "node.innerHTML = text;\n" });
  expectScanned(said);
  expect(said.found).toEqual([FOUND, "no-inner-html web/a.js:1"].sort());
  const flaw = said.results.find(({ ruleId }) => ruleId === "no-eval");
  expect(flaw?.locations[0]?.physicalLocation.contextRegion).toMatchObject({
    startLine: 2,
    snippet: { text: "    return eval(request.body)" },
  });
});

test("a commit without flaws has none", async () => {
  const said = await scanner.scan({ "app/new.py": "x = 1\n" });
  expectScanned(said);
  expect(said.found).toEqual([]);
});

test("without rules on the default branch there is no report", async () => {
  const bare = await startScannerStage("semgrep", "sast");
  try {
    const said = await bare.scan({ ".github/hms-scan/semgrep/own.yaml": RULES, "app/views.py": FLAW });
    expect(said.reason).toContain("There are no rules");
  } finally {
    await bare.close();
  }
});

test("rules that Semgrep refuses give no report", async () => {
  const broken = await startScannerStage("semgrep", "sast", {
    ".github/hms-scan/semgrep/a.yaml": "rules: [{id: x}]\n",
  });
  try {
    const said = await broken.scan({ "app/views.py": FLAW });
    expect(said.jobs.scan?.conclusion).toBe("failure");
    expect(said.reason).toContain("semgrep ended with");
  } finally {
    await broken.close();
  }
});

describe("a pull request cannot hide a flaw by", () => {
  const attacks: [string, Record<string, Planted | null>][] = [
    ["an ignore file", { ".semgrepignore": "*\napp/\n" }],
    ["an ignore file in its folder", { "app/.semgrepignore": "*\n" }],
    ["what git ignores", { ".gitignore": "app/\n", "app/.gitignore": "*\n" }],
    ["rules of its own", { ".semgrep.yml": "rules: []\n", ".github/hms-scan/semgrep/team.yaml": "rules: []\n" }],
    ["an ignore file that is a link", { ".semgrepignore": { link: "app/list" }, "app/list": "*\n" }],
    ["a link to a folder that goes round", { "app/round": { link: ".." }, "app/out": { link: "/etc" } }],
  ];
  test.each(attacks)("%s", async (_, files) => {
    const said = await scanner.scan({ ...files, "app/views.py": FLAW });
    expectScanned(said);
    expect(said.found).toEqual([FOUND]);
  });

  test("comments", async () => {
    const said = await scanner.scan({ "app/views.py": FLAW.replace("body)", "body)  # nosemgrep: no-eval") });
    expectScanned(said);
    expect(said.found).toEqual([FOUND]);
    expect(said.results[0]?.suppressions).toMatchObject([{ kind: "inSource", status: "rejected" }]);
  });

  test.each([
    "tests/views.py",
    "node_modules/x/views.py",
    "vendor/views.py",
    ".hidden/views.py",
    "app/-rf.py",
    "app/a b%20.py",
  ])("putting it into %s", async (path) => {
    const said = await scanner.scan({ [path]: FLAW });
    expectScanned(said);
    expect(said.found).toEqual([`no-eval ${path}:2`]);
  });

  test("two megabytes in front of it", async () => {
    const said = await scanner.scan({ "app/views.py": `${`# ${"x".repeat(97)}\n`.repeat(20_000)}${FLAW}` });
    expectScanned(said);
    expect(said.found).toEqual(["no-eval app/views.py:20002"]);
  });

  test("syntax that cannot be read: that the file was not scanned is a finding", async () => {
    const said = await scanner.scan({ "app/views.py": `def broken(:\n  ((((\n${FLAW}` });
    expectScanned(said);
    expect(said.unread).toContain("app/views.py");
  });
});

test("nothing of the commit is executed, and nothing that the tool writes commands the runner", async () => {
  const said = await scanner.scan({
    "setup.py": `open(${JSON.stringify(scanner.canary)}, "w")\n`,
    "sitecustomize.py": `open(${JSON.stringify(scanner.canary)}, "w")\n`,
    "semgrep.py": `open(${JSON.stringify(scanner.canary)}, "w")\n`,
    "app/::add-mask::x.py": "def broken(:\n",
    "app/views.py": FLAW,
  });
  expectScanned(said);
  expect(said.found).toEqual([FOUND]);
  expect(scanner.ran()).toBe(false);
  const commands = said.jobs.scan?.steps.flatMap((step) => step.commands ?? []) ?? [];
  expect(commands.filter((name) => name !== "set-output")).toEqual([]);
});
