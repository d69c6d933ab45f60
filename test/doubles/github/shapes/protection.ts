import type { BranchProtection, RequiredCheck } from "../protection-state.ts";

/** The part of `GET /branches/{branch}` that everyone with read access sees. */
export function protectionSummaryShape(protection: BranchProtection | undefined) {
  const checks = protection?.requiredChecks ?? [];
  return {
    enabled: protection !== undefined,
    required_status_checks: {
      enforcement_level: !protection?.requiredChecks ? "off" : protection.enforceAdmins ? "everyone" : "non_admins",
      contexts: checks.map(({ context }) => context),
      checks: checks.map(checkShape),
    },
  };
}

function checkShape({ context, appId }: RequiredCheck) {
  return { context, app_id: appId };
}

/** `status-check-policy` */
export function statusCheckPolicyShape(url: string, protection: BranchProtection) {
  const checks = protection.requiredChecks ?? [];
  return {
    url: `${url}/required_status_checks`,
    strict: protection.strict,
    contexts: checks.map(({ context }) => context),
    contexts_url: `${url}/required_status_checks/contexts`,
    checks: checks.map(checkShape),
  };
}

/** `branch-protection`; `url` is that of the protection itself. */
export function protectionShape(url: string, protection: BranchProtection) {
  const { reviews } = protection;
  return {
    url,
    ...(protection.requiredChecks ? { required_status_checks: statusCheckPolicyShape(url, protection) } : {}),
    ...(reviews
      ? {
          required_pull_request_reviews: {
            url: `${url}/required_pull_request_reviews`,
            dismiss_stale_reviews: reviews.dismissStale,
            require_code_owner_reviews: reviews.codeOwners,
            require_last_push_approval: reviews.lastPushApproval,
            required_approving_review_count: reviews.count,
          },
        }
      : {}),
    required_signatures: { url: `${url}/required_signatures`, enabled: false },
    enforce_admins: { url: `${url}/enforce_admins`, enabled: protection.enforceAdmins },
    required_linear_history: { enabled: protection.linearHistory },
    allow_force_pushes: { enabled: protection.allowForcePushes },
    allow_deletions: { enabled: protection.allowDeletions },
    block_creations: { enabled: false },
    required_conversation_resolution: { enabled: false },
    lock_branch: { enabled: false },
    allow_fork_syncing: { enabled: false },
  };
}
