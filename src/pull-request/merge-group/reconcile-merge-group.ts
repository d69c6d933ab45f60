import { voteState } from "../../gate/gate.ts";
import { formatKey, type Key } from "../../model/key.ts";
import type { Outcome } from "../../model/outcome.ts";
import type { RepositoryRef } from "../../model/pull-request.ts";
import { storageKey } from "../../model/storage-key.ts";
import { type GitHub, GitHubError } from "../../ports/github.ts";
import { type LedgerEvent, repositoryStream } from "../../ports/ledger.ts";
import type { QueueBranch } from "../../ports/merge-groups.ts";
import { LeaseLostError, type Run } from "../../ports/run.ts";
import type { PullAtCommit } from "../at-commit.ts";
import type { PullRequestDeps } from "../deps.ts";
import { judgeGroup } from "./judge-group.ts";
import { type RequestedGroup, sortByMaker } from "./queue-made.ts";

type GroupKey = Key & { kind: "merge-group" };

/** GitHub's lists may lag behind its words that long. */
const LISTED_WITHIN_MS = 60_000;
/** A group that nobody could decide by then is refused: people behind it in the queue wait for it. GitHub's own limit is an hour. */
const OVERDUE_MS = 5 * 60_000;
const LOOK_AGAIN_MS = 2_000;
/** A branch that GitHub left behind on an old base. */
const ABANDONED_RETRY_MS = 60_000;
const UNDECIDED_RETRY_MS = 5_000;

/**
 * One commit of a merge queue. Like a pull request's run it only leaves what it has to say; the check is written by the commit's own key.
 * A group that is gone has no say any more, and its checks stay as they were.
 */
export async function reconcileMergeGroup(
  deps: PullRequestDeps,
  key: GroupKey,
  ref: RepositoryRef,
  run: Run,
): Promise<Outcome> {
  const { records } = deps.engine;
  const { installationId, repositoryId, sha } = key;
  const requestedKey = storageKey.group(installationId, repositoryId, sha);
  const requested = (await records.get<RequestedGroup>(requestedKey))?.value;
  const ended = await records.get<{ reason: string }>(storageKey.groupEnded(installationId, repositoryId, sha));
  if (ended) return endGroup(deps, key, run, ended.value.reason);
  const api = deps.github.repository(installationId, ref);
  // Before the commits: what is merged in between leaves the range, and what is listed here then has nothing to explain.
  const branches = await api.queueBranches();
  const named = branches.filter((one) => one.sha === sha);
  const { made, untold } = await sortByMaker({ api, records, installationId }, named);
  const branch = made[0] ?? untold[0];
  const nowMs = deps.clock.now();
  const seenAtMs = requested?.seenAtMs ?? nowMs;
  if (!branch) {
    if (requested && nowMs - seenAtMs < LISTED_WITHIN_MS) return { kind: "requeue", afterMs: LOOK_AGAIN_MS };
    return endGroup(deps, key, run, named.length > 0 ? "no merge queue made its branch" : "its branch is gone");
  }
  if (!requested) await records.put(requestedKey, requestOf(branch, seenAtMs));
  const last = (await records.get<PullAtCommit>(storageKey.atGroup(installationId, repositoryId, sha)))?.value;
  const overdue = nowMs - seenAtMs >= OVERDUE_MS;
  const judged = await judgeGroup(deps, key, api, branch, { branches, last, overdue }).catch(async (error: unknown) => {
    await takeBack(deps, key, branch, last, run, error);
    throw error;
  });
  if (judged === "moved") return { kind: "requeue", afterMs: overdue ? ABANDONED_RETRY_MS : LOOK_AGAIN_MS };
  await say(deps, key, run, judged.at, judged.events, last);
  for (const { data } of judged.events) deps.decided?.(String(data.outcome));
  switch (voteState(judged.at.vote)) {
    case "unknown":
    case "waiting-on-machines":
      return { kind: "requeue", afterMs: UNDECIDED_RETRY_MS };
    default:
      return againWhen(judged.at, nowMs);
  }
}

function requestOf(branch: QueueBranch, seenAtMs: number): RequestedGroup {
  return { headRef: `refs/heads/${branch.name}`, baseRef: `refs/heads/${branch.base}`, seenAtMs, found: true };
}

function againWhen({ vote }: PullAtCommit, nowMs: number): Outcome {
  const ends = [vote.decision, ...(vote.members ?? []).map((member) => member.decision)].flatMap((decision) =>
    decision?.verdict.validUntilMs === undefined ? [] : [decision.verdict.validUntilMs],
  );
  if (ends.length === 0) return { kind: "done" };
  return { kind: "requeue", afterMs: Math.max(UNDECIDED_RETRY_MS, Math.min(...ends) - nowMs) };
}

