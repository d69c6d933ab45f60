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
  test.each<[string, Record<string, Planted>]>([
    [
      "ignore files, what git ignores, and rules of its own",
      {
        ".semgrepignore": "*\napp/\n",
        "app/.semgrepignore": "*\n",
        ".gitignore": "app/\n",
        "app/.gitignore": "*\n",
        ".semgrep.yml": "rules: []\n",
        ".github/hms-scan/semgrep/team.yaml": "rules: []\n",
      },
    ],
    [
      "links",
      {
        ".semgrepignore": { link: "app/list" },
        "app/list": "*\n",
        "app/round": { link: ".." },
        "app/out": { link: "/etc" },
      },
    ],
  ])("%s", async (_, files) => {
    const said = await scanner.scan({ ...files, "app/views.py": FLAW });
    expectScanned(said);
    expect(said.found).toEqual([FOUND]);
  });

  test("a comment", async () => {
    const said = await scanner.scan({ "app/views.py": FLAW.replace("body)", "body)  # nosemgrep: no-eval") });
    expectScanned(said);
    expect(said.found).toEqual([FOUND]);
    expect(said.results[0]?.suppressions).toMatchObject([{ kind: "inSource", status: "rejected" }]);
  });

  test("links, names without an extension, names of configuration, or UTF-16", async () => {
    const said = await scanner.scan({
      "app/text": FLAW,
      "app/linked.py": { link: "text" },
      "bin/tool": `#!/usr/bin/env python3\n${FLAW}`,
      "bin/linked.py": { link: "../.gitignore" },
      ".gitignore": FLAW,
      "web/wide.js": Buffer.from("\ufeffnode.innerHTML = text;\n", "utf16le"),
    });
    expectScanned(said);
    const places = ["app/linked.py:2", "bin/linked.py:2", "bin/tool:3"].map((place) => `no-eval ${place}`);
    expect(said.found).toEqual([...places, "no-inner-html web/wide.js:1"]);
  });

  test("keeping it where the commit only points at: it is told that nothing was looked through there", async () => {
    const said = await scanner.scan({
      "app/views.py": `version https://git-lfs.github.com/spec/v1\noid sha256:${"0".repeat(64)}\nsize 9\n`,
      "app/away.py": { link: "/srv/away.py" },
    });
    expectScanned(said);
    expect(said.unread).toEqual(["app/away.py", "app/views.py"]);
  });

  test("where it puts it, how long it is, or that nobody can read it", async () => {
    const paths = ["tests/a.py", "node_modules/x/a.py", "vendor/a.py", ".hidden/a.py", "app/-rf.py", "app/a b%20.py"];
    const long = `# ${"x".repeat(97)}\n`.repeat(20_000);
    const said = await scanner.scan({
      ...Object.fromEntries(paths.map((path) => [path, FLAW])),
      "long/a.py": `${long}${FLAW}`,
      "broken/a.py": `def broken(:\n  ((((\n${FLAW}`,
    });
    expectScanned(said);
    const whole = said.found.filter((each) => !each.includes("broken/"));
    expect(whole).toEqual([...paths.map((path) => `no-eval ${path}:2`), "no-eval long/a.py:20002"].sort());
    expect(said.unread).toEqual(["broken/a.py"]);
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
