import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RepositoryHandle } from "../../doubles/github/github.ts";
import { scanFiles, startScanRunner } from "../../stage/scan-runner.ts";
import { type Stage, setStage } from "../../stage/stage.ts";
import { type Check, checks, concluded, newRepository, type OpenedPull, openPull, until } from "../../system/scene.ts";
import { ensureScanner, scannerCache } from "../scanners.ts";
import { lockFile, VULNERABILITY } from "./left-pad.ts";

/** A pull request with flaws, through the real process, the shipped workflow and Action, and the real scanners, to the gate and back. */

const HMS = `version: 1
scan:
  sast: { tool: semgrep }
  leaks: { tool: gitleaks }
  dependencies: { tool: osv-scanner }
  iac: { tool: checkov }
`;
const KINDS = ["sast", "leaks", "dependencies", "iac"];
const RULES = `rules:
  - id: no-eval
    languages: [python]
    message: eval of what a user sent
    severity: ERROR
    metadata: { security-severity: "9.1" }
    pattern: eval(...)
`;
const pod = (privileged: boolean): string =>
  `apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n    - name: a\n      image: a\n      securityContext: { privileged: ${privileged} }\n`;
/** Of the form of a real one, and new in every run. */
const leaked = () => `export const payload = "${["glpat", randomBytes(10).toString("hex")].join("-")}";\n`;

const database = mkdtempSync(join(tmpdir(), "hms-osv-"));
let stage: Stage;
let runner: { close(): Promise<void> };
let repository: RepositoryHandle;
let pull: OpenedPull;

beforeAll(async () => {
  for (const tool of ["semgrep", "gitleaks", "osv-scanner", "checkov"] as const) ensureScanner(tool);
  const folder = join(database, "osv-scalibr/npm");
  mkdirSync(folder, { recursive: true });
  const zip = "import sys, zipfile; zipfile.ZipFile(sys.argv[1], 'w').writestr(sys.argv[2], sys.argv[3])";
  const content = [`${VULNERABILITY.id}.json`, JSON.stringify(VULNERABILITY)];
  execFileSync("python3", ["-c", zip, join(folder, "all.zip"), ...content]);
  stage = await setStage();
  const { github } = stage;
  github.setVariable("acme", "HMS_URL", stage.hms.url);
  github.setVariable("acme", "HMS_SCAN_DATABASE", database);
  runner = startScanRunner(github, { toolCache: scannerCache() });
  repository = await newRepository(stage, {
    ".github/hms.yml": HMS,
    "app/views.py": "def view(request):\n    return 1\n",
    "package-lock.json": lockFile("1.3.0"),
    // Old debt: what the base branch has as well does not block.
    "k8s/old.yaml": pod(true),
  });
  await github.commit(repository, "main", {
    files: { ...scanFiles(), ".github/hms-scan/semgrep/team.yaml": RULES },
    author: "linus",
    message: "Scans",
  });
}, 600_000);
afterAll(async () => {
  await runner?.close();
  await stage?.close();
  rmSync(database, { recursive: true, force: true });
});

const denied = (gate: Check | undefined): string[] =>
  [...(gate?.output.summary ?? "").matchAll(/^\| ❌ \| `([\w-]+)`/gm)].map(([, rule = ""]) => rule).sort();

async function all(): Promise<Record<string, { conclusion: string | null; text: string }>> {
  const read = () =>
    Object.fromEntries(
      KINDS.map((kind) => {
        const run = checks(stage, repository, pull.sha, `hms/scan/${kind}`).at(-1);
        const text = `${run?.output.title}\n${run?.output.summary}\n${run?.output.text}`.replaceAll("\\", "");
        return [kind, { conclusion: run?.conclusion ?? null, text }];
      }),
    );
  const over = () => Object.values(read()).every(({ conclusion }) => conclusion !== null);
  await until(stage, "all scans are over", over, 400_000).catch((error: Error) => {
    throw new Error(`${JSON.stringify(read(), null, 1)}\n${error.message}`);
  });
  return read();
}

test("what four scanners find blocks by their rules, at its places; what the base has does not; mended, it is green", async () => {
  pull = await openPull(stage, repository, {
    files: {
      "app/views.py": "def view(request):\n    return eval(request.body)\n",
      "src/key.js": leaked(),
      "package-lock.json": lockFile("1.1.0"),
      "k8s/new.yaml": pod(true),
    },
  });
  const found = await all();
  for (const [kind, rule, place] of [
    ["sast", "sast/no-eval", "app/views.py:2"],
    ["leaks", "leaks/gitlab-pat", "src/key.js:1"],
    ["dependencies", "dependencies/ghsa-aaaa-bbbb-cccc", "package-lock.json"],
    ["iac", "iac/ckv-k8s-16", "k8s/new.yaml"],
  ] as const) {
    expect(found[kind]?.conclusion, `${kind}: ${found[kind]?.text}`).toBe("failure");
    expect(found[kind]?.text).toContain(rule);
    expect(found[kind]?.text).toContain(place);
  }
  // The scan in the process knows that token, too.
  const rules = [...KINDS.map((kind) => `no-${kind}-findings`), "no-critical-findings"].sort();
  const gate = await until(stage, "the gate names them all", () => {
    const now = checks(stage, repository, pull.sha).at(-1);
    return denied(now).length >= rules.length ? now : undefined;
  });
  expect(denied(gate)).toEqual(rules);
  expect(gate.conclusion).toBe("failure");

  // Out of the history as well: gitleaks looks at every commit.
  pull.sha = await stage.github.commit(repository, "mended", {
    files: { "app/views.py": "def view(request):\n    return 2\n", "src/key.js": "export const payload = 1;\n" },
    author: "ada",
    message: "Without flaws",
    from: "main",
  });
  await stage.github.push(repository, pull.branch, pull.sha, { by: "ada", force: true });
  const mended = await all();
  for (const kind of KINDS) expect(mended[kind]?.conclusion, `${kind}: ${mended[kind]?.text}`).toBe("success");
  await concluded(stage, pull, "success");
}, 900_000);
