import { expect, test } from "vitest";
import type { Verdict } from "../../src/model/verdict.ts";
import type { PullAtCommit } from "../../src/pull-request/at-commit.ts";
import { lookAgain, waitingSince } from "../../src/pull-request/look-again.ts";

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
  ["waiting on machines for longer: as long again", on("machines"), NOW - 200_000, 200_000],
  ["waiting on a scan that failed days ago: every ten minutes", on("machines"), NOW - 300_000_000, 600_000],
  [
    "waiting on machines, until the verdict ends",
    decided({ waiting: [{ rule: "r", message: "m", on: "machines" }], validUntilMs: NOW + 90_000 }),
    NOW - 300_000_000,
    90_000,
  ],
  ["waiting on people", on("people"), undefined, "never"],
  ["allowed", decided({ allow: true }), undefined, "never"],
  ["allowed for another hour", decided({ allow: true, validUntilMs: NOW + 3_600_000 }), undefined, 3_600_000],
  ["allowed until just now", decided({ allow: true, validUntilMs: NOW - 1 }), undefined, 5_000],
  ["an earlier decision stands in", { ...decided({ allow: true }), checkerAway: "it is away" }, undefined, 60_000],
])("%s", (_what, vote, waitingSinceMs, after) => {
  const at: PullAtCommit = {
    vote: { number: 1, baseRef: "main", overridable: [], ...vote },
    mode: "enforce",
    draft: false,
    checks: [],
    ...(waitingSinceMs === undefined ? {} : { waitingSinceMs }),
  };
  expect(lookAgain(at, NOW)).toEqual(after === "never" ? { kind: "done" } : { kind: "requeue", afterMs: after });
});

test.each<[string, Partial<PullAtCommit["vote"]>, Partial<PullAtCommit["vote"]> | undefined, number | undefined]>([
  ["not judged before", on("machines"), undefined, NOW],
  ["the same decision", on("machines"), on("machines"), NOW - 200_000],
  ["another decision", on("machines"), { decision: { ...on("machines").decision, id: "dec_2" } }, NOW],
  ["still undecided", undecided, undecided, NOW - 200_000],
  ["undecided after a decision", undecided, on("machines"), NOW],
  ["people are awaited now", on("people"), on("machines"), undefined],
  ["allowed now", decided({ allow: true }), undecided, undefined],
])("since when it waits: %s", (_what, vote, before, sinceMs) => {
  const whole = (one: Partial<PullAtCommit["vote"]>) => ({ number: 1, baseRef: "main", overridable: [], ...one });
  const last = before && {
    ...{ vote: whole(before), mode: "enforce" as const, draft: false, checks: [] },
    waitingSinceMs: NOW - 200_000,
  };
  expect(waitingSince(whole(vote), last, NOW)).toBe(sinceMs);
});
