import type { Logger } from "pino";
import type { Outcome } from "../model/outcome.ts";
import type { Clock } from "../ports/clock.ts";
import { GitHubError } from "../ports/github.ts";
import type { Lease, Queue } from "../ports/queue.ts";
import { LeaseLostError, type Run } from "../ports/run.ts";
import { withinRun } from "../ports/run-context.ts";
import { span } from "../ports/span.ts";
import { OutageGate } from "./outage-gate.ts";

export interface WorkerOptions {
  queue: Queue;
  clock: Clock;
  log: Logger;
  /** Runs at the same time. */
  concurrency: number;
  leaseMs: number;
  reconcile(run: Run): Promise<Outcome>;
  /** Told how every run ended, for metrics. */
  ended(ending: {
    key: string;
    outcome: Outcome["kind"] | "failed" | "limited" | "lease-lost";
    durationMs: number;
  }): void;
}

export interface Worker {
  start(): void;
  /** When the oldest of the runs under way began, ms since the epoch; undefined when there is none. */
  oldestRunAtMs(): number | undefined;
  /** While GitHub does not answer and all keys wait: when it is asked next, ms since the epoch. */
  waitsUntilMs(): number | undefined;
  /** Takes no more keys and resolves when the runs under way have ended, or after `withinMs`: their leases then expire. */
  drain(withinMs: number): Promise<void>;
}

/** After so many failures in a row because GitHub says no (404, 403, 422), the key waits for its next event instead of trying on. */
const PARK_AFTER_ATTEMPTS = 12;
/** While an installation's own key finds out what it has become; that key ends the pause, or makes it longer. */
const PAUSE_MS = 60_000;
/** A store that cannot write the end of a run is asked again that soon, so that nobody waits for the lease to expire once it can. */
const SETTLE_AGAIN_MS = 1000;

