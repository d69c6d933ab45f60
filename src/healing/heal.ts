import type { Logger } from "pino";
import { storageKey } from "../model/storage-key.ts";
import type { AppDeliveries, DeliveryAttempt } from "../ports/app-deliveries.ts";
import type { Clock } from "../ports/clock.ts";
import type { Engine } from "../ports/engine.ts";
import { GitHubError } from "../ports/github.ts";
import { installationStream } from "../ports/ledger.ts";
import { type Missed, planAsks, seenAgain, sortAttempts } from "./missed.ts";
import { type RecoveryDeps, recoveryOf, startOfRecovery } from "./recovery.ts";

export interface HealingDeps extends RecoveryDeps {
  engine: Engine;
  deliveries: AppDeliveries;
  clock: Clock;
  log: Logger;
  /** How far back GitHub redelivers: three days, seven on Enterprise Server. */
  windowMs: number;
  /** How often it looks when there is nothing to heal. */
  intervalMs: number;
  counted(result: "missed" | "asked" | "healed" | "given-up", count: number): void;
}

/** GitHub lists an attempt when it is over, not in the order in which they began. */
const OVERLAP_MS = 120_000;
/** One look at the log is a hundred attempts a page; what is left is gone on with at the next. */
const PAGES_PER_PASS = 50;
/** A write costs five of the 900 points a minute that GitHub allows; the pages have to fit as well. */
const ASKS_PER_MINUTE = 160;
const ASKS_AT_ONCE = 4;
/** While results are awaited: our own inbox is looked at, and less often GitHub's log. */
const SOON_MS = 500;
const LOG_AGAIN_MS = 10_000;
const RESULT_SOON_MS = 30_000;

/** Where the reading of the log stands: record `storageKey.healingScan`. */
interface Scan {
  cursor: string;
  stopAtMs: number;
  topMs: number;
}

/**
 * Finds webhook deliveries that GitHub could not hand over and asks for them again (invariant I1). Returns a pass to be made now and
 * then, which says when the next one is due.
 */
