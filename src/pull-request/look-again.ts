import { voteState } from "../gate/gate.ts";
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
/** A verdict that waits on machines may miss the event that it waits for. */
const WAITING_RETRY_MS = 60_000;

/** When a pull request that was judged is judged again although nothing tells of a change: pure. */
export function lookAgain({ vote, undecidedSinceMs, factsUntilMs }: PullAtCommit, nowMs: number): Outcome {
  const ends = [vote.decision?.verdict.validUntilMs, factsUntilMs].filter((one) => one !== undefined);
  const validUntilMs = ends.length === 0 ? undefined : Math.min(...ends);
  switch (voteState(vote)) {
    case "unknown": {
      const forMs = Math.max(0, nowMs - (undecidedSinceMs ?? nowMs));
      return { kind: "requeue", afterMs: Math.min(Math.max(UNDECIDED_RETRY_MS, forMs), UNDECIDED_MOST_MS) };
    }
    case "waiting-on-machines":
      return { kind: "requeue", afterMs: WAITING_RETRY_MS };
    default:
      if (vote.checkerAway !== undefined) return { kind: "requeue", afterMs: WAITING_RETRY_MS };
      return validUntilMs === undefined
        ? { kind: "done" }
        : { kind: "requeue", afterMs: Math.max(EXPIRED_RETRY_MS, validUntilMs - nowMs) };
  }
}
