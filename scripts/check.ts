import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/**
 * `npm run check`: format, lint, types, dead code, tidiness and unit tests, side by side. Prints only what failed; the last
 * line is `check: ok` or names what failed.
 */
const ROOT = join(import.meta.dirname, "..");
const TIME_LIMIT_MS = 180_000;

interface Check {
  name: string;
  /** The tool's script under `node_modules`. */
  script: string;
  args: string[];
}

const CHECKS: Check[] = [
  { name: "biome", script: "@biomejs/biome/bin/biome", args: ["check", "--error-on-warnings", "."] },
  { name: "types", script: "typescript/bin/tsc", args: ["-p", "."] },
  { name: "knip", script: "knip/bin/knip.js", args: ["--no-progress", "--no-config-hints"] },
  { name: "unit tests and tidiness", script: "vitest/vitest.mjs", args: ["run", "--project=unit", "--reporter=dot"] },
];

interface Result {
  name: string;
  ok: boolean;
  seconds: string;
  output: string;
}

function run({ name, script, args }: Check): Promise<Result> {
  const startedMs = performance.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(ROOT, "node_modules", script), ...args], {
      cwd: ROOT,
      env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: TIME_LIMIT_MS,
      killSignal: "SIGKILL",
    });
    const output: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => output.push(text));
    }
    child.once("error", (error) => output.push(error.message));
    child.once("close", (code, signal) => {
      if (signal !== null) output.push(`ended by ${signal} after at most ${TIME_LIMIT_MS / 1000} s`);
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
      resolve({ name, ok: code === 0, seconds, output: output.join("").trim() });
    });
  });
}

if (!existsSync(join(ROOT, "node_modules"))) {
  console.error('The tools are not installed: run "npm ci" first.');
  console.log("check: failed: npm ci is missing");
  process.exit(1);
}

const results = await Promise.all(CHECKS.map(run));
for (const { name, output } of results.filter(({ ok }) => !ok)) console.log(`\n── ${name} ──\n${output}\n`);
for (const { name, ok, seconds } of results) console.log(`${ok ? "ok    " : "FAILED"} ${name} (${seconds} s)`);
const failed = results.filter(({ ok }) => !ok).map(({ name }) => name);
console.log(failed.length === 0 ? "check: ok" : `check: failed: ${failed.join(", ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
