import type { Logger } from "pino";
import { type CheckerInForce, watchChecker } from "./checker.ts";
import type { Settings } from "./config/settings.ts";
import { deliveryHealing } from "./healing/heal.ts";
import { countInstallations } from "./intake/installation.ts";
import { type SweepDeps, sweepInstallations } from "./intake/sweep.ts";
import { every } from "./periodically.ts";
import type { Clock } from "./ports/clock.ts";
import type { Engine } from "./ports/engine.ts";
import type { GitHub } from "./ports/github.ts";
import { pruneRecords } from "./pruning.ts";
import type { PreviewDeps } from "./pull-request/preview/deps.ts";
import { sweepPreviews } from "./pull-request/preview/sweep-previews.ts";
import type { ScanDeps } from "./pull-request/scan/deps.ts";
import { sweepScanJobs } from "./pull-request/scan/sweep-scan-jobs.ts";
import type { Metrics } from "./telemetry/metrics.ts";
import type { Worker } from "./worker/worker.ts";

export interface BackgroundDeps {
  settings: Settings;
  engine: Engine;
  github: GitHub;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  worker: Worker;
  sweep: SweepDeps;
  previews: PreviewDeps;
  scans: ScanDeps;
  checker: CheckerInForce;
  pruneSessions(): Promise<void>;
}

const PRUNE_EVERY_MS = 3_600_000;
const KEEP_DELIVERIES_MS = 8 * 24 * 3_600_000;
const CHECKER_EVERY_MS = 15_000;
const HEAL_EVERY_MS = 60_000;
const DAY_MS = 24 * 3_600_000;

/** What runs on its own: sweeps, healing, pruning, a look at the checker. */
export function startBackground(deps: BackgroundDeps): { stop(): void } {
  const { settings, engine, github, clock, log, metrics, worker, sweep, previews, scans, checker } = deps;
  const heal = deliveryHealing({
    engine,
    deliveries: github.deliveries,
    clock,
    log,
    windowMs: redeliveryDays(settings.githubApiUrl) * DAY_MS,
    intervalMs: Math.min(HEAL_EVERY_MS, settings.resyncIntervalMs),
    startedAtMs: clock.now(),
    oldestRunAtMs: () => worker.oldestRunAtMs(),
    counted: metrics.healing.deliveries,
    recovered: metrics.healing.recovered,
  });
  countInstallations(sweep).catch((error: unknown) => log.warn({ err: error }, "installations not counted"));
  const timers = [
    every(settings.resyncIntervalMs, () => sweepInstallations(sweep), log, "sweep failed"),
    every(
      settings.resyncIntervalMs,
      () => sweepPreviews({ ...previews, log, counted: metrics.previews.counted }),
      log,
      "sweep of previews failed",
    ),
    every(settings.resyncIntervalMs, () => sweepScanJobs({ ...scans, log }), log, "sweep of scans failed"),
    every(HEAL_EVERY_MS, heal, log, "healing failed"),
    every(
      Math.min(CHECKER_EVERY_MS, settings.resyncIntervalMs),
      watchChecker(checker, engine, log, metrics.checker),
      log,
      "looking at the checker failed",
    ),
    every(PRUNE_EVERY_MS, () => engine.queue.prune(KEEP_DELIVERIES_MS), log, "pruning failed"),
    every(PRUNE_EVERY_MS, () => pruneRecords(engine.records), log, "pruning of records failed"),
    every(PRUNE_EVERY_MS, deps.pruneSessions, log, "pruning of sessions failed"),
  ];
  return {
    stop() {
      for (const timer of timers) timer.stop();
    },
  };
}

/** https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks — Enterprise Server keeps them for longer. */
function redeliveryDays(apiUrl: string): number {
  return new URL(apiUrl).pathname.startsWith("/api/v3") ? 7 : 3;
}
