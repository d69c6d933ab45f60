import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { startupSchema } from "../../src/agents/lint.ts";
import { runLintAgents } from "../../src/lint-agents.ts";
import { cleanSystem, NESTED } from "./system.ts";

vi.setConfig({ testTimeout: 60_000 });

const clean = mkdtempSync(join(tmpdir(), "hms-agents-"));
const flawed = mkdtempSync(join(tmpdir(), "hms-agents-"));

beforeAll(() => {
  for (const [path, text] of cleanSystem()) {
    for (const root of [clean, flawed]) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      const changed =
        root === flawed && path === NESTED ? text.replace("LOG_LEVEL: INFO", "NATS_TOKEN: hunter2") : text;
      writeFileSync(join(root, path), changed);
    }
  }
  mkdirSync(join(clean, "node_modules/x/agents"), { recursive: true });
  writeFileSync(join(clean, "node_modules/x/agents/x_agent.py"), "class XAgent: pass\n");
  symlinkSync(flawed, join(clean, "elsewhere"));
  symlinkSync(join(clean, NESTED), join(clean, "startup.yaml"));
});
afterAll(() => {
  for (const root of [clean, flawed]) rmSync(root, { recursive: true });
});

function hms(...args: string[]) {
  const cli = join(import.meta.dirname, "../../src/cli.ts");
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, "lint", "agents", ...args], {
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

describe("hms lint agents", () => {
  test("nothing found: 0, and what was looked at; links and others' folders are not entered", () => {
    expect(hms(clean)).toEqual({
      status: 0,
      stdout:
        "Note: Links to folders outside are not followed: elsewhere.\nLooked at 77 agents, 2 start-up configurations, 6 discovery files, 77 Python sources: no findings.\n",
      stderr: "",
    });
  });

  test("findings: 1 with place, remedy and plan, 0 with --mode warn; never the value", () => {
    const { status, stdout } = hms(flawed);
    expect(status).toBe(1);
    expect(stdout).toContain(
      `${NESTED}\n  2:30  critical  agents/plaintext-credential\n        global_settings.environment.NATS_TOKEN is written in plain text.\n        → Rotate it`,
    );
    expect(stdout).toContain(
      "  Wave 1\n    T1   main_pc_code/config/startup_config.yaml: Credential in plain text (1 finding, risk 80/100, restarts agents)",
    );
    expect(stdout).toContain("1 finding: 1 critical.");
    expect(stdout).not.toContain("hunter2");
    expect(hms(flawed, "--mode", "warn")).toMatchObject({ status: 0, stdout });
  });

  test("other formats", () => {
    expect(JSON.parse(hms(flawed, "--format", "sarif").stdout).runs[0].results).toHaveLength(1);
    expect(JSON.parse(hms(flawed, "--format", "json").stdout)).toMatchObject({
      version: 1,
      findings: [{ rule: "agents/plaintext-credential" }],
    });
    expect(hms(flawed, "--format", "plan").stdout).toMatch(
      /^# Remediation plan for the agents\n[\s\S]*\*\*ROLLBACK:\*\*/,
    );
    expect(JSON.parse(hms("--schema").stdout)).toEqual(startupSchema);
  });

  test("a folder with nothing to look at does not pass, unless only warned about", async () => {
    const empty = mkdtempSync(join(flawed, "empty-"));
    const { exitCode, err } = await runLintAgents(empty, { format: "text", mode: "fail" });
    expect([exitCode, err]).toEqual([2, expect.stringContaining("nothing was looked at")]);
    const warned = await runLintAgents(empty, { format: "sarif", mode: "warn" });
    expect([warned.exitCode, JSON.parse(warned.out).runs[0].results]).toEqual([0, []]);
  });

  test("what cannot be read is named beside what can: links, odd names, files of any size", async () => {
    const odd = mkdtempSync(join(tmpdir(), "hms-agents-"));
    const put = (name: string | Buffer, bytes: string | Buffer) => writeFileSync(name, bytes);
    put(join(odd, "notes.txt"), "x");
    symlinkSync("notes.txt", join(odd, "startup.yaml"));
    symlinkSync("nowhere", join(odd, "gone.py"));
    symlinkSync("script.py", join(odd, "linked.py"));
    put(join(odd, "script.py"), "x = 1\n");
    put(Buffer.concat([Buffer.from(`${odd}/caf`), Buffer.from([0xe9]), Buffer.from(".py")]), "x = 1\n");
    put(join(odd, "old.py"), Buffer.from("# caf\xe9\n", "latin1"));
    for (const name of ["huge_startup.yaml", "huge.json"]) {
      put(join(odd, name), "{}");
      // Larger than a string can be, and without a block on the disk.
      truncateSync(join(odd, name), 3 * 1024 ** 3);
    }
    const { exitCode, out } = await runLintAgents(odd, { format: "json", mode: "fail" });
    rmSync(odd, { recursive: true });
    const { findings, seen, notes } = JSON.parse(out);
    expect(exitCode).toBe(1);
    expect(findings.map(({ rule, message }: { rule: string; message: string }) => `${rule} ${message}`)).toEqual([
      "agents/unread caf\ufffd.py was not looked at: it cannot be read (ENOENT).",
      expect.stringMatching(/^agents\/unread gone.py was not looked at: it is a symbolic link/),
      "agents/unread huge_startup.yaml was not looked at: it is larger than 256 KB.",
      "agents/unread old.py was not looked at: it is not UTF-8 text.",
      expect.stringMatching(/^agents\/unread startup.yaml was not looked at: it is a symbolic link/),
    ]);
    expect([seen.sources, notes]).toEqual([1, [expect.stringContaining("huge.json")]]);
  });

  test("2 for a folder that is not there, and for a format that is not known", () => {
    expect(hms(join(clean, "none"))).toMatchObject({
      status: 2,
      stdout: "",
      stderr: expect.stringContaining("ENOENT"),
    });
    expect(hms(clean, "--format", "xml")).toMatchObject({ status: 2, stdout: "" });
  });
});
