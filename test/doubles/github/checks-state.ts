import type { Account, App } from "./state.ts";

export const checkStatuses = ["queued", "in_progress", "completed", "waiting", "requested", "pending"] as const;
export type CheckStatus = (typeof checkStatuses)[number];
export const checkConclusions = [
  "success",
  "failure",
  "neutral",
  "cancelled",
  "skipped",
  "timed_out",
  "action_required",
] as const;
export type CheckConclusion = (typeof checkConclusions)[number];

export type Annotation = {
  path: string;
  start_line: number;
  end_line: number;
  start_column: number | null;
  end_column: number | null;
  annotation_level: "notice" | "warning" | "failure";
  title: string | null;
  message: string;
  raw_details: string | null;
};

export type CheckAction = { label: string; description: string; identifier: string };

export type CheckSuite = {
  id: number;
  app: App;
  headSha: string;
  /** Null for commits of a fork. */
  headBranch: string | null;
  before: string | null;
  after: string | null;
  createdAt: Date;
  updatedAt: Date;
  /** Newest last. */
  runs: CheckRun[];
  /** Set by a re-request until a run reports again. */
  rerequested: boolean;
};

export type CheckRun = {
  id: number;
  suite: CheckSuite;
  name: string;
  headSha: string;
  externalId: string;
  detailsUrl: string | null;
  status: CheckStatus;
  conclusion: CheckConclusion | null;
  startedAt: Date | null;
  completedAt: Date | null;
  output: { title: string | null; summary: string | null; text: string | null };
  annotations: Annotation[];
  actions: CheckAction[];
};

export type CommitStatus = {
  id: number;
  sha: string;
  state: "error" | "failure" | "pending" | "success";
  context: string;
  description: string | null;
  targetUrl: string | null;
  creator: Account;
  createdAt: Date;
};
