import { associationOf } from "../roles.ts";
import {
  fullName,
  type Issue,
  type IssueComment,
  type Label,
  type Reaction,
  type Repository,
  reactionContents,
} from "../state.ts";
import { accountShape } from "./account.ts";
import { appShape } from "./app.ts";
import { nodeId, optionalTimestamp, type Schema, timestamp } from "./schema.ts";

export function labelShape(base: string, repository: Repository, label: Label) {
  return {
    id: label.id,
    node_id: nodeId("Label", label.id),
    url: `${base}/repos/${fullName(repository)}/labels/${encodeURIComponent(label.name)}`,
    name: label.name,
    color: label.color,
    default: label.isDefault,
    description: label.description,
  } satisfies Schema<"label">;
}

export function reactionShape(base: string, reaction: Reaction): Schema<"reaction"> {
  return {
    id: reaction.id,
    node_id: nodeId("Reaction", reaction.id),
    user: accountShape(base, reaction.user),
    content: reaction.content,
    created_at: timestamp(reaction.createdAt),
  };
}

export function reactionRollup(url: string, reactions: Reaction[]): Schema<"reaction-rollup"> {
  const counts = Object.fromEntries(
    reactionContents.map((content) => [content, reactions.filter((reaction) => reaction.content === content).length]),
  ) as Record<(typeof reactionContents)[number], number>;
  return { url: `${url}/reactions`, total_count: reactions.length, ...counts };
}

export function commentShape(base: string, repository: Repository, comment: IssueComment): Schema<"issue-comment"> {
  const url = `${base}/repos/${fullName(repository)}/issues/comments/${comment.id}`;
  const kind = repository.issues.get(comment.number)?.pull ? "pull" : "issues";
  return {
    url,
    html_url: `${base}/${fullName(repository)}/${kind}/${comment.number}#issuecomment-${comment.id}`,
    issue_url: `${base}/repos/${fullName(repository)}/issues/${comment.number}`,
    id: comment.id,
    node_id: nodeId("IssueComment", comment.id),
    user: accountShape(base, comment.user),
    created_at: timestamp(comment.createdAt),
    updated_at: timestamp(comment.updatedAt),
    author_association: associationOf(repository, comment.user),
    body: comment.body,
    reactions: reactionRollup(url, comment.reactions),
    performed_via_github_app: comment.via ? appShape(base, comment.via) : null,
  };
}

/** `issue`: a pull request is one too, with a `pull_request` member. */
export function issueShape(base: string, repository: Repository, issue: Issue): Schema<"issue"> {
  const url = `${base}/repos/${fullName(repository)}/issues/${issue.number}`;
  const kind = issue.pull ? "pull" : "issues";
  const html = `${base}/${fullName(repository)}/${kind}/${issue.number}`;
  return {
    url,
    repository_url: `${base}/repos/${fullName(repository)}`,
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    html_url: html,
    id: issue.id,
    node_id: nodeId("Issue", issue.id),
    number: issue.number,
    title: issue.title,
    user: accountShape(base, issue.user),
    labels: issue.labels.map((label) => labelShape(base, repository, label)),
    state: issue.state,
    locked: false,
    assignee: issue.assignees[0] ? accountShape(base, issue.assignees[0]) : null,
    assignees: issue.assignees.map((account) => accountShape(base, account)),
    milestone: null,
    comments: issue.comments.length,
    created_at: timestamp(issue.createdAt),
    updated_at: timestamp(issue.updatedAt),
    closed_at: optionalTimestamp(issue.closedAt),
    closed_by: issue.closedBy ? accountShape(base, issue.closedBy) : null,
    author_association: associationOf(repository, issue.user),
    active_lock_reason: null,
    body: issue.body,
    reactions: reactionRollup(url, issue.reactions),
    timeline_url: `${url}/timeline`,
    performed_via_github_app: issue.via ? appShape(base, issue.via) : null,
    state_reason: null,
    ...(issue.pull ? { draft: issue.pull.draft, pull_request: pullLinks(base, repository, issue) } : {}),
  };
}

function pullLinks(base: string, repository: Repository, issue: Issue) {
  const html = `${base}/${fullName(repository)}/pull/${issue.number}`;
  return {
    url: `${base}/repos/${fullName(repository)}/pulls/${issue.number}`,
    html_url: html,
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    merged_at: optionalTimestamp(issue.pull?.merged?.at),
  };
}
