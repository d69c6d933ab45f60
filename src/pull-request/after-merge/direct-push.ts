import { formatKey, type Key } from "../../model/key.ts";
import type { Outcome } from "../../model/outcome.ts";
import type { CommitSummary, RepositoryRef } from "../../model/pull-request.ts";
import { storageKey } from "../../model/storage-key.ts";
import { GitHubError, type RepositoryApi } from "../../ports/github.ts";
import { repositoryStream } from "../../ports/ledger.ts";
import type { Run } from "../../ports/run.ts";
import type { PullRequestDeps } from "../deps.ts";

/** Record `storageKey.pushed`: the default branch was moved to this commit. */
export interface DefaultBranchPush {
  branch: string;
  before: string;
  by: string | null;
  seenAtMs: number;
}

/** GitHub may name a merge's pull request a little later than it tells of the push. */
const NAMED_WITHIN_MS = 3_000;
/** Commits along first parents that are asked about one by one. */
const ASKED_MAX = 30;
const LISTED_MAX = 20;

/**
 * A push to the default branch whose commits no merged pull request brought goes into the ledger: nothing was asked of the gate. Undefined
 * when there is nothing to look at any more.
 */
export async function lookAtPush(
  deps: PullRequestDeps,
  key: Key & { kind: "commit" },
  ref: RepositoryRef,
  run: Run,
): Promise<Outcome | undefined> {
  const { records, ledger } = deps.engine;
  const pushedKey = storageKey.pushed(key.installationId, key.repositoryId, key.sha);
  const push = (await records.get<DefaultBranchPush>(pushedKey))?.value;
  if (!push) return undefined;
  const api = deps.github.repository(key.installationId, ref);
  const range = await rangeOf(api, push.before, key.sha);
  const direct = range ? await withoutPulls(api, key.sha, range.commits) : [];
  const nowMs = deps.clock.now();
  if (direct.length > 0 && nowMs - push.seenAtMs < NAMED_WITHIN_MS)
    return { kind: "requeue", afterMs: NAMED_WITHIN_MS };
  if (direct.length > 0) {
    await run.fence();
    await ledger.append(repositoryStream(key), [
      {
        type: "direct_push",
        subject: formatKey(key),
        atMs: nowMs,
        id: `direct_push/${push.before}/${key.sha}`,
        data: {
          branch: push.branch,
          before: push.before,
          after: key.sha,
          by: push.by,
          forced: (range?.behind ?? 0) > 0,
          commits: direct.slice(0, LISTED_MAX),
          count: direct.length,
        },
      },
    ]);
  }
  await records.delete(pushedKey);
  return undefined;
}

/** Undefined where GitHub does not compare them: the old commit is gone, and there is nothing to say of it. */
async function rangeOf(
  api: RepositoryApi,
  before: string,
  after: string,
): Promise<{ commits: CommitSummary[]; behind: number } | undefined> {
  try {
    return await api.range(before, after);
  } catch (error) {
    if (error instanceof GitHubError && (error.fault === "not-found" || error.fault === "refused")) return undefined;
    throw error;
  }
}

/** The commits along first parents that no merged pull request brought; what a merge brought in is its pull request's. */
async function withoutPulls(api: RepositoryApi, tip: string, commits: CommitSummary[]): Promise<string[]> {
  const inRange = new Map(commits.map((commit) => [commit.sha, commit]));
  const direct: string[] = [];
  let commit = inRange.get(tip);
  for (let asked = 0; commit && asked < ASKED_MAX; asked++) {
    if (!(await broughtByPull(api, commit))) direct.push(commit.sha);
    commit = inRange.get(commit.parents[0] ?? "");
  }
  return direct;
}

async function broughtByPull(api: RepositoryApi, { sha, message }: CommitSummary): Promise<boolean> {
  if ((await api.pullsWith(sha)).some((pull) => pull.merged)) return true;
  // Of a merge queue's commits GitHub may name none; what it wrote into the message is checked, not believed.
  const number = /#([1-9]\d{0,9})\b/.exec(message.split("\n", 1)[0] ?? "")?.[1];
  if (number === undefined) return false;
  try {
    return (await api.pull(Number(number))).merge?.sha === sha;
  } catch (error) {
    if (error instanceof GitHubError && error.fault === "not-found") return false;
    throw error;
  }
}
