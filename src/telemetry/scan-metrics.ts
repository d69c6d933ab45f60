import { Counter, type Registry } from "prom-client";

/** Scans that run elsewhere. */
export interface ScanMetrics {
  /** A scan of that kind came to a state. */
  became(kind: string, state: string): void;
  /** A report came; `result`: `taken`, or why it was refused. */
  report(result: string): void;
}

export function createScanMetrics(registry: Registry): ScanMetrics {
  const registers = [registry];
  const states = new Counter({
    name: "hms_scans_total",
    help: "Scans that run elsewhere, by kind and the state that they came to.",
    labelNames: ["kind", "state"],
    registers,
  });
  const reports = new Counter({
    name: "hms_scan_reports_total",
    help: "Reports of scans, by what became of them.",
    labelNames: ["result"],
    registers,
  });
  return {
    became: (kind, state) => states.inc({ kind, state }),
    report: (result) => reports.inc({ result }),
  };
}
