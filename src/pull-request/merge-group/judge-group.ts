import { DEFAULTS } from "../../config/schema.ts";
import { type GroupMember, mergeGroupInput, voteState } from "../../gate/gate.ts";
import type { MergeGroupInput } from "../../model/checker-input.ts";
import type { Finding } from "../../model/finding.ts";
import type { Key } from "../../model/key.ts";
import type { PullRequest } from "../../model/pull-request.ts";
import { storageKey } from "../../model/storage-key.ts";
import type { Decision, GateState } from "../../model/verdict.ts";
import { GitHubError, type RepositoryApi } from "../../ports/github.ts";
import type { LedgerEvent } from "../../ports/ledger.ts";
import type { QueueBranch } from "../../ports/merge-groups.ts";
import { secretsCheckRun } from "../../scan/check-run.ts";
import { inAnyCommit } from "../../scan/secrets.ts";
import type { PullAtCommit } from "../at-commit.ts";
import { judge, judgeDocument } from "../decide.ts";
import type { PullRequestDeps } from "../deps.ts";
import { observe } from "../observe.ts";
import { scanCheck } from "../scan-check.ts";
import { scanListed } from "../scan-commits.ts";
import { verdictEvent } from "../verdict-event.ts";
import { type GroupEntry, groupEntries } from "./group-entries.ts";
import { sortByMaker } from "./queue-made.ts";

/** What the group says about its commit, with the new decisions that led there; or that the queue moved on while it was read. */
export type GroupJudgement = { at: PullAtCommit; events: LedgerEvent[] } | "moved";

interface JudgedMember {
  /** The commit that stands for it on the base branch once it is merged. */
  commit: string | undefined;
  member: GroupMember;
  input: MergeGroupInput["group"]["members"][number];
  mode: "enforce" | "shadow";
  /** As {@link inAnyCommit} calls them. */
  findings: string[];
  event?: LedgerEvent;
}

/**
 * Judges a merge group: every pull request that would land with it anew at its own head, and what the queue's own commits bring. What is
 * read here is read now; a pull request that was green when it was queued need not be any more.
 */
export async function judgeGroup(
  deps: PullRequestDeps,
  key: Key & { kind: "merge-group" },
  api: RepositoryApi,
  branch: QueueBranch,
  facts: { branches: QueueBranch[]; last: PullAtCommit | undefined; overdue: boolean },
): Promise<GroupJudgement> {
  const { sha, installationId } = key;
  const { base } = branch;
  const range = await api.range(base, sha);
  // It does not stand on the base branch any more: GitHub builds it anew, or has merged it.
  if (range.behind > 0 || range.commits.length === 0) return "moved";
  const { records } = deps.engine;
  const inRange = new Set(range.commits.map((commit) => commit.sha));
  const named = facts.branches.filter((one) => one.base === base && inRange.has(one.sha));
  const { made: queued } = await sortByMaker({ api, records, installationId }, named);
  const { entries, unexplained } = groupEntries(sha, base, queued, range.commits);
  if (!range.complete) unexplained.push("GitHub does not list all commits of this merge group.");
  // Before any of them is read: whoever changes one from here on finds the group and has it judged again.
  const member = ({ number }: GroupEntry) => storageKey.groupMember(installationId, key.repositoryId, number, sha);
  await Promise.all(entries.map((entry) => records.put(member(entry), {})));
  const judged: JudgedMember[] = [];
  for (const entry of entries) {
    const one = await judgeMember(deps, key, api, entry, { base, last: facts.last });
    if (one === "moved") return "moved";
    if (one === "unreadable") unexplained.push(`Pull request ${entry.number}, which the queue names, cannot be read.`);
    else judged.push(one);
  }
  const config = await deps.configuration.read(installationId, api);
  const { secrets } = (config.valid ? config.config : DEFAULTS).scan;
  const limits = {
    fileSize: secrets.limits.fileSizeMb * 1024 * 1024,
    commitSize: secrets.limits.commitSizeMb * 1024 * 1024,
  };
  const made = entries.flatMap((entry) => entry.made);
  const scan = (await scanListed({ api, records, scanner: deps.scanner, installationId }, sha, made, limits)).report;
  // A squash brings again what its pull request brought: that was judged, and perhaps overridden, there.
  const known = new Set(judged.flatMap((one) => one.findings));
  const own = (finding: Finding) => !known.has(inAnyCommit(finding));
  const report = scan.status === "completed" ? { ...scan, findings: scan.findings.filter(own) } : scan;
  const input = mergeGroupInput({
    repository: api.ref,
    group: { sha, base, members: judged.map((one) => one.input), unexplained, overdue: facts.overdue },
    scans: [report],
    config: { valid: config.valid, required_scans: secrets.required ? ["secrets"] : [] },
  });
  const nowMs = deps.clock.now();
  const judgement = await judgeDocument(deps.checker, input, sha, facts.last?.vote.decision, nowMs);
  const vote: PullAtCommit["vote"] = {
    number: 0,
    baseRef: base,
    ...("decision" in judgement ? { decision: judgement.decision } : judgement),
    overridable: [],
    members: judged.map((one) => one.member),
  };
  const content = secretsCheckRun(report, {
    number: branch.number,
    commits: made.length,
    of: "this merge group's own",
  });
  const events = judged.flatMap((one) => (one.event ? [one.event] : []));
  if ("decision" in judgement && judgement.fresh) {
    const members = judged.map(({ member, commit }) => ({
      number: member.number,
      sha: member.headSha,
      outcome: member.outcome,
      commit,
    }));
    events.push({ ...verdictEvent(key, vote, judgement, nowMs, { members }), type: "merge_group_verdict" });
  }
  return {
    at: {
      vote,
      mode: judged.length > 0 && judged.every((one) => one.mode === "shadow") ? "shadow" : "enforce",
      draft: false,
      checks: [scanCheck(sha, report.kind, content)],
    },
    events,
  };
}

