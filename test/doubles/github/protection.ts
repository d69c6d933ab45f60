import { isAncestor } from "./git/graph.ts";
import type { RefCommand } from "./git/receive-pack.ts";
import type { MergeQueueParameters, RequiredCheck, Ruleset, RulesetRule } from "./protection-state.ts";
import type { Pull } from "./pull-state.ts";
import { atLeast, roleOf } from "./roles.ts";
import type { Site } from "./site.ts";
import type { Account, Repository } from "./state.ts";

/** Everything that binds a branch, from its protection and from rulesets alike. */
export type Requirements = {
  checks: RequiredCheck[];
  strict: boolean;
  /** Undefined: changes need no pull request. */
  reviews: { count: number } | undefined;
  forcePushes: boolean;
  deletions: boolean;
  linearHistory: boolean;
  adminsBypass: boolean;
  source: "protection" | "ruleset";
};

export type Unmet = { kind: "check" | "reviews" | "behind"; message: string; source: Requirements["source"] };

/** The check conclusions that satisfy a required check: https://docs.github.com/pull-requests/collaborating-with-pull-requests/collaborating-on-repositories-with-code-quality-features/about-status-checks */
const passing = ["success", "neutral", "skipped"];

export function requirementsOf(repository: Repository, branch: string): Requirements[] {
  const found: Requirements[] = [];
  const protection = repository.protections.get(branch);
  if (protection) {
    found.push({
      checks: protection.requiredChecks ?? [],
      strict: protection.strict,
      reviews: protection.reviews && { count: protection.reviews.count },
      forcePushes: protection.allowForcePushes,
      deletions: protection.allowDeletions,
      linearHistory: protection.linearHistory,
      adminsBypass: !protection.enforceAdmins,
      source: "protection",
    });
  }
  const rules = rulesOf(repository, branch).map(({ rule }) => rule);
  if (rules.length > 0) {
    const checkRules = rules.filter((rule) => rule.type === "required_status_checks");
    const reviewRules = rules.filter((rule) => rule.type === "pull_request");
    found.push({
      checks: checkRules.flatMap(({ parameters }) =>
        parameters.required_status_checks.map(({ context, integration_id }) => ({
          context,
          appId: integration_id ?? null,
        })),
      ),
      strict: checkRules.some(({ parameters }) => parameters.strict_required_status_checks_policy),
      reviews:
        reviewRules.length > 0
          ? { count: Math.max(...reviewRules.map(({ parameters }) => parameters.required_approving_review_count)) }
          : undefined,
      forcePushes: !rules.some(({ type }) => type === "non_fast_forward"),
      deletions: !rules.some(({ type }) => type === "deletion"),
      linearHistory: rules.some(({ type }) => type === "required_linear_history"),
      adminsBypass: false,
      source: "ruleset",
    });
  }
  return found;
}

/** The active rules for a branch, with the ruleset each comes from. */
export function rulesOf(repository: Repository, branch: string): { rule: RulesetRule; ruleset: Ruleset }[] {
  return repository.rulesets
    .filter(
      (ruleset) =>
        ruleset.enforcement === "active" && ruleset.target === "branch" && applies(repository, ruleset, branch),
    )
    .flatMap((ruleset) => ruleset.rules.map((rule) => ({ rule, ruleset })));
}

/** How the branch's merge queue works; nothing where changes need not go through one. */
export function mergeQueueRule(repository: Repository, branch: string): MergeQueueParameters | undefined {
  return rulesOf(repository, branch)
    .map(({ rule }) => rule)
    .find((rule) => rule.type === "merge_queue")?.parameters;
}

function applies(repository: Repository, ruleset: Ruleset, branch: string): boolean {
  const matches = (pattern: string) => {
    if (pattern === "~ALL") return true;
    if (pattern === "~DEFAULT_BRANCH") return branch === repository.defaultBranch;
    const source = pattern
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replace(/\*\*\/?|\*|\?/g, (glob) => (glob.startsWith("**") ? ".*" : glob === "*" ? "[^/]*" : "[^/]"));
    return new RegExp(`^${source}$`).test(`refs/heads/${branch}`);
  };
  return ruleset.include.some(matches) && !ruleset.exclude.some(matches);
}

