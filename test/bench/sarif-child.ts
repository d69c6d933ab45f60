import { createReadStream, readFileSync, writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { openWasmChecker } from "../../src/adapters/opa/wasm-checker.ts";
import { mergeInput } from "../../src/gate/gate.ts";
import type { Finding, ScanReport } from "../../src/model/finding.ts";
import type { Checker } from "../../src/ports/checker.ts";
import { compareWithBaseline } from "../../src/scan/baseline.ts";
import { gunzipped, readSarif } from "../../src/scan/sarif.ts";
import { SNAPSHOT } from "../pull-request/snapshot.ts";
import { median } from "./row.ts";
import type { SarifFigures, SarifFiles } from "./sarif.ts";

/** Reads reports from files as they would arrive, and tells what it cost. */

const POLICIES = new URL("../../policies/dist", import.meta.url).pathname;
const CONTEXT = { kind: "sast", sha: "a".repeat(40), tool: "semgrep" } as const;
const CAPS = { packedBytes: 10 * 1024 * 1024, unpackedBytes: 200 * 1024 * 1024, ratio: 200 };

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

async function read(file: string) {
  const reading = await readSarif(gunzipped(createReadStream(file), CAPS), CONTEXT);
  if (!reading.ok) throw new Error(reading.problem);
  return reading.result.findings;
}

/** What the gate says where all of them are new: which rules deny. */
async function judge(checker: Checker, findings: Finding[]): Promise<string[]> {
  const { kind, sha } = CONTEXT;
  const config = {
    ...SNAPSHOT.config,
    preview: { required: false },
    required_scans: [kind],
    scans: [{ kind, required: true, fail_on: ["critical", "high"], old_debt: "ignore" }],
  } satisfies typeof SNAPSHOT.config;
  const report: ScanReport = { kind, status: "completed", sha, findings, notes: [] };
  const pull = { ...SNAPSHOT.pull, headSha: sha };
  const { verdict } = await checker.evaluate(mergeInput({ ...SNAPSHOT, pull, config, scans: [report] }));
  return verdict.deny.map(({ rule }) => rule);
}

/** From /proc/self/status, in bytes; 0 where the system does not tell. */
function memory(field: "VmRSS" | "VmHWM"): number {
  const kb = new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return Number(kb ?? 0) * 1024;
}

async function measure({ warm, head, base }: SarifFiles): Promise<SarifFigures> {
  // The process's own: programs loaded and compiled, its heap as large as work makes it.
  const checker = await openWasmChecker({ path: POLICIES });
  for (let i = 0; i < 20; i++) await judge(checker, await read(warm));
  collect();
  const heldBefore = process.memoryUsage().heapUsed;
  // The peak is counted anew from here on.
  writeFileSync("/proc/self/clear_refs", "5");
  const before = memory("VmRSS");
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const started = performance.now();
  const findings = await read(head);
  const readMs = performance.now() - started;
  const denied = await judge(checker, findings);
  const verdictMs = performance.now() - started;
  if (denied.join() !== "no-sast-findings") throw new Error(`denied by ${denied.join()}`);
  delay.disable();
  const peakBytes = memory("VmHWM") - before;
  collect();
  const heldBytes = process.memoryUsage().heapUsed - heldBefore;
  const others = await read(base);
  const compared: number[] = [];
  let unchanged = 0;
  for (let i = 0; i < 5; i++) {
    const since = performance.now();
    const { findings: marked } = compareWithBaseline(findings, others, new Map());
    compared.push(performance.now() - since);
    unchanged = marked.filter(({ baseline }) => baseline === "unchanged").length;
  }
  return {
    findings: findings.length,
    unchanged,
    readMs,
    verdictMs,
    peakBytes,
    heldBytes,
    compareMs: median(compared),
    blockedMs: delay.max / 1e6,
  };
}

process.on("message", async (files: SarifFiles) => {
  process.send?.(await measure(files));
});
