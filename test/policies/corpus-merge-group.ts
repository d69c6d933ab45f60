import type { MergeGroupInput } from "../../src/model/checker-input.ts";
import type { CorpusRow } from "./corpus.ts";
import { finding, HEAD, OLD, scan } from "./inputs.ts";

const SHA = "c".repeat(40);

/** A group of two pull requests that the default policy lets through; changed as the row asks. */
function groupInput(
  group: Partial<MergeGroupInput["group"]> = {},
  change: Partial<MergeGroupInput> = {},
): MergeGroupInput {
  return {
    schema: "hms.checker/v1",
    point: "merge-group",
    repository: { id: 7, owner: "acme", name: "shop", default_branch: "main" },
    group: { sha: SHA, base: "main", members: [member(12), member(13)], unexplained: [], overdue: false, ...group },
    scans: [scan("secrets", [], SHA)],
    config: { valid: true, required_scans: ["secrets"] },
    ...change,
  };
}

function member(number: number, outcome: MergeGroupInput["group"]["members"][number]["outcome"] = "allow") {
  const why = outcome === "allow" ? "" : "On hold by grace (hold)";
  return { number, head_sha: number === 12 ? HEAD : OLD, outcome, rules: outcome === "allow" ? [] : ["hold"], why };
}

export const mergeGroupCorpus: CorpusRow[] = [
  { name: "group: all allowed", input: groupInput() },
  {
    name: "group: one refused",
    input: groupInput({ members: [member(12), member(13, "deny")] }),
    deny: ["members-allowed"],
  },
  {
    name: "group: nobody in the queue can act for one that waits on people",
    input: groupInput({ members: [member(12, "waiting-on-people"), member(13, "deny")] }),
    deny: ["members-allowed", "members-allowed"],
  },
  {
    name: "group: one undecided",
    input: groupInput({ members: [member(12), member(13, "unknown")] }),
    waiting: ["members-allowed:machines"],
  },
  {
    name: "group: one undecided for too long",
    input: groupInput({ members: [member(12), member(13, "waiting-on-machines")], overdue: true }),
    deny: ["members-allowed"],
  },
  {
    name: "group: a commit without a pull request",
    input: groupInput({ unexplained: ["Commit abc comes from no pull request of the group."] }),
    waiting: ["group-explained:machines"],
  },
  { name: "group: nobody in it", input: groupInput({ members: [], overdue: true }), deny: ["group-explained"] },
  {
    name: "group: the merge itself brings a key",
    input: groupInput({}, { scans: [scan("secrets", [finding("high")], SHA)] }),
    deny: ["no-high-findings"],
  },
  {
    name: "group: scanned at another commit",
    input: groupInput({}, { scans: [scan("secrets", [], HEAD)] }),
    waiting: ["required-scans:machines"],
  },
  {
    name: "group: broken configuration",
    input: groupInput({}, { config: { valid: false, required_scans: [] } }),
    deny: ["valid-configuration"],
  },
  { name: "group: no members field", input: { ...groupInput(), group: { sha: SHA } }, deny: ["malformed-input"] },
  { name: "group: nothing but its point", input: { point: "merge-group" }, deny: ["malformed-input"] },
];
