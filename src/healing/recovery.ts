import type { Logger } from "pino";
import { storageKey } from "../model/storage-key.ts";
import type { DeliveryAttempt } from "../ports/app-deliveries.ts";
import type { Clock } from "../ports/clock.ts";
import type { Engine } from "../ports/engine.ts";
import { installationStream } from "../ports/ledger.ts";
import { type Missed, succeeded } from "./missed.ts";

/** An outage that is being recovered from: record `storageKey.recovery`. */
interface Recovery {
  /** When deliveries could arrive again. */
  startedAtMs: number;
  /** Missed deliveries by installation; 0 stands for those of none. */
  missed: Record<string, number>;
}

export interface RecoveryDeps {
  engine: Engine;
  clock: Clock;
  log: Logger;
  /** When this process started. */
  startedAtMs: number;
  /** When the oldest of the runs under way began; undefined when there is none. */
  oldestRunAtMs(): number | undefined;
  recovered(seconds: number): void;
}

/** A delivery leads to a pull request's key, that to its commit's; a sweep goes through installation and repository before. */
const GENERATIONS = 4;

/** When it became possible to recover: the process's start, or GitHub's first success after the last of the failures. */
export function startOfRecovery(
  attempts: readonly DeliveryAttempt[],
  missed: readonly Missed[],
  processStartMs: number,
  nowMs: number,
): number {
  const lastFailureMs = Math.max(...missed.map((one) => one.firstFailedAtMs));
  const successes = attempts.filter((one) => succeeded(one) && one.atMs > lastFailureMs).map((one) => one.atMs);
  return Math.min(nowMs, ...successes, ...(processStartMs >= lastFailureMs ? [processStartMs] : []));
}

/** Measures an outage's recovery: until the last missed delivery was taken and all that it led to is reconciled. */
export function recoveryOf(deps: RecoveryDeps) {
  const { records, queue, ledger } = deps.engine;
  let generation = 0;
  let sinceMs = 0;

  /** Whether what was in the queue then has been through, and what it led to, and so on. */
  async function reconciled(): Promise<boolean> {
    const nowMs = deps.clock.now();
    const { ready, leased, oldestReadyMs } = await queue.stats();
    if (ready === 0 && leased === 0) return true;
    if (generation === 0) {
      generation = 1;
      sinceMs = nowMs;
    }
    const older = (ready > 0 && nowMs - oldestReadyMs <= sinceMs) || (deps.oldestRunAtMs() ?? nowMs) < sinceMs;
    if (older) return false;
    sinceMs = nowMs;
    return ++generation > GENERATIONS;
  }

  return {
    async begin(startedAtMs: number, fresh: readonly Missed[]): Promise<void> {
      const before = (await records.get<Recovery>(storageKey.recovery))?.value;
      const missed: Recovery["missed"] = { ...before?.missed };
      for (const { installationId = 0 } of fresh) missed[installationId] = (missed[installationId] ?? 0) + 1;
      generation = 0;
      const recovery: Recovery = { startedAtMs: before?.startedAtMs ?? startedAtMs, missed };
      await records.put(storageKey.recovery, recovery);
    },

    /** Called while nothing is left to heal: whether the outage is over, or there was none. */
    async settle(): Promise<boolean> {
      const recovery = (await records.get<Recovery>(storageKey.recovery))?.value;
      if (!recovery) return true;
      if (!(await reconciled())) return false;
      generation = 0;
      const nowMs = deps.clock.now();
      const seconds = Math.max(0, nowMs - recovery.startedAtMs) / 1000;
      const total = Object.values(recovery.missed).reduce((sum, count) => sum + count, 0);
      for (const [installationId, missed] of Object.entries(recovery.missed)) {
        if (installationId === "0") continue;
        await ledger.append(installationStream(Number(installationId)), [
          {
            type: "deliveries_healed",
            subject: `installation/${installationId}`,
            atMs: nowMs,
            id: `deliveries-healed/${recovery.startedAtMs}`,
            data: { missed, seconds },
          },
        ]);
      }
      await records.delete(storageKey.recovery);
      deps.recovered(seconds);
      deps.log.info({ missed: total, seconds }, "recovered from an outage");
      return true;
    },
  };
}
