import { createReadStream, readFileSync, writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { compareWithBaseline } from "../../src/scan/baseline.ts";
import { gunzipped, readSarif } from "../../src/scan/sarif.ts";
import { median } from "./row.ts";
import type { SarifFigures, SarifFiles } from "./sarif.ts";

/** Reads reports from files as they would arrive, and tells what it cost. */

const CONTEXT = { kind: "sast", sha: "a".repeat(40), tool: "semgrep" } as const;
const CAPS = { packedBytes: 10 * 1024 * 1024, unpackedBytes: 200 * 1024 * 1024, ratio: 200 };

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

async function read(file: string) {
  const reading = await readSarif(gunzipped(createReadStream(file), CAPS), CONTEXT);
  if (!reading.ok) throw new Error(reading.problem);
  return reading.result.findings;
}

/** From /proc/self/status, in bytes; 0 where the system does not tell. */
function memory(field: "VmRSS" | "VmHWM"): number {
  const kb = new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return Number(kb ?? 0) * 1024;
}

async function measure({ warm, head, base }: SarifFiles): Promise<SarifFigures> {
  // The process's own: programs loaded and compiled, its heap as large as work makes it.
  for (let i = 0; i < 20; i++) await read(warm);
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
    peakBytes,
    heldBytes,
    compareMs: median(compared),
    blockedMs: delay.max / 1e6,
  };
}

process.on("message", async (files: SarifFiles) => {
  process.send?.(await measure(files));
});
