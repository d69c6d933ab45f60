import { expect, test } from "vitest";
import type { Verdict } from "../../src/model/verdict.ts";
import type { PullAtCommit } from "../../src/pull-request/at-commit.ts";
import { lookAgain } from "../../src/pull-request/look-again.ts";

const NOW = 1_700_000_000_000;
const verdict = (change: Partial<Verdict>): Verdict => ({ allow: false, deny: [], waiting: [], warn: [], ...change });
const decided = (change: Partial<Verdict>) => ({
  decision: { id: "dec_1", sha: "a", bundleRevision: "b", inputDigest: "c", verdict: verdict(change) },
});
const undecided = { undecided: "The checker is away." };
const on = (who: "people" | "machines") => decided({ waiting: [{ rule: "r", message: "m", on: who }] });

test.each<[string, Partial<PullAtCommit["vote"]>, number | undefined, number | "never"]>([
  ["just found undecided", undecided, undefined, 5_000],
  ["undecided for a moment", undecided, NOW - 1_000, 5_000],
  ["undecided for longer: as long again", undecided, NOW - 20_000, 20_000],
  ["undecided for hours: once a minute", undecided, NOW - 7_200_000, 60_000],
  ["the clock was set back", undecided, NOW + 3_600_000, 5_000],
  ["waiting on machines", on("machines"), undefined, 60_000],
  ["waiting on people", on("people"), undefined, "never"],
  ["allowed", decided({ allow: true }), undefined, "never"],
  ["allowed for another hour", decided({ allow: true, validUntilMs: NOW + 3_600_000 }), undefined, 3_600_000],
  ["allowed until just now", decided({ allow: true, validUntilMs: NOW - 1 }), undefined, 5_000],
  ["an earlier decision stands in", { ...decided({ allow: true }), checkerAway: "it is away" }, undefined, 60_000],
])("%s", (_what, vote, undecidedSinceMs, after) => {
  const at: PullAtCommit = {
    vote: { number: 1, baseRef: "main", overridable: [], ...vote },
    mode: "enforce",
    draft: false,
    checks: [],
    ...(undecidedSinceMs === undefined ? {} : { undecidedSinceMs }),
  };
  expect(lookAgain(at, NOW)).toEqual(after === "never" ? { kind: "done" } : { kind: "requeue", afterMs: after });
});