export function createWorker(options: WorkerOptions): Worker {
  const { queue, log } = options;
  const running = new Map<Promise<void>, number>();
  const gate = new OutageGate();
  /** Told once each: installation and permission. */
  const told = new Set<string>();
  let draining = false;
  let filling = false;
  let again = false;

  async function fill(): Promise<void> {
    if (filling) {
      again = true;
      return;
    }
    filling = true;
    try {
      do {
        again = false;
        while (!draining && running.size < gate.room(options.concurrency, options.clock.now())) {
          const lease = await queue.lease(options.leaseMs);
          if (!lease) break;
          const one = runInTrace(lease).finally(() => {
            running.delete(one);
            wake();
          });
          running.set(one, options.clock.now());
        }
      } while (again && !draining);
    } finally {
      filling = false;
    }
  }

  /** A store that is away must not end the worker: it is asked again. */
  function wake(): void {
    fill().catch((error: unknown) => {
      log.error({ err: error }, "cannot take keys from the queue");
      setTimeout(wake, 1000).unref();
    });
  }

  function runInTrace(lease: Lease): Promise<void> {
    const { key, causes, attempt } = lease;
    const attributes = { "hms.key": key, "hms.attempt": attempt, "hms.deliveries": causes.map(({ id }) => id) };
    return withinRun(lease, () => span("reconcile", { attributes, causes }, () => runOne(lease)));
  }

  async function runOne(lease: Lease): Promise<void> {
    const started = performance.now();
    let lost = false;
    const renewal = setInterval(() => {
      queue.renew(lease, options.leaseMs).then(
        (held) => {
          lost = !held;
        },
        (error: unknown) => log.warn({ key: lease.key, err: error }, "cannot renew a lease"),
      );
    }, options.leaseMs / 3);
    const run: Run = {
      key: lease.key,
      lease,
      async fence() {
        if (lost || !(await queue.holds(lease))) throw new LeaseLostError(lease.key);
      },
    };
    let ending: Parameters<WorkerOptions["ended"]>[0]["outcome"];
    try {
      const outcome = await options.reconcile(run);
      answered();
      await settle(lease, outcome);
      ending = outcome.kind;
      log.debug(
        { key: lease.key, outcome: outcome.kind, durationMs: Math.round(performance.now() - started) },
        "reconciled",
      );
    } catch (error) {
      ending = await settleFailure(lease, error);
    } finally {
      clearInterval(renewal);
    }
    options.ended({ key: lease.key, outcome: ending, durationMs: performance.now() - started });
  }

  async function settleFailure(
    lease: Lease,
    error: unknown,
  ): Promise<"failed" | "limited" | "lease-lost" | "terminal"> {
    if (error instanceof LeaseLostError) return "lease-lost";
    if (error instanceof GitHubError && (error.status === 0 || error.status >= 500)) unanswered(lease.key);
    else if (error instanceof GitHubError) answered();
    if (error instanceof GitHubError && error.fault === "limited" && error.retryAtMs) {
      const afterMs = Math.max(1000, error.retryAtMs - options.clock.now());
      log.warn({ key: lease.key, afterMs }, "GitHub asks to wait");
      await settle(lease, { kind: "postponed", afterMs });
      return "limited";
    }
    if (error instanceof GitHubError) await aboutInstallation(lease.key, error);
    if (isFinal(error, lease.attempt)) {
      log.error({ key: lease.key, err: error }, "key parked");
      await settle(lease, { kind: "terminal", reason: error.message });
      return "terminal";
    }
    log.warn({ key: lease.key, attempt: lease.attempt, err: error }, "run failed, will be tried again");
    await settle(lease, { kind: "failed", error: error instanceof Error ? error.message : "unknown error" });
    return "failed";
  }

  /** What is the installation's and not the key's: all its keys wait while its own key finds out; a missing permission is told once. */
  async function aboutInstallation(key: string, error: GitHubError): Promise<void> {
    const installationId = Number(key.split("/")[1]);
    if (error.about === "installation" && !key.startsWith("installation/")) {
      log.warn({ installationId, err: error }, "installation cannot be used, its keys wait");
      await queue.pause(installationId, options.clock.now() + PAUSE_MS);
      await queue.enqueue(`installation/${installationId}`);
    }
    const permission = error.missingPermission;
    if (permission === undefined || told.has(`${installationId} ${permission}`)) return;
    told.add(`${installationId} ${permission}`);
    log.error({ installationId, permission }, "a permission is missing: its owner has to accept what the App asks for");
  }

  function unanswered(key: string): void {
    const nowMs = options.clock.now();
    if (gate.unanswered(key, nowMs)) log.error({ key }, "GitHub does not answer, all keys wait");
    if (gate.down) setTimeout(wake, Math.max(0, gate.closedUntilMs - nowMs)).unref();
  }

  function answered(): void {
    if (!gate.answered()) return;
    log.info("GitHub answers again");
    wake();
  }

  /** Until it is written or the lease is not ours any more. An end that is never written down loses nothing: the key runs again. */
  async function settle(lease: Lease, end: Parameters<Queue["settle"]>[1]): Promise<void> {
    for (;;) {
      try {
        await queue.settle(lease, end);
        return;
      } catch (error) {
        log.error({ key: lease.key, err: error }, "cannot settle a run");
        if (draining) return;
        await new Promise((resolve) => setTimeout(resolve, SETTLE_AGAIN_MS));
      }
    }
  }

  /** A key that was being taken when the end began still runs. */
  async function ended(): Promise<void> {
    while (filling || running.size > 0) {
      await Promise.allSettled([...running.keys()]);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  return {
    oldestRunAtMs: () => (running.size > 0 ? Math.min(...running.values()) : undefined),
    waitsUntilMs: () => (gate.down ? gate.closedUntilMs : undefined),
    start() {
      queue.onReady(wake);
      wake();
    },
    async drain(withinMs) {
      draining = true;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, withinMs);
      });
      await Promise.race([ended(), late]);
      clearTimeout(timer);
    },
  };
}

/** Whether trying again cannot help until something happens. A permission may be accepted at any time: that is waited for. */
function isFinal(error: unknown, attempt: number): error is GitHubError {
  if (!(error instanceof GitHubError) || error.fault === "unavailable" || error.fault === "limited") return false;
  if (/archived so is read-only/i.test(error.message)) return true;
  return error.missingPermission === undefined && error.about === undefined && attempt >= PARK_AFTER_ATTEMPTS;
}
