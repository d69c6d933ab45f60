import { type GateVote, voteState } from "../gate/gate.ts";
import type { Outcome } from "../model/outcome.ts";
import type { PullAtCommit } from "./at-commit.ts";

/**
 * An undecided pull request is looked at again that soon, and as it stays undecided less and less often: reading its facts takes GitHub's
 * budget, which others wait for. What changes meanwhile re-enters by itself.
 */
const UNDECIDED_RETRY_MS = 5_000;
const UNDECIDED_MOST_MS = 60_000;
/** A policy whose verdicts end at once must not keep the process busy. */
const EXPIRED_RETRY_MS = 5_000;
/** A verdict that waits on machines may miss the event that it waits for; a scan that failed waits for a person, who may take days. */
const WAITING_RETRY_MS = 60_000;
const WAITING_MOST_MS = 10 * 60_000;

/** When a pull request that was judged is judged again although nothing tells of a change: pure. */
export function lookAgain({ vote, waitingSinceMs, factsUntilMs }: PullAtCommit, nowMs: number): Outcome {
  const ends = [vote.decision?.verdict.validUntilMs, factsUntilMs].filter((one) => one !== undefined);
  const endsInMs = ends.map((atMs) => Math.max(EXPIRED_RETRY_MS, atMs - nowMs));
  const asLongAgain = (leastMs: number, mostMs: number): number =>
    Math.min(Math.max(leastMs, nowMs - (waitingSinceMs ?? nowMs)), mostMs);
  switch (voteState(vote)) {
    case "unknown":
      return { kind: "requeue", afterMs: asLongAgain(UNDECIDED_RETRY_MS, UNDECIDED_MOST_MS) };
    case "waiting-on-machines":
      return { kind: "requeue", afterMs: Math.min(asLongAgain(WAITING_RETRY_MS, WAITING_MOST_MS), ...endsInMs) };
    default:
      if (vote.checkerAway !== undefined) return { kind: "requeue", afterMs: WAITING_RETRY_MS };
      return endsInMs.length === 0 ? { kind: "done" } : { kind: "requeue", afterMs: Math.min(...endsInMs) };
  }
}

/**
 * Since when a pull request has been waiting as it does now, ms since the epoch: pure. Undefined where it waits on no machine; another decision
 * begins anew.
 * @param last what it said of the same commit before
 */
export function waitingSince(vote: GateVote, last: PullAtCommit | undefined, nowMs: number): number | undefined {
  const state = voteState(vote);
  if (state !== "unknown" && state !== "waiting-on-machines") return undefined;
  const same = last && voteState(last.vote) === state && last.vote.decision?.id === vote.decision?.id;
  return (same ? last.waitingSinceMs : undefined) ?? nowMs;
}