export function requiredCheckState(
  repository: Repository,
  sha: string,
  check: RequiredCheck,
): "met" | "expected" | "pending" | "failing" {
  const runs = (repository.checkRuns.get(sha) ?? []).filter(
    (run) => run.name === check.context && (check.appId === null || run.suite.app.id === check.appId),
  );
  const status =
    check.appId === null
      ? repository.statuses.get(sha)?.findLast(({ context }) => context === check.context)
      : undefined;
  // One name may be reported by several apps: the newest run of each counts, and all of them have to pass.
  const latest = [...new Map(runs.map((run) => [run.suite.app.id, run])).values()];
  const states = latest.map((run) =>
    run.status !== "completed" ? "pending" : passing.includes(run.conclusion ?? "") ? "met" : "failing",
  );
  if (status) states.push(status.state === "success" ? "met" : status.state === "pending" ? "pending" : "failing");
  if (states.length === 0) return "expected";
  return states.includes("failing") ? "failing" : states.includes("pending") ? "pending" : "met";
}

/** What a pull request still lacks; empty when nothing binds its base branch. */
export function unmetRequirements(site: Site, pull: Pull): Unmet[] {
  return requirementsOf(pull.base.repository, pull.base.ref).flatMap((requirements) =>
    unmetOf(site, pull, requirements),
  );
}

function unmetOf(site: Site, pull: Pull, { checks, strict, reviews, source }: Requirements): Unmet[] {
  const { repository } = pull.base;
  const unmet: Unmet[] = [];
  if (reviews && reviews.count > 0) {
    const verdicts = reviewVerdicts(site, pull);
    if (verdicts.includes("CHANGES_REQUESTED")) {
      unmet.push({ kind: "reviews", source, message: "Changes have been requested." });
    } else if (verdicts.filter((state) => state === "APPROVED").length < reviews.count) {
      const count = `${reviews.count} approving review${reviews.count === 1 ? " is" : "s are"}`;
      unmet.push({ kind: "reviews", source, message: `At least ${count} required by reviewers with write access.` });
    }
  }
  const open = checks
    .map(({ context, appId }) => ({
      context,
      state: requiredCheckState(repository, pull.head.sha, { context, appId }),
    }))
    .filter(({ state }) => state !== "met");
  if (open.length === 1 && open[0]) {
    unmet.push({ kind: "check", source, message: `Required status check "${open[0].context}" is ${open[0].state}.` });
  } else if (open.length > 1) {
    const counts = ["failing", "pending", "expected"]
      .map((state) => ({ state, count: open.filter((check) => check.state === state).length }))
      .filter(({ count }) => count > 0);
    const detail =
      counts.length === 1
        ? `are ${counts[0]?.state}`
        : `have not succeeded: ${counts.map(({ state, count }) => `${count} ${state}`).join(" and ")}`;
    unmet.push({
      kind: "check",
      source,
      message: `${open.length} of ${checks.length} required status checks ${detail}.`,
    });
  }
  if (strict && checks.length > 0 && pull.mergeability?.behind) {
    unmet.push({ kind: "behind", source, message: "The head branch is not up to date with the base branch." });
  }
  return unmet;
}

/** The newest opinion of everyone with write access. */
function reviewVerdicts(site: Site, pull: Pull): string[] {
  const latest = new Map<number, string>();
  for (const review of pull.reviews) {
    if (review.state === "COMMENTED" || review.state === "PENDING") continue;
    if (atLeast(roleOf(site.state, pull.base.repository, review.user), "write"))
      latest.set(review.user.id, review.state);
  }
  return [...latest.values()];
}

export function bypasses(site: Site, repository: Repository, by: Account, requirements: Requirements): boolean {
  return requirements.adminsBypass && atLeast(roleOf(site.state, repository, by), "admin");
}

/** Why a direct push to a branch is refused, in the words of the protected branch hook; nothing if it is not. */
export async function pushRefusal(
  site: Site,
  repository: Repository,
  { ref, before, after, by }: RefCommand & { by: Account },
): Promise<string | undefined> {
  const branch = ref.replace(/^refs\/heads\//, "");
  const { store } = repository.git.network;
  // Despite their name GitHub keeps nobody from pushing branches called like a merge queue's, nor can a ruleset:
  // https://joshcannon.me/2025/07/03/gh-mq-branches-unprotectable.html
  if (mergeQueueRule(repository, branch) && before) return "Changes must be made through the merge queue";
  for (const requirements of requirementsOf(repository, branch)) {
    if (bypasses(site, repository, by, requirements)) continue;
    if (!after && before && !requirements.deletions) return "Cannot delete a protected branch";
    if (!after || !before) continue;
    if (requirements.reviews) return "Changes must be made through a pull request.";
    const missing = requirements.checks.find((check) => requiredCheckState(repository, after, check) !== "met");
    if (missing)
      return `Required status check "${missing.context}" is ${requiredCheckState(repository, after, missing)}.`;
    // The pushed objects are not there yet when a push over git asks; then git itself refuses what is no fast-forward.
    const known = await store.commit(after);
    if (!requirements.forcePushes && known && !(await isAncestor(store, before, after)))
      return "Cannot force-push to this branch";
  }
  return undefined;
}
