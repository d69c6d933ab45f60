import { ApiError } from "./http/errors.ts";
import { commentShape, issueShape } from "./shapes/issue.ts";
import type { Site } from "./site.ts";
import type { Account, App, Issue, IssueComment, Repository } from "./state.ts";

const MAX_BODY = 65_536;

function checked(body: string): string {
  if (body.trim() === "")
    throw new ApiError(422, "Validation Failed", {
      errors: [{ resource: "IssueComment", code: "missing_field", field: "body" }],
    });
  if (body.length > MAX_BODY)
    throw new ApiError(422, "Validation Failed", {
      errors: [
        {
          resource: "IssueComment",
          code: "unprocessable",
          field: "data",
          message: "Body is too long (maximum is 65536 characters)",
        },
      ],
    });
  return body;
}

function emit(
  site: Site,
  repository: Repository,
  issue: Issue,
  comment: IssueComment,
  action: string,
  by: Account,
  extra = {},
): void {
  site.webhooks.emit(repository, "issue_comment", by, {
    action,
    issue: issueShape(site.url, repository, issue),
    comment: commentShape(site.url, repository, comment),
    ...extra,
  });
}

export function createComment(
  site: Site,
  repository: Repository,
  issue: Issue,
  draft: { user: Account; via: App | undefined; body: string },
): IssueComment {
  const now = site.now();
  const comment: IssueComment = {
    id: site.state.nextId(),
    number: issue.number,
    user: draft.user,
    via: draft.via,
    body: checked(draft.body),
    createdAt: now,
    updatedAt: now,
    reactions: [],
  };
  repository.comments.set(comment.id, comment);
  issue.comments.push(comment);
  issue.updatedAt = now;
  emit(site, repository, issue, comment, "created", draft.user);
  return comment;
}

export function editComment(
  site: Site,
  repository: Repository,
  comment: IssueComment,
  body: string,
  by: Account,
): void {
  const from = comment.body;
  comment.body = checked(body);
  comment.updatedAt = site.now();
  const issue = repository.issues.get(comment.number);
  if (issue) emit(site, repository, issue, comment, "edited", by, { changes: { body: { from } } });
}

export function deleteComment(site: Site, repository: Repository, comment: IssueComment, by: Account): void {
  repository.comments.delete(comment.id);
  const issue = repository.issues.get(comment.number);
  if (!issue) return;
  issue.comments = issue.comments.filter((other) => other !== comment);
  emit(site, repository, issue, comment, "deleted", by);
}