/** One pull request of the group, at its head as it is now. */
async function judgeMember(
  deps: PullRequestDeps,
  key: Key & { kind: "merge-group" },
  api: RepositoryApi,
  entry: GroupEntry,
  group: { base: string; last: PullAtCommit | undefined },
): Promise<JudgedMember | "moved" | "unreadable"> {
  const { installationId, repositoryId, sha } = key;
  const { number } = entry;
  const pull = await pullOrNone(api, number);
  if (!pull) return "unreadable";
  if (pull.merged) return "moved";
  const { snapshot } = await observe({ ...deps, api, records: deps.engine.records, installationId }, pull);
  const known = group.last?.vote.members?.find((member) => member.number === number);
  const atKey = storageKey.atCommit(installationId, repositoryId, pull.headSha, number);
  const own = (await deps.engine.records.get<PullAtCommit>(atKey))?.value.vote;
  const nowMs = deps.clock.now();
  // The pull request's own decision first: equal facts keep one id.
  const judgement = await judge(deps.checker, snapshot, own?.decision ?? known?.decision, nowMs);
  const vote: PullAtCommit["vote"] = {
    number,
    baseRef: pull.baseRef,
    ...("decision" in judgement ? { decision: judgement.decision } : judgement),
    overridable: [],
  };
  const misfit = misfitOf(pull, entry, group, known);
  const outcome: GateState = misfit ? "deny" : voteState(vote);
  const { decision } = vote;
  const why = misfit ?? reasons(decision, vote.undecided);
  const pullKey: Key = { kind: "pull", installationId, repositoryId, number };
  const fresh = "decision" in judgement && judgement.fresh;
  return {
    commit: entry.made[0],
    member: { number, headSha: pull.headSha, outcome, ...(decision ? { decision } : {}) },
    input: { number, head_sha: pull.headSha, outcome, rules: misfit ? [] : rules(decision), why },
    mode: snapshot.config.mode,
    findings: snapshot.scans.flatMap((scan) => (scan.status === "completed" ? scan.findings.map(inAnyCommit) : [])),
    ...(fresh ? { event: verdictEvent(pullKey, vote, judgement, nowMs, { mergeGroup: sha }) } : {}),
  };
}

async function pullOrNone(api: RepositoryApi, number: number): Promise<PullRequest | undefined> {
  try {
    return await api.pull(number);
  } catch (error) {
    if (error instanceof GitHubError && error.fault === "not-found") return undefined;
    throw error;
  }
}

/** Why the pull request as it is now is not the one that was queued. */
function misfitOf(
  pull: { state: string; baseRef: string; headSha: string },
  entry: GroupEntry,
  group: { base: string },
  known: GroupMember | undefined,
): string | undefined {
  if (pull.state !== "open") return "it was closed.";
  if (pull.baseRef !== group.base) return "it goes to another branch now.";
  // A merge commit names the head that it merged; of a squash only what was seen first can be told.
  const queued = entry.mergedHead ?? known?.headSha ?? pull.headSha;
  return queued === pull.headSha ? undefined : "it was pushed to after it was queued.";
}

function rules(decision: Decision | undefined): string[] {
  const { deny = [], waiting = [] } = decision?.verdict ?? {};
  return [...new Set([...deny, ...waiting].map((one) => one.rule))].sort();
}

function reasons(decision: Decision | undefined, undecided: string | undefined): string {
  const { deny = [], waiting = [] } = decision?.verdict ?? {};
  return undecided ?? [...deny, ...waiting].map((one) => `${one.message} (${one.rule})`).join(" ");
}
