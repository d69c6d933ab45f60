import { commitsBetween, mergeBase } from "./git/graph.ts";
import { wakeQueues } from "./merge-queue-state.ts";
import { mergeableState } from "./mergeable-state.ts";
import type { Pull, PullFacts } from "./pull-state.ts";
import { pullShape } from "./shapes/pull-request.ts";
import type { Schema } from "./shapes/schema.ts";
import type { Site } from "./site.ts";
import type { Account } from "./state.ts";

const facts = new WeakMap<Pull, { key: string; facts: Promise<PullFacts> }>();

/** Sizes of a pull request: what its head adds since it left the base. */
export function pullFacts(pull: Pull): Promise<PullFacts> {
  const key = `${pull.base.sha} ${pull.head.sha}`;
  const known = facts.get(pull);
  if (known?.key === key) return known.facts;
  const fresh = computeFacts(pull);
  facts.set(pull, { key, facts: fresh });
  return fresh;
}

async function computeFacts(pull: Pull): Promise<PullFacts> {
  const { store } = pull.base.repository.git.network;
  const [commits, files] = [await commitsBetween(store, pull.base.sha, pull.head.sha), await pullFiles(pull)];
  const sum = (field: "additions" | "deletions") => files.reduce((total, file) => total + file[field], 0);
  return {
    commits: commits.length,
    additions: sum("additions"),
    deletions: sum("deletions"),
    changedFiles: files.length,
  };
}

/** The changes of a pull request, against the merge base ("three dots"). */
export async function pullFiles(pull: Pull) {
  const { store, diffs } = pull.base.repository.git.network;
  const common = await mergeBase(store, pull.base.sha, pull.head.sha);
  const [before, after] = [await store.commit(common ?? ""), await store.commit(pull.head.sha)];
  return diffs.between(before?.tree ?? "", after?.tree ?? "");
}

export async function fullPull(site: Site, pull: Pull): Promise<Schema<"pull-request">> {
  return pullShape(site.url, site.state, pull, await pullFacts(pull), mergeableState(site, pull));
}

/** https://docs.github.com/webhooks/webhook-events-and-payloads#pull_request */
export async function emitPull(
  site: Site,
  pull: Pull,
  action: string,
  sender: Account,
  extra: Record<string, unknown> = {},
): Promise<void> {
  const shape = await fullPull(site, pull);
  const { repository } = pull.base;
  wakeQueues(repository);
  const settings = {
    allow_squash_merge: repository.mergeMethods.has("squash"),
    allow_merge_commit: repository.mergeMethods.has("merge"),
    allow_rebase_merge: repository.mergeMethods.has("rebase"),
    allow_auto_merge: false,
    delete_branch_on_merge: repository.deleteBranchOnMerge,
    allow_update_branch: false,
    use_squash_pr_title_as_default: false,
    squash_merge_commit_message: "COMMIT_MESSAGES",
    squash_merge_commit_title: "COMMIT_OR_PR_TITLE",
    merge_commit_message: "PR_TITLE",
    merge_commit_title: "MERGE_MESSAGE",
  };
  const side = (half: typeof shape.head) => ({ ...half, repo: half.repo ? { ...half.repo, ...settings } : null });
  const pullRequest = { ...shape, head: side(shape.head), base: side(shape.base) };
  site.webhooks.emit(repository, "pull_request", sender, {
    action,
    number: pull.number,
    pull_request: pullRequest,
    ...extra,
  });
}
