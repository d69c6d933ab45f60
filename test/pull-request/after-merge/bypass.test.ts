import { describe, expect, test } from "vitest";
import type { LedgerEntry } from "../../../src/ports/ledger.ts";
import { bypassOf, type MergeFacts } from "../../../src/pull-request/after-merge/bypass.ts";
import { bypassText } from "../../../src/pull-request/after-merge/look-at-merge.ts";

const HEAD = "a".repeat(40);
const MERGE = "b".repeat(40);
const TIP = "c".repeat(40);
const MERGED_AT = 1_000_000;

let sequence = 0;
function entry(type: string, subject: string, atMs: number, data: Record<string, unknown>): LedgerEntry {
  sequence++;
  return {
    stream: "s",
    type,
    subject,
    atMs,
    id: String(sequence),
    data,
    sequence,
    bodyDigest: null,
    previousHash: "",
    hash: "",
  };
}

/** `hms/gate` at a commit came to say that, so many ms before the merge. */
function gate(conclusion: string, msBefore = 60_000, sha = HEAD, check = "hms/gate"): LedgerEntry {
  const state = conclusion === "in_progress" ? { status: conclusion } : { status: "completed", conclusion };
  return entry("check_written", `commit/1/2/${sha}`, MERGED_AT - msBefore, { check, state });
}

const verdict = (rules: string[], waiting: string[] = [], sha = HEAD) =>
  entry("verdict", "pull/1/2/7", MERGED_AT - 60_000, { sha, rules, waiting });
const group = (outcome: string, commit: string) =>
  entry("merge_group_verdict", `merge-group/1/2/${TIP}`, MERGED_AT - 60_000, {
    sha: TIP,
    outcome,
    members: [{ number: 7, commit }],
  });

const facts = (entries: LedgerEntry[], change: Partial<MergeFacts> = {}): MergeFacts => ({
  number: 7,
  headSha: HEAD,
  mergeSha: MERGE,
  mergedAtMs: MERGED_AT,
  mode: "enforce",
  entries,
  ...change,
});

describe("a merge that the gate had not let through", () => {
  test.each([
    ["red", [gate("failure"), verdict(["no-high-findings"])], { gate: "failure", rules: ["no-high-findings"] }],
    [
      "waiting",
      [gate("action_required"), verdict([], ["hold", "approvals"])],
      { gate: "action_required", rules: ["approvals", "hold"] },
    ],
    ["not decided", [gate("in_progress")], { gate: "in_progress", rules: [] }],
    ["not reported", [], { gate: "none", rules: [] }],
    ["green once, red since", [gate("success", 90_000), gate("failure", 30_000)], { gate: "failure", rules: [] }],
    ["green long after", [gate("failure"), gate("success", -60_000)], { gate: "failure", rules: [] }],
    ["green at another commit", [gate("success", 60_000, TIP), gate("failure")], { gate: "failure", rules: [] }],
    ["rules of another head", [gate("failure"), verdict(["x"], [], TIP)], { gate: "failure", rules: [] }],
    [
      "its group was refused",
      [gate("failure"), group("deny", MERGE), gate("failure", 10, TIP)],
      { gate: "failure", rules: [] },
    ],
    [
      "a green group that brought another commit",
      [gate("failure"), group("allow", TIP), gate("success", 10, TIP)],
      { gate: "failure", rules: [] },
    ],
  ])("%s", (_what, entries, bypass) => {
    expect(bypassOf(facts(entries))).toEqual(bypass);
  });
});

describe("no false alarm", () => {
  test.each([
    ["green", [gate("success")]],
    ["green, and judged again after the merge", [gate("success"), gate("failure", -30_000)]],
    ["green in the very second of the merge", [gate("failure"), gate("success", -900)]],
    ["green while the clocks were apart", [gate("in_progress"), gate("success", -4_000)]],
    ["shadow", [gate("failure", 60_000, HEAD, "hms/gate-shadow")]],
    ["the merge queue's own commit was green", [gate("failure"), gate("success", 10, MERGE)]],
    ["its group was green at the tip", [gate("failure"), group("allow", MERGE), gate("success", 10, TIP)]],
  ])("%s", (_what, entries) => {
    expect(bypassOf(facts(entries))).toBeUndefined();
  });
  test("a repository that went to shadow mode", () => {
    expect(bypassOf(facts([gate("failure")], { mode: "shadow" }))).toBeUndefined();
  });
});

test("the comment names the rules and nobody is called by it", () => {
  const merge = { by: "linus", atMs: MERGED_AT, sha: MERGE };
  const text = bypassText({ headSha: HEAD, merge }, { gate: "failure", rules: ["no-high-findings"] });
  expect(text).toBe(
    "This was merged by `linus` while `hms/gate` was not met at `aaaaaaa`. Rules that were not met: `no-high-findings`. The merge is in the ledger; nothing else follows from it.",
  );
});
