import type { Account } from "./state.ts";

export const activityTypes = [
  "push",
  "force_push",
  "branch_creation",
  "branch_deletion",
  "pr_merge",
  "merge_queue_merge",
] as const;
export type ActivityType = (typeof activityTypes)[number];

/** One move of a branch, as GitHub's page "Activity" lists it: https://docs.github.com/rest/repos/repos#list-repository-activities */
export type Activity = {
  id: number;
  before: string;
  after: string;
  ref: string;
  at: Date;
  type: ActivityType;
  actor: Account;
};
