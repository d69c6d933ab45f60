import type { NotificationRoute } from "../config/notifications.ts";

/** One thing to tell: this target, that these are awaited. */
export interface Notice {
  target: string;
  /** As the gate names them. */
  whom: string[];
}

/** What was told about one pull request: for each target whom, and when last, ms since the epoch. Record `storageKey.notice`. */
export type Told = Record<string, { whom: string[]; atMs: number }>;

export interface Awaiting {
  owner: string;
  repository: string;
  draft: boolean;
  /** Whom the gate waits for, as it names them; empty when it waits for nobody. */
  whom: string[];
}

/** A target is not told of the same pull request more often than that, however it goes back and forth. */
export const QUIET_MS = 4 * 3_600_000;

/**
 * What to tell now, and what to remember afterwards: pure. A target is told once when somebody is newly awaited; who is still awaited is not
 * told again, and a draft waits for nobody.
 */
export function noticesOf(
  awaiting: Awaiting,
  routes: readonly NotificationRoute[],
  told: Told,
  nowMs: number,
): { send: Notice[]; remember: Told; againInMs: number | undefined } {
  const wanted = awaiting.draft ? new Map<string, string[]>() : byTarget(awaiting, routes);
  const send: Notice[] = [];
  const remember: Told = {};
  let againInMs: number | undefined;
  for (const [target, whom] of wanted) {
    const before = told[target];
    const fresh = whom.filter((one) => !before?.whom.includes(one));
    const quietUntilMs = (before?.atMs ?? Number.NEGATIVE_INFINITY) + QUIET_MS;
    if (fresh.length === 0) remember[target] = { whom, atMs: before?.atMs ?? nowMs };
    else if (nowMs >= quietUntilMs) {
      send.push({ target, whom: fresh });
      remember[target] = { whom, atMs: nowMs };
    } else {
      remember[target] = { whom: whom.filter((one) => before?.whom.includes(one)), atMs: before?.atMs ?? nowMs };
      againInMs = Math.min(againInMs ?? Number.POSITIVE_INFINITY, quietUntilMs - nowMs);
    }
  }
  // Nobody is awaited there any more: remembered for as long as it stays quiet, so that a moment's change tells nobody twice.
  for (const [target, { atMs }] of Object.entries(told))
    if (!wanted.has(target) && nowMs < atMs + QUIET_MS) remember[target] = { whom: [], atMs };
  return { send, remember, againInMs };
}

function byTarget({ owner, repository, whom }: Awaiting, routes: readonly NotificationRoute[]): Map<string, string[]> {
  const name = `${owner}/${repository}`.toLowerCase();
  const wanted = new Map<string, Set<string>>();
  for (const { waitingFor, repositories, to } of routes) {
    if (repositories && !repositories.includes(name) && !repositories.includes(`${owner.toLowerCase()}/*`)) continue;
    const awaited = whom.filter((one) => waitingFor.includes("*") || waitingFor.includes(one.toLowerCase()));
    for (const target of to)
      for (const one of awaited) wanted.set(target, (wanted.get(target) ?? new Set<string>()).add(one));
  }
  return new Map([...wanted].map(([target, set]) => [target, [...set].sort()]));
}
