import type { CommitSummary } from "../../model/pull-request.ts";
import type { QueueBranch } from "../../ports/merge-groups.ts";

/** One pull request of a merge group with the commits that the queue made for it. */
export interface GroupEntry {
  number: number;
  /** Newest first: one merge or squash commit, or the commits of a rebase. */
  made: string[];
  /** The head that was merged, where the queue's commit names it; a squash or a rebase does not. */
  mergedHead: string | undefined;
}

export interface GroupEntries {
  entries: GroupEntry[];
  /** Commits between base and group that no pull request brings, one sentence each. */
  unexplained: string[];
}

/**
 * Which pull requests a merge group consists of: pure. Every entry of a queue stands on the one before it, so from the group's commit down
 * to the base each commit has to be one that the queue made for an entry, or one that such a merge brought in.
 */
export function groupEntries(
  sha: string,
  base: string,
  branches: readonly QueueBranch[],
  commits: readonly CommitSummary[],
): GroupEntries {
  const inRange = new Map(commits.map((commit) => [commit.sha, commit]));
  const explained = new Set<string>();
  const entries: GroupEntry[] = [];
  const unexplained: string[] = [];
  const visited = new Set<string>();
  // A pull request that took in another's queue commit does not make that one's entry go away.
  for (let at = sha; inRange.has(at) && !visited.has(at); ) {
    visited.add(at);
    const branch = branches.find((one) => one.sha === at && one.base === base);
    if (!branch) {
      unexplained.push(`No branch of the merge queue says which pull request brings commit ${at.slice(0, 7)}.`);
      break;
    }
    const made = madeFor(branch, inRange);
    for (const commit of made) explained.add(commit.sha);
    const merged = made.flatMap((commit) => commit.parents.slice(1));
    if (merged.length > 1) unexplained.push(`Pull request ${branch.number} was queued with more than one merge.`);
    for (const head of merged) reach(head, inRange, explained);
    entries.push({ number: branch.number, made: made.map((commit) => commit.sha), mergedHead: merged[0] });
    at = branch.onSha;
  }
  const left = commits.filter((commit) => !explained.has(commit.sha));
  if (left[0] && unexplained.length === 0)
    unexplained.push(`Commit ${left[0].sha.slice(0, 7)} comes from no pull request of the group.`);
  return { entries: entries.reverse(), unexplained };
}

/** The commits from an entry's tip down to what it stands on, along first parents. */
function madeFor(branch: QueueBranch, inRange: ReadonlyMap<string, CommitSummary>): CommitSummary[] {
  const made: CommitSummary[] = [];
  let commit = inRange.get(branch.sha);
  while (commit && commit.sha !== branch.onSha && !made.includes(commit)) {
    made.push(commit);
    commit = inRange.get(commit.parents[0] ?? "");
  }
  return made;
}

function reach(head: string, inRange: ReadonlyMap<string, CommitSummary>, reached: Set<string>): void {
  const queue = [head];
  for (let sha = queue.pop(); sha !== undefined; sha = queue.pop()) {
    const commit = inRange.get(sha);
    if (!commit || reached.has(sha)) continue;
    reached.add(sha);
    queue.push(...commit.parents);
  }
}
