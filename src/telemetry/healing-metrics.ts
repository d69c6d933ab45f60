import { Counter, Gauge, Histogram, type Registry } from "prom-client";

export interface HealingMetrics {
  deliveries(result: string, count: number): void;
  recovered(seconds: number): void;
  /** Positive where GitHub's clock is ahead of ours. */
  clockOffset(seconds: number): void;
  installations(counts: ReadonlyMap<string, number>): void;
}

const STATUSES = ["active", "suspended", "uninstalled", "permissions-lacking", "quarantined"];

const SECONDS = [1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 4 * 3600];

export function createHealingMetrics(registry: Registry): HealingMetrics {
  const registers = [registry];
  const deliveries = new Counter({
    name: "hms_missed_deliveries_total",
    help: "Deliveries that GitHub could not hand over: missed, asked for again, healed, given up.",
    labelNames: ["result"],
    registers,
  });
  const recovery = new Histogram({
    name: "hms_recovery_seconds",
    help: "From the end of an outage until its last missed delivery was reconciled.",
    buckets: SECONDS,
    registers,
  });
  const installations = new Gauge({
    name: "hms_installations",
    help: "Installations of the App by status.",
    labelNames: ["status"],
    registers,
  });
  const clock = new Gauge({
    name: "hms_clock_offset_seconds",
    help: "GitHub's clock minus this machine's, 0 within a few seconds.",
    registers,
  });
  return {
    clockOffset: (seconds) => clock.set(seconds),
    installations(counts) {
      for (const status of STATUSES) installations.set({ status }, counts.get(status) ?? 0);
    },
    deliveries: (result, count) => deliveries.inc({ result }, count),
    recovered: (seconds) => recovery.observe(seconds),
  };
}
