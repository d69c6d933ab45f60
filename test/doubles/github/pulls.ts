import { commitsBetween } from "./git/graph.ts";
import { ApiError, notFound, validationFailed } from "./http/errors.ts";
import { newIssue, setIssueState } from "./issues.ts";
import { emitPull } from "./pull-events.ts";
import type { Pull } from "./pull-state.ts";
import type { Site } from "./site.ts";
import type { Account, App, Repository } from "./state.ts";

export function pullOf(repository: Repository, number: number): Pull {
  const pull = repository.issues.get(number)?.pull;
  if (!pull) throw notFound();
  return pull;
}

export type PullDraft = { head: string; base: string; title: string; body?: string | null; draft?: boolean };

/** `head` is a branch of the repository or `owner:branch` of one in its network. */
export async function openPull(
  site: Site,
  repository: Repository,
  draft: PullDraft,
  by: Account,
  via?: App,
): Promise<Pull> {
  const invalid = (field: string) => validationFailed({ resource: "PullRequest", field, code: "invalid" });
  const head = headOf(site, repository, draft.head);
  const headSha = head?.repository.git.branch(head.ref);
  const baseSha = repository.git.branch(draft.base);
  if (!head || !headSha) throw invalid("head");
  if (!baseSha) throw invalid("base");
  const existing = site.state.openPulls
    .withHead(head.repository, head.ref)
    .find(({ base }) => base.repository === repository && base.ref === draft.base);
  if (existing) {
    const message = `A pull request already exists for ${head.repository.owner.login}:${head.ref}.`;
    throw validationFailed({ resource: "PullRequest", code: "custom", message });
  }
  if ((await commitsBetween(repository.git.network.store, baseSha, headSha)).length === 0) {
    throw validationFailed({
      resource: "PullRequest",
      code: "custom",
      message: `No commits between ${draft.base} and ${head.ref}`,
    });
  }
  const issue = newIssue(site, repository, { title: draft.title, body: draft.body ?? null, user: by, via });
  const pull: Pull = {
    id: site.state.nextId(),
    number: issue.number,
    issue,
    draft: draft.draft ?? false,
    head: { repository: head.repository, owner: head.repository.owner, ref: head.ref, sha: headSha },
    base: { repository, ref: draft.base, sha: baseSha },
    merged: undefined,
    requestedReviewers: [],
    reviews: [],
    mergeability: undefined,
  };
  issue.pull = pull;
  site.state.openPulls.add(pull);
  repository.git.setRef(`refs/pull/${pull.number}/head`, headSha);
  await emitPull(site, pull, "opened", by);
  return pull;
}

function headOf(site: Site, repository: Repository, head: string): { repository: Repository; ref: string } | undefined {
  const colon = head.indexOf(":");
  if (colon < 0) return { repository, ref: head };
  const [login, ref] = [head.slice(0, colon), head.slice(colon + 1)];
  if (repository.owner.login.toLowerCase() === login.toLowerCase()) return { repository, ref };
  for (const other of site.state.repositories.values()) {
    if (other.git.network === repository.git.network && other.owner.login.toLowerCase() === login.toLowerCase())
      return { repository: other, ref };
  }
  return undefined;
}

export async function closePull(site: Site, pull: Pull, by: Account): Promise<void> {
  if (pull.issue.state === "closed") return;
  setIssueState(site, pull.base.repository, pull.issue, "closed", by);
  await emitPull(site, pull, "closed", by);
}

/** Refused once merged, or when the head branch is gone. */
export async function reopenPull(site: Site, pull: Pull, by: Account): Promise<void> {
  if (pull.issue.state === "open") return;
  const cannot = validationFailed({
    resource: "PullRequest",
    code: "invalid",
    field: "state",
    message: "state cannot be changed. The pull request cannot be reopened.",
  });
  const sha = pull.head.repository?.git.branch(pull.head.ref);
  if (pull.merged || !sha) throw cannot;
  pull.head.sha = sha;
  pull.base.repository.git.setRef(`refs/pull/${pull.number}/head`, sha);
  setIssueState(site, pull.base.repository, pull.issue, "open", by);
  await emitPull(site, pull, "reopened", by);
}

/** One `edited` event tells of all that changed; a new base comes with its old ref and SHA. */
export async function editPull(
  site: Site,
  pull: Pull,
  change: { title?: string; body?: string | null; base?: string },
  by: Account,
): Promise<void> {
  const { issue } = pull;
  const changes: Record<string, unknown> = {};
  if (change.base !== undefined && change.base !== pull.base.ref) {
    const sha = pull.base.repository.git.branch(change.base);
    if (!sha) throw validationFailed({ resource: "PullRequest", field: "base", code: "invalid" });
    if (issue.state === "closed") throw new ApiError(422, "Cannot change the base branch of a closed pull request.");
    changes.base = { ref: { from: pull.base.ref }, sha: { from: pull.base.sha } };
    const ref = change.base;
    site.state.openPulls.change(pull, () => {
      pull.base = { repository: pull.base.repository, ref, sha };
      pull.mergeability = undefined;
    });
  }
  if (change.title !== undefined && change.title !== issue.title) {
    changes.title = { from: issue.title };
    issue.title = change.title;
  }
  if (change.body !== undefined && change.body !== issue.body) {
    changes.body = { from: issue.body ?? "" };
    issue.body = change.body;
  }
  if (Object.keys(changes).length === 0) return;
  issue.updatedAt = site.now();
  await emitPull(site, pull, "edited", by, { changes });
}

export async function setDraft(site: Site, pull: Pull, draft: boolean, by: Account): Promise<void> {
  if (pull.draft === draft) return;
  pull.draft = draft;
  pull.issue.updatedAt = site.now();
  await emitPull(site, pull, draft ? "converted_to_draft" : "ready_for_review", by);
}
