import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { QueueStats } from "../ports/queue.ts";

/** What `/metrics` shows, in the Prometheus text format. No repository, pull request or login ever becomes a label. */
export interface Metrics {
  delivery(event: string, result: string): void;
  run(kind: string, outcome: string, durationMs: number): void;
  call(route: string, status: number, durationMs: number): void;
  render(queue: () => Promise<QueueStats>): Promise<string>;
  readonly contentType: string;
}

const SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: "hms_" });
  const registers = [registry];
  const deliveries = new Counter({
    name: "hms_deliveries_total",
    help: "Webhook deliveries by event and result.",
    labelNames: ["event", "result"],
    registers,
  });
  const runs = new Histogram({
    name: "hms_reconcile_seconds",
    help: "Runs of keys by kind and outcome.",
    labelNames: ["kind", "outcome"],
    buckets: SECONDS,
    registers,
  });
  const calls = new Histogram({
    name: "hms_github_call_seconds",
    help: "Calls to GitHub by route and status.",
    labelNames: ["route", "status"],
    buckets: SECONDS,
    registers,
  });
  const queue = new Gauge({ name: "hms_queue_keys", help: "Keys by state.", labelNames: ["state"], registers });
  const age = new Gauge({
    name: "hms_queue_oldest_ready_seconds",
    help: "Age of the oldest key that could run.",
    registers,
  });
  return {
    contentType: registry.contentType,
    delivery: (event, result) => deliveries.inc({ event, result }),
    run: (kind, outcome, durationMs) => runs.observe({ kind, outcome }, durationMs / 1000),
    call: (route, status, durationMs) => calls.observe({ route, status: String(status) }, durationMs / 1000),
    async render(stats) {
      const now = await stats();
      for (const state of ["ready", "delayed", "leased", "parked"] as const) queue.set({ state }, now[state]);
      age.set(now.oldestReadyMs / 1000);
      return registry.metrics();
    },
  };
}
