import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { QueueStats } from "../ports/queue.ts";
import { createHealingMetrics, type HealingMetrics } from "./healing-metrics.ts";
import { createPreviewMetrics, type PreviewMetrics } from "./preview-metrics.ts";
import { createScanMetrics, type ScanMetrics } from "./scan-metrics.ts";

/** What `/metrics` shows, in the Prometheus text format. No repository, pull request or login ever becomes a label. */
export interface Metrics {
  delivery(event: string, result: string): void;
  run(kind: string, outcome: string, durationMs: number): void;
  call(route: string, status: number, durationMs: number): void;
  /** How long after GitHub's own time a delivery was accepted. */
  lag(event: string, lagMs: number): void;
  /** A part of a run, by the name of its span. */
  phase(name: string, durationMs: number): void;
  /** What a gate came to say. */
  verdict(outcome: string): void;
  /** A pull request was merged although the gate had not let it through. */
  bypass(): void;
  readonly healing: HealingMetrics;
  readonly previews: PreviewMetrics;
  readonly scans: ScanMetrics;
  /** Whether the checker is as it should be. */
  checker(healthy: boolean): void;
  /** A message to who is awaited, by the kind of its target. */
  notification(kind: string, result: string): void;
  /** A call to GitHub that had to wait, or was put off, since a limit was reached. */
  delayed(reason: string): void;
  render(queue: () => Promise<QueueStats>): Promise<string>;
  readonly contentType: string;
}

/** Spans that are parts of a run; others, such as calls to GitHub, have metrics of their own. */
const PHASES = new Set(["commands", "observe", "judge", "say", "write-checks"]);
/** https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#calculating-points-for-the-secondary-rate-limit */
const POINTS = { read: 1, write: 5 };

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
  const points = new Counter({
    name: "hms_github_points_total",
    help: "Points of GitHub's secondary rate limit: 1 for a read, 5 for a write.",
    registers,
  });
  const answers = new Counter({
    name: "hms_github_answers_total",
    help: "Answers that cost primary quota, and those that did not (304).",
    labelNames: ["quota"],
    registers,
  });
  const lags = new Histogram({
    name: "hms_delivery_lag_seconds",
    help: "From GitHub's own time of an event to its acceptance, where the payload tells it.",
    labelNames: ["event"],
    buckets: [0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200],
    registers,
  });
  const phases = new Histogram({
    name: "hms_phase_seconds",
    help: "Parts of runs.",
    labelNames: ["phase"],
    buckets: SECONDS,
    registers,
  });
  const checker = new Gauge({
    name: "hms_checker_healthy",
    help: "1 while the checker decides with the policy that it is told to.",
    registers,
  });
  checker.set(1);
  const bypasses = new Counter({
    name: "hms_bypass_merges_total",
    help: "Pull requests that were merged although the gate had not let them through.",
    registers,
  });
  const verdicts = new Counter({
    name: "hms_verdicts_total",
    help: "New verdicts by outcome.",
    labelNames: ["outcome"],
    registers,
  });
  const notifications = new Counter({
    name: "hms_notifications_total",
    help: "Messages to who is awaited, by kind of target and result.",
    labelNames: ["kind", "result"],
    registers,
  });
  const delays = new Counter({
    name: "hms_github_delays_total",
    help: "Calls that waited or were put off, by the limit that was reached.",
    labelNames: ["reason"],
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
    healing: createHealingMetrics(registry),
    previews: createPreviewMetrics(registry),
    scans: createScanMetrics(registry),
    checker: (healthy) => checker.set(healthy ? 1 : 0),
    delivery: (event, result) => deliveries.inc({ event, result }),
    run: (kind, outcome, durationMs) => runs.observe({ kind, outcome }, durationMs / 1000),
    call(route, status, durationMs) {
      calls.observe({ route, status: String(status) }, durationMs / 1000);
      points.inc(/^(?:GET|HEAD) /.test(route) ? POINTS.read : POINTS.write);
      answers.inc({ quota: status === 304 ? "free" : "charged" });
    },
    lag: (event, lagMs) => lags.observe({ event }, Math.max(0, lagMs) / 1000),
    phase(name, durationMs) {
      if (PHASES.has(name)) phases.observe({ phase: name }, durationMs / 1000);
    },
    verdict: (outcome) => verdicts.inc({ outcome }),
    notification: (kind, result) => notifications.inc({ kind, result }),
    bypass: () => bypasses.inc(),
    delayed: (reason) => delays.inc({ reason }),
    async render(stats) {
      const now = await stats();
      for (const state of ["ready", "delayed", "leased", "parked"] as const) queue.set({ state }, now[state]);
      age.set(now.oldestReadyMs / 1000);
      return registry.metrics();
    },
  };
}
