import type { PullRequest } from "../model/pull-request.ts";

/** What the last sweep of a repository found: record `storageKey.swept`. */
export interface Swept {
  /** The process and policy bundle for which it holds: another one judges everything anew. */
  basis: string;
  pulls: Record<string, SweptPull>;
}

interface SweptPull {
  facts: string;
  /** When it was last given to the queue, ms since the epoch. */
  readAtMs: number;
}

/** What no list tells, such as somebody's permission, is looked at again after so long, a few pull requests a sweep. */
const AGAIN_AFTER_MS = 6 * 3_600_000;
const AGAIN_PER_SWEEP = 20;

/**
 * Which of a repository's open pull requests have to be read one by one: pure. One whose facts on the list are those that it was given to the
 * queue for before needs no reading: the queue is durable, so that it was judged or is about to be.
 */
export function pullsToRead(
  open: readonly PullRequest[],
  before: Swept | undefined,
  { basis, nowMs }: { basis: string; nowMs: number },
): { read: number[]; swept: Swept } {
  const known = before?.basis === basis ? before.pulls : {};
  const read: number[] = [];
  const unchanged: { number: number; readAtMs: number }[] = [];
  const pulls: Swept["pulls"] = {};
  for (const pull of open) {
    const facts = factsOf(pull);
    const last = known[pull.number];
    // Without GitHub's word for when it changed nothing can be said.
    if (!last || last.facts !== facts || pull.updatedAt === undefined) {
      read.push(pull.number);
      pulls[pull.number] = { facts, readAtMs: nowMs };
    } else {
      pulls[pull.number] = last;
      if (Math.abs(nowMs - last.readAtMs) >= AGAIN_AFTER_MS)
        unchanged.push({ number: pull.number, readAtMs: last.readAtMs });
    }
  }
  for (const { number } of unchanged.sort((a, b) => a.readAtMs - b.readAtMs).slice(0, AGAIN_PER_SWEEP)) {
    read.push(number);
    pulls[number] = { facts: pulls[number]?.facts ?? "", readAtMs: nowMs };
  }
  return { read, swept: { basis, pulls } };
}

function factsOf({ updatedAt, headSha, baseRef, draft, labels }: PullRequest): string {
  return [updatedAt, headSha, baseRef, draft, ...labels].join("\n");
}
