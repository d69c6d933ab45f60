import type { ActivityType } from "./activity.ts";
import { ensureSuites } from "./check-suites.ts";
import { commitsBetween, isAncestor } from "./git/graph.ts";
import type { Commit } from "./git/objects.ts";
import { setIssueState } from "./issues.ts";
import { wakeQueues } from "./merge-queue-state.ts";
import { emitPull } from "./pull-events.ts";
import type { Pull } from "./pull-state.ts";
import { accountOfEmail, emailOf } from "./shapes/commit.ts";
import { timestamp } from "./shapes/schema.ts";
import type { Site } from "./site.ts";
import { type Account, fullName, type Repository } from "./state.ts";

const ZERO = "0".repeat(40);

export type RefMove = {
  ref: string;
  before: string | undefined;
  after: string | undefined;
  by: Account;
  /** Where the move was no push. */
  as?: ActivityType;
};

/** Moves a branch as a push would, with everything that follows from it. `after` undefined deletes it. */
export async function moveBranch(
  site: Site,
  repository: Repository,
  branch: string,
  after: string | undefined,
  by: Account,
  as?: ActivityType,
): Promise<void> {
  const ref = `refs/heads/${branch}`;
  const before = repository.git.ref(ref);
  if (before === after) return;
  if (after) repository.git.setRef(ref, after);
  else repository.git.deleteRef(ref);
  await afterPush(site, repository, { ref, before, after, by, ...(as ? { as } : {}) });
}

