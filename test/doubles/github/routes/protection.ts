import type { Body } from "../http/body.ts";
import { ApiError, invalidRequest, notFound } from "../http/errors.ts";
import { noContent, ok, type RepositoryCall, type Router } from "../http/router.ts";
import type { BranchProtection, RequiredCheck } from "../protection-state.ts";
import { protectionShape, statusCheckPolicyShape } from "../shapes/protection.ts";
import { fullName } from "../state.ts";

/** https://docs.github.com/rest/branches/branch-protection */
export function protectionRoutes(router: Router): void {
  const read = { needs: ["administration:read" as const], role: "admin" as const };
  const write = { needs: ["administration:write" as const], role: "admin" as const };
  const url = (call: RepositoryCall) =>
    `${call.site.url}/repos/${fullName(call.repository)}/branches/${call.params.branch}/protection`;
  router.repo("GET /branches/{branch*}/protection", read, (call) => ok(protectionShape(url(call), protectionIn(call))));
  router.repo("PUT /branches/{branch*}/protection", write, (call) => {
    requireBranch(call);
    const protection = parse(call);
    call.repository.protections.set(protection.branch, protection);
    return ok(protectionShape(url(call), protection));
  });
  router.repo("DELETE /branches/{branch*}/protection", write, (call) => {
    call.repository.protections.delete(protectionIn(call).branch);
    return noContent();
  });
  router.repo("GET /branches/{branch*}/protection/required_status_checks", read, (call) => {
    const protection = protectionIn(call);
    if (!protection.requiredChecks) throw notFound("Required status checks not enabled");
    return ok(statusCheckPolicyShape(url(call), protection));
  });
  router.repo("PATCH /branches/{branch*}/protection/required_status_checks", write, (call) => {
    const protection = protectionIn(call);
    protection.requiredChecks = parseChecks(call.body) ?? protection.requiredChecks;
    protection.strict = call.body.boolean("strict", protection.strict);
    return ok(statusCheckPolicyShape(url(call), protection));
  });
}

function requireBranch(call: RepositoryCall): string {
  const branch = call.params.branch ?? "";
  if (!call.repository.git.branch(branch)) throw notFound("Branch not found");
  return branch;
}

function protectionIn(call: RepositoryCall): BranchProtection {
  const protection = call.repository.protections.get(requireBranch(call));
  if (!protection) throw notFound("Branch not protected");
  return protection;
}

/** `checks` is today's form; `contexts` the old one, where any app will do. An `app_id` of -1 says "any" too. */
function parseChecks(body: Body): RequiredCheck[] | undefined {
  const checks = body.objects("checks");
  if (checks) {
    return checks.map((check) => {
      const appId = check.optionalNumber("app_id");
      return { context: check.string("context"), appId: appId === undefined || appId === -1 ? null : appId };
    });
  }
  return body.strings("contexts")?.map((context) => ({ context, appId: null }));
}

/** The four members that may be null but not missing. */
const requiredMembers = ["required_status_checks", "enforce_admins", "required_pull_request_reviews", "restrictions"];

function parse(call: RepositoryCall): BranchProtection {
  const { body } = call;
  const missing = requiredMembers.filter((name) => !body.has(name));
  if (missing.length > 0) throw invalidRequest(...missing.map((name) => `"${name}" wasn't supplied.`));
  const checks = body.object("required_status_checks");
  const reviews = body.object("required_pull_request_reviews");
  const requiredChecks = checks && parseChecks(checks);
  if (checks && !requiredChecks) throw new ApiError(422, 'Invalid request.\n\nNo subschema in "anyOf" matched.');
  return {
    branch: call.params.branch ?? "",
    requiredChecks,
    strict: checks?.boolean("strict", false) ?? false,
    reviews: reviews && {
      count: reviews.optionalNumber("required_approving_review_count") ?? 1,
      dismissStale: reviews.boolean("dismiss_stale_reviews", false),
      codeOwners: reviews.boolean("require_code_owner_reviews", false),
      lastPushApproval: reviews.boolean("require_last_push_approval", false),
    },
    enforceAdmins: body.boolean("enforce_admins", false),
    allowForcePushes: body.boolean("allow_force_pushes", false),
    allowDeletions: body.boolean("allow_deletions", false),
    linearHistory: body.boolean("required_linear_history", false),
  };
}
