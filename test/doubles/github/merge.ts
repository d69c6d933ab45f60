import { commitsBetween } from "./git/graph.ts";
import { mergeTrees, rebase } from "./git/merge.ts";
import type { Signature } from "./git/objects.ts";
import { ApiError, forbidden } from "./http/errors.ts";
import { setIssueState } from "./issues.ts";
import { workOutMergeability } from "./mergeable-state.ts";
import { bypasses, mergeQueueRule, requirementsOf, unmetRequirements } from "./protection.ts";
import { emitPull } from "./pull-events.ts";
import type { Pull } from "./pull-state.ts";
import { moveBranch } from "./push.ts";
import { emailOf } from "./shapes/commit.ts";
import type { Site } from "./site.ts";
import type { Account, MergeMethod } from "./state.ts";

export type MergeRequest = { method?: MergeMethod; title?: string; message?: string; sha?: string };

const github = (date: Date): Signature => ({ name: "GitHub", email: "noreply@github.com", date });

/** https://docs.github.com/rest/pulls/pulls#merge-a-pull-request. Returns the SHA on the base branch. */
export async function mergePull(site: Site, pull: Pull, request: MergeRequest, by: Account): Promise<string> {
  const { repository } = pull.base;
  return repository.git.exclusively(async () => {
    await refuse(site, pull, request, by);
    const base = repository.git.branch(pull.base.ref) ?? "";
    const sha = await land(site, pull, base, request, by);
    if (!sha) throw new ApiError(405, "Pull Request is not mergeable");
    pull.merged = { at: site.now(), by, sha };
    repository.contributors.add(pull.issue.user.id);
    setIssueState(site, repository, pull.issue, "closed", by);
    await moveBranch(site, repository, pull.base.ref, sha, by, "pr_merge");
    await emitPull(site, pull, "closed", by);
    if (repository.deleteBranchOnMerge && pull.head.repository === repository)
      await moveBranch(site, repository, pull.head.ref, undefined, by);
    return sha;
  });
}

async function refuse(site: Site, pull: Pull, { sha, method = "merge" }: MergeRequest, by: Account): Promise<void> {
  const { repository } = pull.base;
  if (pull.issue.state === "closed" || pull.merged) throw new ApiError(405, "Pull Request is not mergeable");
  if (sha !== undefined && sha !== pull.head.sha)
    throw new ApiError(409, "Head branch was modified. Review and try the merge again.");
  if (pull.draft) throw new ApiError(405, "Pull Request is still a draft");
  if (mergeQueueRule(repository, pull.base.ref))
    throw new ApiError(405, "Repository rule violations found\n\nChanges must be made through the merge queue\n\n");
  const words = { merge: "Merge commits", squash: "Squash merges", rebase: "Rebase merges" };
  if (!repository.mergeMethods.has(method))
    throw new ApiError(405, `${words[method]} are not allowed on this repository.`);
  await workOutMergeability(site, pull);
  if (pull.mergeability?.result === "conflict") throw new ApiError(405, "Pull Request is not mergeable");
  const requirements = requirementsOf(repository, pull.base.ref);
  if (method === "merge" && requirements.some((each) => each.linearHistory && !bypasses(site, repository, by, each))) {
    throw new ApiError(405, "Merge commits are not allowed on this repository.");
  }
  const bypassed = new Set(
    requirements.filter((each) => bypasses(site, repository, by, each)).map(({ source }) => source),
  );
  const unmet = unmetRequirements(site, pull).filter(({ source }) => !bypassed.has(source));
  if (unmet.length === 0) return;
  const byRules = unmet.filter(({ source }) => source === "ruleset").map(({ message }) => message);
  if (byRules.length > 0) throw new ApiError(405, `Repository rule violations found\n\n${byRules.join("\n\n")}\n\n`);
  throw new ApiError(405, unmet.map(({ message }) => message).join(" "));
}

async function land(
  site: Site,
  pull: Pull,
  base: string,
  { method = "merge", title, message }: MergeRequest,
  by: Account,
): Promise<string | undefined> {
  const { network } = pull.base.repository.git;
  const { store } = network;
  const now = site.now();
  const author = { name: by.login, email: emailOf(by), date: now };
  const head = pull.head.sha;
  if (method === "rebase") return rebase(store, site.git, await commitsBetween(store, base, head), base, github(now));
  const tree = await mergeTrees(store, site.git, base, head);
  if (!tree) return undefined;
  if (method === "squash") {
    const { user } = pull.issue;
    const commits = await commitsBetween(store, base, head);
    const body = message ?? commits.map((commit) => `* ${commit.message}`).join("\n\n");
    const squashed = { name: user.login, email: emailOf(user), date: now };
    const subject = title ?? `${pull.issue.title} (#${pull.number})`;
    return store.writeCommit({
      tree,
      parents: [base],
      author: squashed,
      committer: github(now),
      message: body ? `${subject}\n\n${body}` : subject,
    });
  }
  const subject = title ?? `Merge pull request #${pull.number} from ${pull.head.owner.login}/${pull.head.ref}`;
  return store.writeCommit({
    tree,
    parents: [base, head],
    author,
    committer: github(now),
    message: `${subject}\n\n${message ?? pull.issue.title}`,
  });
}

/** https://docs.github.com/rest/pulls/pulls#update-a-pull-request-branch: merges the base into the head. */
export async function updateBranch(
  site: Site,
  pull: Pull,
  expectedHead: string | undefined,
  by: Account,
): Promise<void> {
  const { repository: head, ref } = pull.head;
  const base = pull.base.repository.git.branch(pull.base.ref);
  if (!head || !base) throw forbidden();
  if (expectedHead !== undefined && expectedHead !== pull.head.sha) {
    throw new ApiError(422, "Validation Failed", { errors: [`expected head sha didn't match current head ref.`] });
  }
  const tree = await mergeTrees(head.git.network.store, site.git, pull.head.sha, base);
  if (!tree) throw new ApiError(422, "merge conflict between base and head");
  const author = { name: by.login, email: emailOf(by), date: site.now() };
  const message = `Merge branch '${pull.base.ref}' into ${ref}`;
  const sha = head.git.network.store.writeCommit({
    tree,
    parents: [pull.head.sha, base],
    author,
    committer: github(site.now()),
    message,
  });
  await moveBranch(site, head, ref, sha, by);
}
