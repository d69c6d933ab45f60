import type { Intent } from "../model/intent.ts";
import type { Outcome } from "../model/outcome.ts";

/** A webhook delivery as far as it has to be kept. */
export interface Delivery {
  /** `X-GitHub-Delivery`, the same again on redelivery. Remembered for 8 days at least. */
  id: string;
  event: string;
  action?: string;
  receivedAtMs: number;
  /** When GitHub says that it happened, where the payload tells. */
  happenedAtMs?: number;
  /** The trace that its reception began: https://www.w3.org/TR/trace-context/#traceparent-header */
  traceparent?: string;
}

/** So many deliveries are told to one run at most; of a burst the first and the last ones. */
export const CAUSES_MAX = 20;

export interface Acceptance {
  delivery: Delivery;
  /** As `formatKey` writes them. */
  keys: string[];
  intents: Intent[];
  /**
   * Facts that the delivery brought and that cannot be read again (who pushed, what a repository is called): put, last wins. One that was so
   * at `asOfMs`, ms since the epoch, replaces nothing that was written minutes after that.
   */
  records: { key: string; value: unknown; asOfMs?: number }[];
}

export interface Lease {
  key: string;
  /** Grows with every lease that is given out: what fences off a holder that was too slow. */
  token: number;
  /** How often this key has failed in a row. */
  attempt: number;
  /**
   * Deliveries since the last run that ended well, oldest first: what explains the run. It does not depend on them, so of those that met a
   * key which was waiting already some may be missing after a crash.
   */
  causes: readonly Delivery[];
  expiresAtMs: number;
}

/** How a run ended. `postponed`: it could not be carried out now, which is nobody's failure; it keeps what led to it. */
export type Settlement = Outcome | { kind: "failed"; error: string } | { kind: "postponed"; afterMs: number };

export interface QueueStats {
  /** Keys that may run now. */
  ready: number;
  /** Keys that wait for their `notBefore`. */
  delayed: number;
  leased: number;
  parked: number;
  /** Age of the oldest ready key, ms. */
  oldestReadyMs: number;
}

export interface ParkedKey {
  key: string;
  reason: string;
  parkedAtMs: number;
}

/**
 * Inbox and queue in one, so that a delivery and its keys become durable together (invariant I1). Equal pending keys collapse; a key that is
 * enqueued while it runs is run again. Keys with unsettled intents come first; installations take turns.
 */
export interface Queue {
  /** Resolves only once everything in it is durable. A delivery id that was accepted before changes nothing. Rejects when the store cannot write. */
  accept(acceptance: Acceptance): Promise<"accepted" | "duplicate">;
  /** Those of the delivery ids that were accepted, in the last 8 days at least. */
  known(deliveryIds: readonly string[]): Promise<Set<string>>;
  /** Durable on resolve. `notBeforeMs` (since the epoch): an earlier due time wins over a later one. Frees a parked key. */
  enqueue(key: string, options?: { notBeforeMs?: number; causes?: readonly Delivery[] }): Promise<void>;
  /**
   * Until then (ms since the epoch; the past ends it) no key of the installation is leased but `installation/<id>` itself, which finds out
   * whether it can go on. Not durable: a restart learns it again.
   */
  pause(installationId: number, untilMs: number): Promise<void>;
  /** Installations whose keys wait because of {@link pause}. */
  paused(): Promise<{ installationId: number; untilMs: number }[]>;
  /** Lets go of every key of an installation, or of one of its repositories, and settles its intents, but for keys that are leased. How many. */
  drop(what: { installationId: number; repositoryId?: number }): Promise<number>;
  /** The next key that is due, leased for `ttlMs`; undefined when there is none. */
  lease(ttlMs: number): Promise<Lease | undefined>;
  /** Extends a lease; false when it is no longer ours. */
  renew(lease: Lease, ttlMs: number): Promise<boolean>;
  /** Whether the lease is still ours: asked before every write to the outside (invariant I6). */
  holds(lease: Lease): Promise<boolean>;
  /** Ends a run. Does nothing, and says false, when the lease is no longer ours: the key then belongs to another run. */
  settle(lease: Lease, outcome: Settlement): Promise<boolean>;
  /** Intents of a key that have not been settled, oldest first. */
  intents(key: string): Promise<Intent[]>;
  settleIntent(id: string, result: string): Promise<void>;
  /** Called when a key may have become ready, at once and for due times; at most one listener. */
  onReady(listener: () => void): void;
  stats(): Promise<QueueStats>;
  parked(): Promise<ParkedKey[]>;
  /** Deletes deliveries and settled intents older than that; the ids stay for 8 days at least whatever is asked. */
  prune(olderThanMs: number): Promise<void>;
}

/** After the nth failure in a row (n ≥ 1): 1 s, 2 s, 4 s … 15 min, times 0.5–1 by `random` in [0, 1). */
export function backoffMs(attempt: number, random: number): number {
  return Math.min(1000 * 2 ** Math.min(attempt - 1, 20), 15 * 60_000) * (0.5 + random / 2);
}