/** What GitHub does once a ref has moved: events, check suites, heads of pull requests, pull requests that got merged. */
export async function afterPush(site: Site, repository: Repository, move: RefMove): Promise<void> {
  const { ref, before, after, by } = move;
  repository.pushedAt = site.now();
  wakeQueues(repository);
  const branch = ref.startsWith("refs/heads/") ? ref.slice("refs/heads/".length) : undefined;
  const { store } = repository.git.network;
  const from =
    before ?? (branch === repository.defaultBranch ? undefined : repository.git.branch(repository.defaultBranch));
  const commits = after ? (from ? await commitsBetween(store, from, after) : await single(repository, after)) : [];
  await emitPush(site, repository, move, commits);
  const refType = branch === undefined ? "tag" : "branch";
  const name = ref.replace(/^refs\/(heads|tags)\//, "");
  if (!before)
    site.webhooks.emit(repository, "create", by, {
      ref: name,
      ref_type: refType,
      master_branch: repository.defaultBranch,
      full_ref: ref,
      description: null,
      pusher_type: "user",
    });
  if (!after)
    site.webhooks.emit(repository, "delete", by, { ref: name, ref_type: refType, full_ref: ref, pusher_type: "user" });
  if (branch === undefined) return;
  await recordActivity(site, repository, move);
  if (after) await ensureSuites(site, repository, { sha: after, branch, before: before ?? null, by });
  for (const pull of site.state.openPulls.withHead(repository, branch)) await moveHead(site, pull, after, by);
  if (after) await closeMerged(site, repository, branch, commits, by);
  else for (const pull of site.state.openPulls.withBase(repository, branch)) await closeFor(site, pull, by);
}

async function recordActivity(site: Site, repository: Repository, move: RefMove): Promise<void> {
  const { ref, before, after, by } = move;
  const { store } = repository.git.network;
  const forced = before && after && !(await isAncestor(store, before, after));
  const type = !before ? "branch_creation" : !after ? "branch_deletion" : forced ? "force_push" : "push";
  repository.activities.push({
    id: site.state.nextId(),
    before: before ?? ZERO,
    after: after ?? ZERO,
    ref,
    at: site.now(),
    type: move.as ?? type,
    actor: by,
  });
}

async function moveHead(site: Site, pull: Pull, after: string | undefined, by: Account): Promise<void> {
  if (!after) return closeFor(site, pull, by);
  const before = pull.head.sha;
  const { repository, ref } = pull.base;
  site.state.openPulls.change(pull, () => {
    pull.head.sha = after;
    pull.base.sha = repository.git.branch(ref) ?? pull.base.sha;
    pull.mergeability = undefined;
  });
  pull.issue.updatedAt = site.now();
  repository.git.setRef(`refs/pull/${pull.number}/head`, after);
  const base = repository.git.branch(ref);
  if (base && (await isAncestor(repository.git.network.store, after, base))) return closeFor(site, pull, by);
  if (repository.protections.get(ref)?.reviews?.dismissStale) {
    for (const review of pull.reviews) if (review.state === "APPROVED") review.state = "DISMISSED";
  }
  await emitPull(site, pull, "synchronize", by, { before, after });
}

async function closeFor(site: Site, pull: Pull, by: Account): Promise<void> {
  setIssueState(site, pull.base.repository, pull.issue, "closed", by);
  await emitPull(site, pull, "closed", by);
}

/** A pull request whose head was pushed to its base counts as merged. */
async function closeMerged(
  site: Site,
  repository: Repository,
  branch: string,
  commits: Commit[],
  by: Account,
): Promise<void> {
  const pushed = new Set(commits.map(({ sha }) => sha));
  for (const pull of site.state.openPulls.withBase(repository, branch)) {
    if (!pushed.has(pull.head.sha)) continue;
    const sha = commits.at(-1)?.sha ?? pull.head.sha;
    pull.merged = { at: site.now(), by, sha };
    repository.contributors.add(pull.issue.user.id);
    await closeFor(site, pull, by);
  }
}

async function single(repository: Repository, sha: string): Promise<Commit[]> {
  const commit = await repository.git.network.store.commit(sha);
  return commit ? [commit] : [];
}

/** https://docs.github.com/webhooks/webhook-events-and-payloads#push: at most 2,048 commits. */
async function emitPush(
  site: Site,
  repository: Repository,
  { ref, before, after, by }: RefMove,
  commits: Commit[],
): Promise<void> {
  const html = `${site.url}/${fullName(repository)}`;
  const shaped = await Promise.all(commits.slice(-2048).map((commit) => pushedCommit(site, repository, commit)));
  const { store } = repository.git.network;
  const head = after ? await store.commit(after) : undefined;
  const forced = before && after ? !(await isAncestor(store, before, after)) : false;
  site.webhooks.emit(repository, "push", by, {
    ref,
    before: before ?? ZERO,
    after: after ?? ZERO,
    pusher: { name: by.login, email: emailOf(by) },
    created: before === undefined,
    deleted: after === undefined,
    forced,
    base_ref: null,
    compare:
      before && after
        ? `${html}/compare/${before.slice(0, 12)}...${after.slice(0, 12)}`
        : `${html}/compare/${ref.replace(/^refs\/heads\//, "")}`,
    commits: shaped,
    head_commit: head ? await pushedCommit(site, repository, head) : null,
  });
}

async function pushedCommit(site: Site, repository: Repository, commit: Commit) {
  const { store, diffs } = repository.git.network;
  const parent = await store.commit(commit.parents[0] ?? "");
  const changes = await diffs.between(parent?.tree ?? "", commit.tree);
  const person = ({ name, email, date }: Commit["author"]) => {
    const account = accountOfEmail(site.state, email);
    return { name, email, date: timestamp(date), ...(account ? { username: account.login } : {}) };
  };
  const paths = (...statuses: string[]) =>
    changes.filter(({ status }) => statuses.includes(status)).map(({ path }) => path);
  return {
    id: commit.sha,
    tree_id: commit.tree,
    distinct: true,
    message: commit.message,
    timestamp: timestamp(commit.author.date),
    url: `${site.url}/${fullName(repository)}/commit/${commit.sha}`,
    author: person(commit.author),
    committer: person(commit.committer),
    added: paths("added", "renamed"),
    removed: [...paths("removed"), ...changes.flatMap(({ previousPath }) => (previousPath ? [previousPath] : []))],
    modified: paths("modified", "changed"),
  };
}
