import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startGuardian } from "./guardian.ts";
import { ensureScanner, SCANNER_NAMES } from "./scanners.ts";
import { ensureTool, redisServer, TOOL_NAMES, type ToolName, ToolUnavailableError } from "./tools.ts";

/**
 * `npm run test:real`: builds the real programs where the cache lacks them, checks the policies with OPA itself, then runs
 * the tests in this folder; those in `cluster` against one Kubernetes with Argo CD, started for them. The last line is `N passed, N failed`. Arguments go to Vitest.
 */
const ROOT = join(import.meta.dirname, "../..");
const running = new Set<ChildProcess>();
const guardian = startGuardian();
const counts = { passed: 0, failed: 0 };
const reports = mkdtempSync(join(tmpdir(), "hms-real-"));

// Also after an interrupt: nothing that was started or written outlives this process.
process.once("exit", () => {
  for (const child of running) killGroup(child);
  rmSync(reports, { recursive: true, force: true });
});

/** Runs a command in a process group of its own, so that nothing it started outlives it. */
function run(command: string, args: string[], stdout: "inherit" | "ignore" = "inherit"): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: ["ignore", stdout, "inherit"], detached: true });
    running.add(child);
    const { pid } = child;
    if (pid !== undefined) guardian.guard(pid);
    const ended = (code: number) => {
      killGroup(child);
      if (pid !== undefined) guardian.release(pid);
      running.delete(child);
      resolve(code);
    };
    child.once("error", (error) => {
      console.error(error.message);
      ended(1);
    });
    child.once("exit", (code) => ended(code ?? 1));
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch (error) {
    // Everything in the group has ended by itself.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function step(name: string, command: string, args: string[], stdout?: "ignore"): Promise<void> {
  const startedMs = performance.now();
  const code = await run(command, args, stdout);
  counts[code === 0 ? "passed" : "failed"] += 1;
  console.log(`${code === 0 ? "ok" : "FAILED"}: ${name} (${((performance.now() - startedMs) / 1000).toFixed(1)} s)`);
}

/** Counts tests, not files. A run that leaves no report counts as one failure. */
async function vitest(args: string[]): Promise<void> {
  const report = join(reports, "vitest.json");
  const code = await run(process.execPath, [
    join(ROOT, "node_modules/vitest/vitest.mjs"),
    "run",
    "--config=test/real/vitest.config.ts",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
    ...args,
  ]);
  const { numPassedTests, numFailedTests } = JSON.parse(await readFile(report, "utf8").catch(() => "{}"));
  counts.passed += numPassedTests ?? 0;
  counts.failed += Math.max(numFailedTests ?? 0, code === 0 ? 0 : 1);
}

async function tools(): Promise<Record<ToolName, string>> {
  const paths = await Promise.all(TOOL_NAMES.map(async (name) => [name, await ensureTool(name)]));
  return Object.fromEntries(paths);
}

for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  process.once(signal, () => process.exit(code));
}

try {
  const { opa } = await tools();
  redisServer();
  for (const name of SCANNER_NAMES) ensureScanner(name);
  await step("opa fmt", opa, ["fmt", "--list", "--fail", "policies"]);
  await step("opa check", opa, ["check", "--strict", "--ignore=*.yaml", "policies"]);
  await step("opa test", opa, ["test", "--ignore=*.yaml", "policies"]);
  await step("opa test covers every line", opa, [
    "test",
    "--ignore=*.yaml",
    "--coverage",
    "--threshold=100",
    "--format=pretty",
    "policies",
  ]);
  await step("policies/dist is what the Rego gives", process.execPath, ["scripts/build-policies.ts", "--check"]);
  await vitest(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof ToolUnavailableError ? error.message : error);
  counts.failed += 1;
}
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed === 0 ? 0 : 1;
