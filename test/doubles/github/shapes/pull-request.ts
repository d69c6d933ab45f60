import type { Pull, PullFacts, Review } from "../pull-state.ts";
import { associationOf } from "../roles.ts";
import { type Account, fullName, type Repository, type State } from "../state.ts";
import { accountShape } from "./account.ts";
import { labelShape } from "./issue.ts";
import { repositoryShape } from "./repository.ts";
import { nodeId, optionalTimestamp, type Schema, timestamp } from "./schema.ts";

/** `pull-request-simple`: how lists show a pull request. */
export function pullSummaryShape(base: string, state: State, pull: Pull): Schema<"pull-request-simple"> {
  const { issue, number } = pull;
  const repository = pull.base.repository;
  const url = `${base}/repos/${fullName(repository)}/pulls/${number}`;
  const issueUrl = `${base}/repos/${fullName(repository)}/issues/${number}`;
  const html = `${base}/${fullName(repository)}/pull/${number}`;
  const statuses = `${base}/repos/${fullName(repository)}/statuses/${pull.head.sha}`;
  return {
    url,
    id: pull.id,
    node_id: nodeId("PullRequest", pull.id),
    html_url: html,
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    issue_url: issueUrl,
    number,
    state: issue.state,
    locked: false,
    title: issue.title,
    user: accountShape(base, issue.user),
    body: issue.body,
    created_at: timestamp(issue.createdAt),
    updated_at: timestamp(issue.updatedAt),
    closed_at: optionalTimestamp(issue.closedAt),
    merged_at: optionalTimestamp(pull.merged?.at),
    merge_commit_sha: mergeCommitSha(pull),
    assignee: issue.assignees[0] ? accountShape(base, issue.assignees[0]) : null,
    assignees: issue.assignees.map((account) => accountShape(base, account)),
    requested_reviewers: pull.requestedReviewers.map((account) => accountShape(base, account)),
    requested_teams: [],
    // A label without a description has null; GitHub's description of lists of pull requests does not say so.
    labels: issue.labels.map((label) => labelShape(base, repository, label)) as Schema<"pull-request-simple">["labels"],
    milestone: null,
    draft: pull.draft,
    commits_url: `${url}/commits`,
    review_comments_url: `${url}/comments`,
    review_comment_url: `${base}/repos/${fullName(repository)}/pulls/comments{/number}`,
    comments_url: `${issueUrl}/comments`,
    statuses_url: statuses,
    head: side(base, state, pull.head.owner, pull.head),
    base: side(base, state, repository.owner, pull.base),
    _links: {
      self: { href: url },
      html: { href: html },
      issue: { href: issueUrl },
      comments: { href: `${issueUrl}/comments` },
      review_comments: { href: `${url}/comments` },
      review_comment: { href: `${base}/repos/${fullName(repository)}/pulls/comments{/number}` },
      commits: { href: `${url}/commits` },
      statuses: { href: statuses },
    },
    author_association: associationOf(repository, issue.user),
    auto_merge: null,
    active_lock_reason: null,
  };
}

type Shared = Pick<Schema<"pull-request">, keyof Schema<"pull-request"> & keyof Schema<"pull-request-simple">>;

/** `pull-request`: one pull request, with what GitHub works out about it. */
export function pullShape(
  base: string,
  state: State,
  pull: Pull,
  facts: PullFacts,
  mergeableState: string,
): Schema<"pull-request"> {
  const result = pull.mergeability?.result;
  const open = pull.issue.state === "open";
  const mergeable = !open || !result || result === "pending" ? null : result !== "conflict";
  return {
    ...(pullSummaryShape(base, state, pull) as unknown as Shared),
    user: accountShape(base, pull.issue.user),
    labels: pull.issue.labels.map((label) => labelShape(base, pull.base.repository, label)),
    assignees: pull.issue.assignees.map((account) => accountShape(base, account)),
    requested_reviewers: pull.requestedReviewers.map((account) => accountShape(base, account)),
    requested_teams: [],
    state: pull.issue.state,
    merged: pull.merged !== undefined,
    mergeable,
    rebaseable: mergeable,
    mergeable_state: mergeable === null ? "unknown" : mergeableState,
    merged_by: pull.merged ? accountShape(base, pull.merged.by) : null,
    comments: pull.issue.comments.length,
    review_comments: 0,
    maintainer_can_modify: false,
    commits: facts.commits,
    additions: facts.additions,
    deletions: facts.deletions,
    changed_files: facts.changedFiles,
  };
}

/** While open, the test merge; merged, what really landed. */
function mergeCommitSha(pull: Pull): string | null {
  if (pull.merged) return pull.merged.sha;
  const result = pull.mergeability?.result;
  return typeof result === "object" ? result.commit : null;
}

type Side = { repository: Repository | undefined; ref: string; sha: string };

function side(base: string, state: State, owner: Account, { repository, ref, sha }: Side) {
  return {
    label: `${owner.login}:${ref}`,
    ref,
    sha,
    user: accountShape(base, owner),
    // Null once a fork is deleted; GitHub's description does not say so.
    repo: (repository ? repositoryShape(base, state, repository) : null) as Schema<"repository">,
  };
}

/** `pull-request-minimal`: how checks name the pull requests of the same repository that they speak about. */
export function pullMinimalShape(base: string, pull: Pull): Schema<"pull-request-minimal"> {
  const repository = pull.base.repository;
  const repo = { id: repository.id, url: `${base}/repos/${fullName(repository)}`, name: repository.name };
  return {
    id: pull.id,
    number: pull.number,
    url: `${base}/repos/${fullName(repository)}/pulls/${pull.number}`,
    head: { ref: pull.head.ref, sha: pull.head.sha, repo },
    base: { ref: pull.base.ref, sha: pull.base.sha, repo },
  };
}

export function reviewShape(base: string, pull: Pull, review: Review): Schema<"pull-request-review"> {
  const repository = pull.base.repository;
  const html = `${base}/${fullName(repository)}/pull/${pull.number}#pullrequestreview-${review.id}`;
  const pullUrl = `${base}/repos/${fullName(repository)}/pulls/${pull.number}`;
  return {
    id: review.id,
    node_id: nodeId("PullRequestReview", review.id),
    user: accountShape(base, review.user),
    body: review.body,
    state: review.state,
    html_url: html,
    pull_request_url: pullUrl,
    _links: { html: { href: html }, pull_request: { href: pullUrl } },
    submitted_at: timestamp(review.submittedAt),
    commit_id: review.commitId,
    author_association: associationOf(repository, review.user),
  };
}
