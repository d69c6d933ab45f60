import type { Clock } from "./ports/clock.ts";
import type { Engine } from "./ports/engine.ts";
import type { GitHub } from "./ports/github.ts";
import type { ScanDeps } from "./pull-request/scan/deps.ts";
import type { ScanMetrics } from "./telemetry/scan-metrics.ts";

export interface Scans {
  deps: ScanDeps;
}

/** Scans that run elsewhere: what starts them. */
export function openScans(base: { github: GitHub; engine: Engine; clock: Clock }, metrics: ScanMetrics): Scans {
  return { deps: { ...base, became: metrics.became } };
}