/** In one turn of the event loop, so in one transaction: the ledger never lacks a verdict that is acted on. */
async function say(
  deps: PullRequestDeps,
  key: GroupKey,
  run: Run,
  at: PullAtCommit,
  events: LedgerEvent[],
  last: PullAtCommit | undefined,
): Promise<void> {
  const { records, ledger, queue } = deps.engine;
  const { installationId, repositoryId, sha } = key;
  const numbers = (at.vote.members ?? []).map((member) => member.number);
  const gone = (last?.vote.members ?? []).filter((member) => !numbers.includes(member.number));
  const memberKey = (number: number) => storageKey.groupMember(installationId, repositoryId, number, sha);
  await run.fence();
  await Promise.all([
    ...(events.length > 0 ? [ledger.append(repositoryStream(key), events)] : []),
    ...numbers.map((number) => records.put(memberKey(number), {})),
    ...gone.map((member) => records.delete(memberKey(member.number))),
    records.put(storageKey.atGroup(installationId, repositoryId, sha), at),
    queue.enqueue(formatKey({ kind: "commit", installationId, repositoryId, sha }), { causes: run.lease.causes }),
  ]);
}

/** What was decided no longer counts when its facts cannot be read again; a group that was never decided is told why it waits. */
async function takeBack(
  deps: PullRequestDeps,
  key: GroupKey,
  branch: QueueBranch,
  last: PullAtCommit | undefined,
  run: Run,
  error: unknown,
): Promise<void> {
  if (run.lease.attempt === 0 || error instanceof LeaseLostError || (last && voteState(last.vote) !== "allow")) return;
  const why = error instanceof GitHubError ? ` (${error.message})` : "";
  const undecided = `Facts that the decision needs cannot be had at the moment${why}.`;
  const { decision: _, ...vote } = last?.vote ?? { number: 0, baseRef: branch.base, overridable: [], members: [] };
  await say(
    deps,
    key,
    run,
    { mode: "enforce", draft: false, checks: [], ...last, vote: { ...vote, undecided } },
    [],
    last,
  );
}

async function endGroup(deps: PullRequestDeps, key: GroupKey, run: Run, reason: string): Promise<Outcome> {
  const { records, ledger } = deps.engine;
  const { installationId, repositoryId, sha } = key;
  const atKey = storageKey.atGroup(installationId, repositoryId, sha);
  const last = (await records.get<PullAtCommit>(atKey))?.value;
  if (!last) return { kind: "done" };
  await run.fence();
  const members = (last.vote.members ?? []).map((member) => member.number);
  await Promise.all([
    ledger.append(repositoryStream(key), [
      {
        type: "merge_group_ended",
        subject: formatKey(key),
        atMs: deps.clock.now(),
        id: `merge_group_ended/${sha}`,
        data: { sha, reason, members, outcome: voteState(last.vote) },
      },
    ]),
    ...members.map((number) => records.delete(storageKey.groupMember(installationId, repositoryId, number, sha))),
    records.delete(atKey),
    deps.engine.queue.enqueue(formatKey({ kind: "commit", installationId, repositoryId, sha })),
  ]);
  return { kind: "done" };
}

/** The merge groups that hold a pull request are judged again: it was pushed to, held, reviewed or closed. */
export async function rejudgeGroupsOf(
  deps: Pick<PullRequestDeps, "engine">,
  key: Key & { kind: "pull" },
): Promise<void> {
  const { installationId, repositoryId, number } = key;
  const prefix = storageKey.groupsOf(installationId, repositoryId, number);
  for (const { key: found } of await deps.engine.records.list(prefix)) {
    const sha = found.slice(prefix.length);
    await deps.engine.queue.enqueue(formatKey({ kind: "merge-group", installationId, repositoryId, sha }));
  }
}

/** Enqueues the open groups of a repository's merge queues, so that one is judged of which no delivery told. */
export async function sweepGroups(
  deps: { github: GitHub; engine: PullRequestDeps["engine"] },
  { installationId, repositoryId }: Key & { kind: "repository" },
  ref: RepositoryRef,
): Promise<void> {
  for (const { sha } of await deps.github.repository(installationId, ref).queueBranches()) {
    const known = await deps.engine.records.get(storageKey.groupEnded(installationId, repositoryId, sha));
    if (!known) await deps.engine.queue.enqueue(formatKey({ kind: "merge-group", installationId, repositoryId, sha }));
  }
}
