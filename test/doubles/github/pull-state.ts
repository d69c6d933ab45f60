import type { Account, App, Issue, Repository } from "./state.ts";

export type ReviewState = "APPROVED" | "CHANGES_REQUESTED" | "COMMENTED" | "DISMISSED" | "PENDING";

export type Review = {
  id: number;
  user: Account;
  via: App | undefined;
  body: string;
  state: ReviewState;
  commitId: string;
  submittedAt: Date;
};

/** What is worked out about a pair of commits and stays true for them. */
export type PullFacts = { commits: number; additions: number; deletions: number; changedFiles: number };

export type Pull = {
  id: number;
  number: number;
  issue: Issue;
  draft: boolean;
  /** Undefined repository: the fork was deleted. */
  head: { repository: Repository | undefined; owner: Account; ref: string; sha: string };
  /** `sha` is the base's tip when the pull request was last pushed to or retargeted, not its tip now. */
  base: { repository: Repository; ref: string; sha: string };
  merged: { at: Date; by: Account; sha: string } | undefined;
  requestedReviewers: Account[];
  reviews: Review[];
  /** Worked out lazily for one pair of tips; undefined means that nobody asked yet. */
  mergeability:
    | {
        head: string;
        base: string;
        result: "pending" | { tree: string; commit: string } | "conflict";
        behind?: boolean;
      }
    | undefined;
};

export function isFromFork(pull: Pull): boolean {
  return pull.head.repository !== pull.base.repository;
}
