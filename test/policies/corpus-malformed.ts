import type { CorpusRow } from "./corpus.ts";
import { approval, commandInput, finding, mergeableInput, override, review, scan } from "./inputs.ts";

const deny = ["malformed-input"];

function changed(change: Record<string, unknown>): unknown {
  return { ...mergeableInput(), ...change };
}

function changedPullRequest(change: Record<string, unknown>): unknown {
  return changed({ pull_request: { ...mergeableInput().pull_request, ...change } });
}

function changedConfig(change: Record<string, unknown>): unknown {
  return changed({ config: { ...mergeableInput().config, ...change } });
}

function changedApprovals(change: Record<string, unknown>): unknown {
  return changedConfig({ approvals: { ...mergeableInput().config.approvals, ...change } });
}

function changedSender(change: Record<string, unknown>): unknown {
  const input = commandInput("help");
  return { ...input, command: { ...input.command, sender: { ...input.command?.sender, ...change } } };
}

export const malformedCorpus: CorpusRow[] = [
  { name: "nothing", input: {}, deny },
  { name: "null", input: null, deny },
  { name: "a list", input: [], deny },
  { name: "a word", input: "hms.checker/v1", deny },
  { name: "a number", input: 1, deny },
  { name: "an answer instead of an input", input: { allow: true, deny: [], waiting: [], warn: [] }, deny },
  { name: "another schema", input: changed({ schema: "hms.checker/v2" }), deny },
  { name: "a point that this policy does not know", input: changed({ point: "promotion" }), deny },
  { name: "a short head SHA", input: changedPullRequest({ head_sha: "abc123" }), deny },
  { name: "a head SHA in capitals", input: changedPullRequest({ head_sha: "A".repeat(40) }), deny },
  { name: "a head SHA with a line break", input: changedPullRequest({ head_sha: `${"a".repeat(40)}\n` }), deny },
  {
    name: "a head SHA with another letter inside",
    input: changedPullRequest({ head_sha: `${"a".repeat(20)}g${"a".repeat(19)}` }),
    deny,
  },
  { name: "a head SHA that is a list", input: changedPullRequest({ head_sha: Array(40).fill("a") }), deny },
  { name: "an author without a name", input: changedPullRequest({ author: { id: 1, login: "", type: "User" } }), deny },
  { name: "a last pusher without a name", input: changedPullRequest({ last_pusher: "" }), deny },
  { name: "a last pusher without an id", input: changedPullRequest({ last_pusher_id: null }), deny },
  { name: "a last pusher without a login", input: changedPullRequest({ last_pusher: null }), deny },
  {
    name: "an author whose id is a word",
    input: changedPullRequest({ author: { id: "1", login: "ada", type: "User" } }),
    deny,
  },
  { name: "an approval without an id", input: changed({ approvals: [{ ...approval("x"), id: undefined }] }), deny },
  { name: "an override without an id", input: changed({ overrides: [{ ...override("x"), by_id: "7" }] }), deny },
  {
    name: "an approval carried from nowhere",
    input: changed({ approvals: [{ ...approval("x"), carried: true }] }),
    deny,
  },
  {
    name: "an approval carried from a pusher with half a name",
    input: changed({ approvals: [{ ...approval("x"), carried: { pusher: null, pusher_id: 1 } }] }),
    deny,
  },
  { name: "another way to carry approvals", input: changedApprovals({ carry: "always" }), deny },
  {
    name: "an app with a negative number of approvals",
    input: changedApprovals({ bots: [{ app: "x", count: -1 }] }),
    deny,
  },
  { name: "an app without a name", input: changedApprovals({ bots: [{ count: 1 }] }), deny },
  { name: "a required review that is a word", input: changed({ required_reviews: ["x"] }), deny },
  {
    name: "a required review of nobody",
    input: changed({ required_reviews: [review(["@x"], [], { count: 0 })] }),
    deny,
  },
  {
    name: "a required review that could not be told, without a reason",
    input: changed({ required_reviews: [{ ...review(["@x"], null), reason: undefined }] }),
    deny,
  },
  {
    name: "a required review whose approvers are names",
    input: changed({ required_reviews: [{ ...review(["@x"], []), approvers: ["x"] }] }),
    deny,
  },
  { name: "required reviews left out", input: changed({ required_reviews: undefined }), deny },
  { name: "a last pusher left out", input: changedPullRequest({ last_pusher: undefined }), deny },
  { name: "draft as a word", input: changedPullRequest({ draft: "false" }), deny },
  { name: "trusted paths that are no paths", input: changedPullRequest({ touches_trusted_paths: [1] }), deny },
  { name: "a scan without findings", input: changed({ scans: [{ ...scan("secrets"), findings: undefined }] }), deny },
  { name: "a scan with a new status", input: changed({ scans: [{ ...scan("secrets"), status: "skipped" }] }), deny },
  {
    name: "a running scan whose reason is no text",
    input: changed({ scans: [{ ...scan("secrets"), status: "running", reason: 7 }] }),
    deny,
  },
  { name: "half an approval", input: changedApprovals({ count: 0.5 }), deny },
  { name: "more approvals than there are people", input: changedApprovals({ count: 1e30 }), deny },
  { name: "a scan that is a word", input: changed({ scans: ["secrets"] }), deny },
  { name: "a finding that is a word", input: changed({ scans: [{ ...scan("secrets"), findings: ["x"] }] }), deny },
  { name: "an approval that is a word", input: changed({ approvals: ["grace"] }), deny },
  { name: "an override that is null", input: changed({ overrides: [null] }), deny },
  { name: "a configured override that is a word", input: changedConfig({ overrides: ["no-high-findings"] }), deny },
  { name: "a hold that is a list", input: changed({ hold: [] }), deny },
  { name: "a number of approvals left out", input: changedApprovals({ count: undefined }), deny },
  {
    name: "a finding with a severity in capitals",
    input: changed({ scans: [scan("secrets", [{ ...finding("high"), severity: "HIGH" as "high" }])] }),
    deny,
  },
  {
    name: "a finding without a severity",
    input: changed({ scans: [{ ...scan("secrets"), findings: [{ rule: "secrets/key" }] }] }),
    deny,
  },
  {
    name: "a finding without a rule",
    input: changed({ scans: [{ ...scan("secrets"), findings: [{ severity: "critical" }] }] }),
    deny,
  },
  {
    name: "an approval with a new permission",
    input: changed({ approvals: [approval("x", "owner" as "admin")] }),
    deny,
  },
  { name: "approvals by name instead of as a list", input: changed({ approvals: { grace: approval("grace") } }), deny },
  {
    name: "an override without a reason",
    input: changed({ overrides: [{ ...override("x"), reason: undefined }] }),
    deny,
  },
  { name: "a hold without a name", input: changed({ hold: { reason: "x" } }), deny },
  { name: "a hold that is true", input: changed({ hold: true }), deny },
  { name: "an unknown fact without words", input: changed({ unknown: [null] }), deny },
  { name: "unknown left out", input: changed({ unknown: undefined }), deny },
  { name: "configuration left out", input: changed({ config: undefined }), deny },
  { name: "validity as a word", input: changedConfig({ valid: "true" }), deny },
  { name: "a negative number of approvals", input: changedApprovals({ count: -1 }), deny },
  { name: "a number of approvals as a word", input: changedApprovals({ count: "0" }), deny },
  { name: "required scans that are no names", input: changedConfig({ required_scans: [{}] }), deny },
  { name: "overrides for readers", input: changedConfig({ overrides: [{ rule: "x", permission: "read" }] }), deny },
  { name: "a command left out", input: changed({ point: "command" }), deny },
  { name: "a sender with a new permission", input: changedSender({ permission: "owner" }), deny },
  { name: "a sender who may or may not be the author", input: changedSender({ is_author: null }), deny },
];
