import type { CommitSummary, PullRequest } from "../model/pull-request.ts";

/** One entry of a merge queue, as the branch that GitHub made for it tells: `gh-readonly-queue/<base>/pr-<number>-<sha it stands on>`. */
export interface QueueBranch {
  /** `gh-readonly-queue/main/pr-7-<40-hex>` */
  name: string;
  base: string;
  number: number;
  /** The commit that this entry stands on: the base branch's tip, or the entry before. */
  onSha: string;
  sha: string;
}

/** What is read of a repository to judge merge groups. Every call may reject with `GitHubError`. */
export interface MergeGroupReads {
  /** The branches of merge queues as they are now. */
  queueBranches(): Promise<QueueBranch[]>;
  /** Commits that are reachable from `head` and not from `base`; `behind`: how many the other way round. */
  range(base: string, head: string): Promise<{ commits: CommitSummary[]; behind: number; complete: boolean }>;
  /** Pull requests of any state that GitHub names for a commit. */
  pullsWith(sha: string): Promise<PullRequest[]>;
}
