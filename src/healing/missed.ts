import type { DeliveryAttempt } from "../ports/app-deliveries.ts";

/** A delivery that we never took, as far as GitHub's log and our inbox tell: record `storageKey.missed`. */
export interface Missed {
  guid: string;
  event: string;
  action?: string;
  installationId?: number;
  /** The newest attempt that GitHub's log shows. */
  attemptId: string;
  firstFailedAtMs: number;
  statusCode: number;
  /** How often it was asked for, when last, and which attempt was the newest then. */
  asked: number;
  askedAtMs?: number;
  askedAfter?: string;
  /** Why it is not asked for any more; an operator may ask for it on the App's page. */
  givenUp?: string;
}

/** How long GitHub may take from being asked to the result in its log. */
const RESULT_WITHIN_MS = 120_000;
/** A process that was killed may not have come to asking what it had written down, and was not there when the answer came. */
const CUT_OFF_MS = 10_000;
const ASKED_MOST = 12;
const BACKOFF_MS = 60_000;
const BACKOFF_MOST_MS = 3_600_000;
/** So many fresh failures and no success say that the webhook cannot be reached: one request at a time then. */
const UNREACHABLE_AFTER = 5;

/** Splits a log into guids of which every attempt in it failed, and those of which one did not. */
export function sortAttempts(attempts: readonly DeliveryAttempt[]): { failed: Missed[]; taken: Set<string> } {
  const taken = new Set(attempts.filter(succeeded).map((attempt) => attempt.guid));
  const failed = new Map<string, Missed>();
  // Oldest first: what is left of a guid is its newest attempt, and when the first one failed.
  for (const attempt of [...attempts].sort((a, b) => a.atMs - b.atMs || compareIds(a.id, b.id))) {
    const { guid, event, action, installationId, statusCode, atMs } = attempt;
    if (taken.has(guid)) continue;
    failed.set(guid, {
      guid,
      event,
      ...(action === undefined ? {} : { action }),
      ...(installationId === undefined ? {} : { installationId }),
      attemptId: attempt.id,
      firstFailedAtMs: failed.get(guid)?.firstFailedAtMs ?? atMs,
      statusCode,
      asked: 0,
    });
  }
  return { failed: [...failed.values()], taken };
}

export function succeeded(attempt: DeliveryAttempt): boolean {
  return attempt.statusCode >= 200 && attempt.statusCode < 300;
}

/** What is known of a delivery when its attempts are seen again. */
export function seenAgain(known: Missed, seen: Missed): Missed {
  const newer = compareIds(seen.attemptId, known.attemptId) > 0;
  return {
    ...known,
    firstFailedAtMs: Math.min(known.firstFailedAtMs, seen.firstFailedAtMs),
    ...(newer ? { attemptId: seen.attemptId, statusCode: seen.statusCode } : {}),
  };
}

export interface AskPlan {
  ask: Missed[];
  giveUp: { missed: Missed; why: string }[];
}

/**
 * Which deliveries to ask for now: pure. Each once, again only after its result showed and with growing distance, people's requests first and
 * the newest of them before the others: a command older than ten minutes is only answered.
 */
export function planAsks(
  missed: readonly Missed[],
  { nowMs, startedAtMs, windowMs, most }: { nowMs: number; startedAtMs: number; windowMs: number; most: number },
): AskPlan {
  const plan: AskPlan = { ask: [], giveUp: [] };
  const open = missed.filter((one) => one.givenUp === undefined);
  for (const one of open) {
    if (nowMs - one.firstFailedAtMs > windowMs) plan.giveUp.push({ missed: one, why: "GitHub redelivers no longer" });
    else if (!due(one, nowMs, startedAtMs)) continue;
    else if (one.asked >= ASKED_MOST) plan.giveUp.push({ missed: one, why: `${one.asked} further attempts failed` });
    else plan.ask.push(one);
  }
  const unreachable = open.filter(failedAgain).length >= UNREACHABLE_AFTER;
  // GitHub's times have whole seconds; its ids grow.
  plan.ask.sort(
    (a, b) => urgency(a) - urgency(b) || b.firstFailedAtMs - a.firstFailedAtMs || compareIds(b.attemptId, a.attemptId),
  );
  plan.ask.length = Math.min(plan.ask.length, unreachable ? 1 : most);
  return plan;
}

/** A clock that was set back leaves times in the future: they count as now. */
function due(one: Missed, nowMs: number, startedAtMs: number): boolean {
  if (one.askedAtMs === undefined) return true;
  const waitedMs = Math.abs(nowMs - one.askedAtMs);
  if (one.askedAtMs < startedAtMs) return waitedMs >= CUT_OFF_MS;
  if (!failedAgain(one) && waitedMs < RESULT_WITHIN_MS) return false;
  return waitedMs >= Math.min(BACKOFF_MS * 2 ** (one.asked - 1), BACKOFF_MOST_MS);
}

/** Asked for, and the attempt that it brought failed as well. */
function failedAgain(one: Missed): boolean {
  return one.askedAfter !== undefined && one.askedAfter !== one.attemptId;
}

/** What cannot be read again from GitHub comes first: commands, buttons; then who pushed what. */
function urgency({ event }: Missed): number {
  const order = ["issue_comment", "check_run", "check_suite", "installation", "push"];
  const at = order.indexOf(event);
  return at < 0 ? order.length : at;
}

/** Ids are numbers that grow, too large for a double at times. */
function compareIds(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}
