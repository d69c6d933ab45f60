import { execFile, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { hmsJsonSchema } from "../../src/config/json-schema.ts";
import { freePort } from "../stage/free-port.ts";
import { type Stage, setStage } from "../stage/stage.ts";

const HMS = new URL("../../bin/hms", import.meta.url).pathname;
const directory = mkdtempSync(join(tmpdir(), "hms-cli-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function hms(
  args: string[],
  program = HMS,
  environment: Record<string, string> = {},
): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    // No Node of the test's own in the PATH: the command finds its own.
    execFile(program, args, { cwd: directory, env: { PATH: "/usr/bin:/bin", ...environment } }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
}

function file(name: string, text: string): string {
  writeFileSync(join(directory, name), text);
  return name;
}

describe("hms", () => {
  test("--version, --help, and what is no command", async () => {
    expect(await hms(["--version"])).toEqual({ code: 0, out: `${packageJson.version}\n`, err: "" });
    const help = await hms(["--help"]);
    expect(help.code).toBe(0);
    for (const command of ["serve", "doctor", "config", "try"]) expect(help.out).toContain(command);
    const mistyped = await hms(["serv"]);
    expect([mistyped.code, mistyped.out]).toEqual([2, ""]);
    expect(mistyped.err).toContain("Did you mean serve?");
    expect((await hms([])).code).toBe(2);
  });

  test("runs through a link, and from a directory whose name a shell would take apart", async () => {
    symlinkSync(HMS, join(directory, "linked hms; $(exit 3)"));
    expect((await hms(["--version"], join(directory, "linked hms; $(exit 3)"))).out).toBe(`${packageJson.version}\n`);
    const name = file("$(touch injected) ; 'x' *.yml", "version: 1\n");
    expect((await hms(["config", "check", name])).code).toBe(0);
  });

  test("says what to do where nothing is installed", async () => {
    mkdirSync(join(directory, "bare", "bin"), { recursive: true });
    copyFileSync(HMS, join(directory, "bare", "bin", "hms"));
    const { code, err } = await hms(["--version"], join(directory, "bare", "bin", "hms"));
    expect([code, err]).toEqual([127, expect.stringContaining("npm ci")]);
  });
});

describe("hms config", () => {
  test("check: 0 valid, 1 problems with line and column, 2 not readable", async () => {
    expect(await hms(["config", "check", file("good.yml", "version: 1\n")])).toEqual({
      code: 0,
      out: "",
      err: "good.yml: valid\n",
    });
    const bad = await hms(["config", "check", file("bad.yml", "version: 1\ngate:\n  mod: shadow\n")]);
    expect(bad.code).toBe(1);
    expect(bad.out).toMatch(/^bad\.yml:3:3: .+\n$/);
    const absent = await hms(["config", "check", "absent.yml"]);
    expect([absent.code, absent.out, absent.err]).toEqual([2, "", "absent.yml: cannot be read (ENOENT)\n"]);
    expect((await hms(["config", "check"])).code).toBe(2);
  });

  test("check --organisation takes what only the organisation's file may hold", async () => {
    const name = file("organisation.yml", "version: 1\norganisation: { enforce: [gate.mode] }\n");
    expect((await hms(["config", "check", name])).code).toBe(1);
    expect((await hms(["config", "check", "--organisation", name])).code).toBe(0);
  });

  test("schema prints the schema that the process serves", async () => {
    const { code, out } = await hms(["config", "schema"]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual(JSON.parse(JSON.stringify(hmsJsonSchema())));
  });
});

describe("hms serve", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await setStage({ withoutHms: true });
  });
  afterAll(() => stage.close());

  test("with a part of an App's credentials it says what is missing and ends with 78", async () => {
    const { code, err } = await hms(["serve"], HMS, { APP_ID: "" });
    expect(code).toBe(78);
    for (const name of ["APP_ID", "WEBHOOK_SECRET", "PRIVATE_KEY"]) expect(err).toContain(name);
  });

  test("serves until SIGTERM, which reaches the process itself", async () => {
    const port = await freePort();
    const child = spawn(HMS, ["serve"], {
      cwd: directory,
      env: { PATH: "/usr/bin:/bin", ...stage.environment, PORT: String(port) },
      stdio: "ignore",
    });
    const ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve(code ?? signal)));
    try {
      await expect
        .poll(() => fetch(`http://127.0.0.1:${port}/readyz`).then((answer) => answer.status), { timeout: 15_000 })
        .toBe(200);
      child.kill("SIGTERM");
      expect(await ended).toBe(0);
      await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
    } finally {
      child.kill("SIGKILL");
    }
  }, 40_000);
});
