import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";

const ROOT = new URL("../..", import.meta.url).pathname;
const temporary = mkdtempSync(join(tmpdir(), "hms-demo-test-"));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

interface Line {
  step: string;
  ok: boolean;
  ms: number;
  observed: Record<string, string | number>;
  why?: string;
}

interface Ended {
  code: number | null;
  /** What it left in its own temporary directory. */
  left: string[];
  out: string;
  err: string;
}

function run(
  args: string[],
  whileRunning?: (child: ReturnType<typeof spawn>, output: () => string) => void,
): Promise<Ended> {
  const own = mkdtempSync(join(temporary, "run-"));
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { PATH: process.env.PATH, TMPDIR: own },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk) => {
    out += chunk;
    whileRunning?.(child, () => out);
  });
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, out, err, left: readdirSync(own) })));
}

const lines = (out: string): Line[] =>
  out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);

/** The HMS-SYS of a line `process 123 at …`. */
const alive = (line: Line | undefined): boolean => {
  const pid = /process (\d+)/.exec(String(line?.observed["HMS-SYS"]))?.[1];
  return pid !== undefined && existsSync(`/proc/${pid}`);
};

describe("npm run demo", () => {
  test("every step holds, no key is told, and nothing is left behind", async () => {
    const { code, out, err, left } = await run(["demo/run.ts", "--exit", "--json"]);
    expect(err).toBe("");
    const steps = lines(out);
    expect(steps.filter(({ ok }) => !ok)).toEqual([]);
    expect(code).toBe(0);
    expect(steps.map(({ step }) => step)).toEqual([
      "start",
      "protect",
      "leak",
      "blocked",
      "refused",
      "why",
      "deleted",
      "rewritten",
      "killed",
      "recovered",
      "merged",
      "explained",
      "scanned",
      "forged",
      "waived",
      "mended",
      "agents",
      "previewed",
      "moved",
      "broken",
      "gone",
      "fork",
      "silent",
    ]);
    expect(out).not.toMatch(/sk_live_[0-9a-f]/);
    const observed = Object.fromEntries(steps.map((line) => [line.step, line.observed]));
    expect(observed.scanned).toMatchObject({ runner: expect.stringMatching(/^a double: /), rule: "no-sast-findings" });
    expect(observed.forged?.["HMS-SYS"]).toMatch(/^403: /);
    expect(observed.waived?.says).toMatch(/until \d{4}-\d\d-\d\d/);
    expect(observed.agents?.plan).toMatch(/^wave 1: .* → wave 2: /);
    expect(observed.previewed?.cluster).toMatch(/^simulated: /);
    expect(observed.previewed?.["the address says"]).toBe("200 · Here ghcr.io/acme/shop:2 would answer.");
    expect(observed.broken).toMatchObject({
      reason: expect.stringMatching(/^Failed to unmarshal "web.yaml": yaml: line 6: /),
    });
    expect(observed.gone).toMatchObject({ before: expect.stringContaining("Namespace"), left: "0 objects" });
    expect(observed.fork?.["line to paste"]).toMatch(/^\/hms ok-to-test [0-9a-f]{40}$/);
    expect(steps.filter(alive)).toEqual([]);
    expect(left).toEqual([]);
  }, 180_000);

  test.each([
    ["unpinned", "protect", "not pinned"],
    ["unprotected", "refused", "merged: true"],
    ["leftover", "gone", "ConfigMap"],
    ["gossip", "silent", "a key stands in the comments of #1"],
  ])(
    "%s: ends with 1 and names the step %s",
    async (sabotage, step, why) => {
      const { code, out } = await run(["test/system/sabotaged-demo.ts", sabotage, "--json"]);
      expect(code).toBe(1);
      const steps = lines(out);
      expect(steps.at(-1)).toMatchObject({ step, ok: false, why: expect.stringContaining(why) });
      expect(steps.slice(0, -1).every(({ ok }) => ok)).toBe(true);
      expect(out).not.toMatch(/sk_live_[0-9a-f]/);
      expect(steps.filter(alive)).toEqual([]);
    },
    180_000,
  );

  test("interrupted in its middle it ends with 130 and takes its children along", async () => {
    let sent = false;
    const { code, out, left } = await run(["demo/run.ts", "--json"], (child, output) => {
      if (!sent && output().includes('"leak"')) sent = child.kill("SIGINT");
    });
    expect(code).toBe(130);
    expect(lines(out).filter(alive)).toEqual([]);
    expect(left).toEqual([]);
  }, 60_000);

  test("as text it fits 100 columns, says that GitHub is a double and the cluster simulated, and names the step that did not hold", async () => {
    const { code, out } = await run(["test/system/sabotaged-demo.ts", "unprotected"]);
    expect(code).toBe(1);
    const sentences = out.replaceAll("\n", " ");
    expect(sentences).toContain("GitHub is a double here");
    expect(sentences).toContain("and so is the runner");
    expect(sentences).toContain("The cluster that previews go to is simulated");
    expect(out).toContain("✓ held");
    expect(out).toContain('Step "refused" did not hold');
    expect(out.split("\n").filter((line) => line.length > 100)).toEqual([]);
    expect(out).not.toContain("\u001b");
  }, 180_000);

  test("unknown flags: usage and 2", async () => {
    const { code, out, err } = await run(["demo/run.ts", "--fast"]);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain("--fast");
    expect(err).toContain("--exit");
    expect((await run(["demo/run.ts", "--help"])).code).toBe(0);
  });
});
