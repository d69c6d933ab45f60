/** A required check; `appId` null means that any app or a commit status will do. */
export type RequiredCheck = { context: string; appId: number | null };

export type BranchProtection = {
  branch: string;
  requiredChecks: RequiredCheck[] | undefined;
  strict: boolean;
  /** Undefined: no reviews are asked for. */
  reviews: { count: number; dismissStale: boolean; codeOwners: boolean; lastPushApproval: boolean } | undefined;
  enforceAdmins: boolean;
  allowForcePushes: boolean;
  allowDeletions: boolean;
  linearHistory: boolean;
};

/** https://docs.github.com/rest/repos/rules, `merge_queue` */
export type MergeQueueParameters = {
  check_response_timeout_minutes: number;
  grouping_strategy: "ALLGREEN" | "HEADGREEN";
  max_entries_to_build: number;
  max_entries_to_merge: number;
  merge_method: "MERGE" | "SQUASH" | "REBASE";
  min_entries_to_merge: number;
  min_entries_to_merge_wait_minutes: number;
};

export type RulesetRule =
  | {
      type: "required_status_checks";
      parameters: {
        strict_required_status_checks_policy: boolean;
        do_not_enforce_on_create?: boolean;
        required_status_checks: { context: string; integration_id?: number }[];
      };
    }
  | {
      type: "pull_request";
      parameters: {
        required_approving_review_count: number;
        dismiss_stale_reviews_on_push: boolean;
        require_code_owner_review: boolean;
        require_last_push_approval: boolean;
        required_review_thread_resolution: boolean;
      };
    }
  | { type: "merge_queue"; parameters: MergeQueueParameters }
  | { type: "deletion" | "non_fast_forward" | "creation" | "required_linear_history" };

export type Ruleset = {
  id: number;
  name: string;
  target: "branch" | "tag" | "push";
  enforcement: "active" | "disabled" | "evaluate";
  include: string[];
  exclude: string[];
  rules: RulesetRule[];
  createdAt: Date;
  updatedAt: Date;
};