export function deliveryHealing(deps: HealingDeps): () => Promise<number> {
  const { records, queue } = deps.engine;
  const recovery = recoveryOf(deps);
  let askedAtMs: number[] = [];
  let logReadAtMs = Number.NEGATIVE_INFINITY;

  return async () => {
    try {
      return await pass(deps.clock.now());
    } catch (error) {
      if (!(error instanceof GitHubError) || error.retryAtMs === undefined) throw error;
      const afterMs = Math.max(SOON_MS, error.retryAtMs - deps.clock.now());
      deps.log.warn({ afterMs, err: error }, "GitHub asks healing to wait");
      return afterMs;
    }
  };

  async function pass(nowMs: number): Promise<number> {
    await settleTaken();
    let rest = false;
    if (Math.abs(nowMs - logReadAtMs) >= Math.min(deps.intervalMs, LOG_AGAIN_MS)) {
      rest = await readLog(nowMs);
      logReadAtMs = rest ? Number.NEGATIVE_INFINITY : nowMs;
    }
    const open = await ask(nowMs);
    const soon = rest || (open.length > 0 ? open.some((one) => dueSoon(one, nowMs)) : !(await recovery.settle()));
    if (soon) return Math.min(deps.intervalMs, SOON_MS);
    return open.length > 0 ? Math.min(deps.intervalMs, LOG_AGAIN_MS) : deps.intervalMs;
  }

  async function listMissed(): Promise<Missed[]> {
    return (await records.list<Missed>(storageKey.allMissed)).map((entry) => entry.value);
  }

  /** Lets go of those that the inbox has by now. */
  async function settleTaken(): Promise<void> {
    const missed = await listMissed();
    await letGo([...(await queue.known(missed.map((one) => one.guid)))]);
  }

  async function letGo(guids: string[]): Promise<void> {
    await Promise.all(guids.map((guid) => records.delete(storageKey.missed(guid))));
    if (guids.length === 0) return;
    deps.counted("healed", guids.length);
    deps.log.info({ count: guids.length }, "missed deliveries taken");
  }

  /** Whether there is more of it than one pass reads. */
  async function readLog(nowMs: number): Promise<boolean> {
    const scan = await records.get<Scan>(storageKey.healingScan);
    const healedUpToMs = (await records.get<number>(storageKey.healedUpTo))?.value ?? Number.NEGATIVE_INFINITY;
    const stopAtMs = scan?.value.stopAtMs ?? Math.max(healedUpToMs - OVERLAP_MS, nowMs - deps.windowMs);
    let topMs = scan?.value.topMs;
    let cursor = scan?.value.cursor;
    const attempts: DeliveryAttempt[] = [];
    let more = true;
    for (let page = 0; more && page < PAGES_PER_PASS; page++) {
      const { attempts: found, next } = await pageAt(cursor);
      topMs ??= found[0]?.atMs ?? nowMs;
      attempts.push(...found.filter((attempt) => attempt.atMs >= stopAtMs));
      more = next !== undefined && (found.at(-1)?.atMs ?? 0) >= stopAtMs;
      cursor = next;
    }
    await remember(attempts, nowMs);
    if (more && cursor !== undefined && topMs !== undefined) {
      await records.put(storageKey.healingScan, { cursor, stopAtMs, topMs } satisfies Scan);
      return true;
    }
    // What failed is a record of its own by now, so that the point may pass it.
    await records.put(storageKey.healedUpTo, Math.max(healedUpToMs, topMs ?? nowMs));
    if (scan) await records.delete(storageKey.healingScan);
    return scan !== undefined;
  }

  /** A cursor that GitHub forgot must not end healing: the log is read from its top again. */
  async function pageAt(cursor: string | undefined): ReturnType<AppDeliveries["page"]> {
    try {
      return await deps.deliveries.page(cursor);
    } catch (error) {
      if (cursor !== undefined && error instanceof GitHubError && error.fault === "refused")
        await records.delete(storageKey.healingScan);
      throw error;
    }
  }

  async function remember(attempts: DeliveryAttempt[], nowMs: number): Promise<void> {
    const before = new Map((await listMissed()).map((one) => [one.guid, one]));
    const { failed, taken } = sortAttempts(attempts);
    await letGo([...taken].filter((guid) => before.has(guid)));
    const inbox = await queue.known(failed.map((one) => one.guid));
    const fresh: Missed[] = [];
    const writes: Promise<unknown>[] = [];
    for (const seen of failed) {
      const known = before.get(seen.guid);
      if (inbox.has(seen.guid)) continue;
      const now = known ? seenAgain(known, seen) : seen;
      if (!known) fresh.push(seen);
      if (!known || known.attemptId !== now.attemptId) writes.push(records.put(storageKey.missed(seen.guid), now));
    }
    // The outage first: should the process die in between, these are found again and belong to it.
    if (fresh.length > 0) await recovery.begin(startOfRecovery(attempts, fresh, deps.startedAtMs, nowMs), fresh);
    await Promise.all(writes);
    if (fresh.length === 0) return;
    deps.counted("missed", fresh.length);
    deps.log.warn({ count: fresh.length }, "deliveries found that never arrived");
  }

  /** Those that are still to be healed. */
  async function ask(nowMs: number): Promise<Missed[]> {
    const missed = await listMissed();
    askedAtMs = askedAtMs.filter((atMs) => atMs > nowMs - 60_000 && atMs <= nowMs);
    const most = Math.max(0, ASKS_PER_MINUTE - askedAtMs.length);
    // Told of, and in the ledger; GitHub's log does not bring them back.
    const old = missed.filter((one) => one.givenUp !== undefined && nowMs - one.firstFailedAtMs > 2 * deps.windowMs);
    await Promise.all(old.map((one) => records.delete(storageKey.missed(one.guid))));
    const plan = planAsks(missed, { nowMs, startedAtMs: deps.startedAtMs, windowMs: deps.windowMs, most });
    for (const { missed: one, why } of plan.giveUp) await giveUp(one, why);
    const waiting = [...plan.ask];
    let count = 0;
    const worker = async (): Promise<void> => {
      for (let one = waiting.shift(); one; one = waiting.shift()) {
        askedAtMs.push(nowMs);
        await askFor(one, nowMs).catch((error: unknown) => {
          waiting.length = 0;
          throw error;
        });
        count++;
      }
    };
    try {
      await Promise.all(Array.from({ length: ASKS_AT_ONCE }, worker));
    } finally {
      if (count > 0) {
        deps.counted("asked", count);
        deps.log.info({ count }, "missed deliveries asked for");
      }
    }
    const givenUp = new Set(plan.giveUp.map((each) => each.missed.guid));
    return missed.filter((one) => one.givenUp === undefined && !givenUp.has(one.guid));
  }

  /** Written down before it is asked: who dies in between asks once more, and the inbox takes each guid once. */
  async function askFor(one: Missed, nowMs: number): Promise<void> {
    const asked: Missed = { ...one, asked: one.asked + 1, askedAtMs: nowMs, askedAfter: one.attemptId };
    await records.put(storageKey.missed(one.guid), asked);
    try {
      await deps.deliveries.redeliver(one.attemptId);
    } catch (error) {
      if (!(error instanceof GitHubError) || error.fault === "unavailable") throw error;
      if (error.fault === "limited" || error.fault === "forbidden") {
        // Nothing was asked.
        await records.put(storageKey.missed(one.guid), one);
        throw error;
      }
      await giveUp(asked, `GitHub refuses another attempt (${error.status})`);
    }
  }

  async function giveUp(one: Missed, why: string): Promise<void> {
    await records.put(storageKey.missed(one.guid), { ...one, givenUp: why } satisfies Missed);
    deps.counted("given-up", 1);
    const { guid, event, action, installationId, statusCode } = one;
    deps.log.error({ delivery: guid, event, action, installationId, statusCode, why }, "missed delivery given up");
    if (installationId === undefined) return;
    await deps.engine.ledger.append(installationStream(installationId), [
      {
        type: "delivery_lost",
        subject: `installation/${installationId}`,
        atMs: deps.clock.now(),
        id: `delivery-lost/${guid}`,
        data: { delivery: guid, event, statusCode, why },
      },
    ]);
  }
}

/** Whether it may be taken or asked for at any moment, so that it is worth looking. */
function dueSoon({ askedAtMs }: Missed, nowMs: number): boolean {
  return askedAtMs === undefined || nowMs - askedAtMs < RESULT_SOON_MS;
}
