import { setImmediate as nextTurn } from "node:timers/promises";
import type { LedgerEntry, LedgerPlace } from "../../ports/ledger.ts";
import type { Viewer } from "../viewer.ts";
import type { ViewDeps } from "./deps.ts";
import { seenStreams } from "./repositories.ts";

/** The decision that counted for a pull request: the last one at the head that was merged, or the newest of one that is open. */
export interface FinalDecision {
  entry: LedgerEntry;
  /** When it was merged, ms since the epoch; absent while it is open. */
  mergedAtMs?: number;
}

const PAGE = 200;

/** How many merges have no decision to ask about. */
export interface Unjudged {
  merges: number;
}

/**
 * Walks the ledger of what the viewer sees backwards to `sinceMs`, in pages. Pull requests that were closed without a merge are left out: nothing
 * came of their decisions. Other work gets its turn between pages.
 */
export async function* finalDecisions(
  deps: ViewDeps,
  viewer: Viewer,
  sinceMs: number,
  unjudged: Unjudged,
): AsyncGenerator<FinalDecision> {
  const streams = await seenStreams(deps, viewer);
  /** The newest end of each pull request, by stream and subject. */
  const ends = new Map<string, LedgerEntry>();
  for await (const closed of entries(deps, { streams, type: "pull_closed", sinceMs })) {
    const key = keyOf(closed);
    if (ends.has(key)) continue;
    ends.set(key, closed);
    if (await goesOn(deps, closed)) continue;
    if (closed.data.merged !== true) continue;
    const last = await lastBefore(deps, closed);
    if (last) yield { entry: last, mergedAtMs: closed.atMs };
    else unjudged.merges++;
  }
  const seen = new Set<string>();
  for await (const verdict of entries(deps, { streams, type: "verdict", sinceMs })) {
    const key = keyOf(verdict);
    // What was decided about a merge group is about a commit of the queue's own; its pull requests have decisions of their own.
    if (seen.has(key) || !verdict.subject.startsWith("pull/")) continue;
    seen.add(key);
    const end = ends.get(key);
    if (!end || end.sequence < verdict.sequence) yield { entry: verdict };
  }
}

/** Whether it was decided again after it was closed: it was reopened, so that closing it was not the end. */
async function goesOn(deps: ViewDeps, closed: LedgerEntry): Promise<boolean> {
  const [newest] = await deps.engine.ledger.query({
    stream: closed.stream,
    subject: closed.subject,
    type: "verdict",
    limit: 1,
  });
  return newest !== undefined && newest.sequence > closed.sequence;
}

/** The last decision at the merged head, also when it is older than the time that is asked about. */
async function lastBefore(deps: ViewDeps, closed: LedgerEntry): Promise<LedgerEntry | undefined> {
  const { stream, subject } = closed;
  const found = await deps.engine.ledger.query({ stream, subject, type: "verdict", before: closed, limit: PAGE });
  return found.find((entry) => entry.data.sha === closed.data.sha);
}

async function* entries(
  deps: ViewDeps,
  filter: { streams: string[]; type: string; sinceMs: number },
): AsyncGenerator<LedgerEntry> {
  let before: LedgerPlace | undefined;
  for (;;) {
    const page = await deps.engine.ledger.query({ ...filter, ...(before ? { before } : {}), limit: PAGE });
    yield* page;
    if (page.length < PAGE) return;
    before = page.at(-1);
    await nextTurn();
  }
}

function keyOf({ stream, subject }: LedgerEntry): string {
  return `${stream}\n${subject}`;
}
