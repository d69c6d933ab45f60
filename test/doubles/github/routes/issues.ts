import { type Actor, accountOf, appOfActor } from "../auth.ts";
import { createComment, deleteComment, editComment } from "../comments.ts";
import { ApiError, forbidden, invalidRequest, notFound, validationFailed } from "../http/errors.ts";
import { paginated } from "../http/pagination.ts";
import { type Call, created, noContent, ok, type Reply, type RepositoryCall, type Router } from "../http/router.ts";
import { addLabels, issueOf, newIssue, react, removeLabel, requireTitle, setIssueState } from "../issues.ts";
import type { Need } from "../permissions.ts";
import { closePull, editPull, reopenPull } from "../pulls.ts";
import { atLeast, roleOf } from "../roles.ts";
import { commentShape, issueShape, labelShape, reactionShape } from "../shapes/issue.ts";
import { type Issue, type IssueComment, type Reaction, reactionContents } from "../state.ts";

const reads: Need[] = ["issues:read", "pull_requests:read"];
const writes: Need[] = ["issues:write", "pull_requests:write"];

/** https://docs.github.com/rest/issues: pull requests are issues too. */
export function issueRoutes(router: Router): void {
  const read = { needs: reads };
  const write = { needs: writes, role: "read" as const };
  router.repo("GET /issues", read, list);
  router.repo("POST /issues", { needs: ["issues:write"], role: "read" }, (call) => {
    const draft = { title: requireTitle(call.body.string("title")), body: call.body.optionalString("body") ?? null };
    const issue = newIssue(call.site, call.repository, {
      ...draft,
      user: accountOf(call.actor),
      via: appOfActor(call.actor),
    });
    return created(issueShape(call.site.url, call.repository, issue));
  });
  router.repo("GET /issues/comments", read, (call) =>
    paginated(call, [...call.repository.comments.values()], shapeComment(call)),
  );
  router.repo("GET /issues/comments/{comment_id}", read, (call) => ok(shapeComment(call)(commentIn(call))));
  router.repo("PATCH /issues/comments/{comment_id}", write, (call) => {
    const comment = commentIn(call);
    requireOwn(call, comment);
    editComment(call.site, call.repository, comment, call.body.string("body"), accountOf(call.actor));
    return ok(shapeComment(call)(comment));
  });
  router.repo("DELETE /issues/comments/{comment_id}", write, (call) => {
    const comment = commentIn(call);
    requireOwn(call, comment);
    deleteComment(call.site, call.repository, comment, accountOf(call.actor));
    return noContent();
  });
  router.repo("GET /issues/{issue_number}", read, (call) =>
    ok(issueShape(call.site.url, call.repository, issueIn(call))),
  );
  router.repo("PATCH /issues/{issue_number}", write, edit);
  router.repo("GET /issues/{issue_number}/comments", read, (call) =>
    paginated(call, issueIn(call).comments, shapeComment(call)),
  );
  router.repo("POST /issues/{issue_number}/comments", write, (call) => {
    const draft = { user: accountOf(call.actor), via: appOfActor(call.actor), body: call.body.string("body") };
    return created(shapeComment(call)(createComment(call.site, call.repository, issueIn(call), draft)));
  });
  labelRoutes(router);
  reactionRoutes(router);
}

function labelRoutes(router: Router): void {
  const triage = { needs: writes, role: "triage" as const };
  const shape = (call: RepositoryCall) => (label: Parameters<typeof labelShape>[2]) =>
    labelShape(call.site.url, call.repository, label);
  router.repo("GET /labels", { needs: reads }, (call) => paginated(call, call.repository.labels, shape(call)));
  router.repo("POST /labels", { needs: writes, role: "write" }, (call) => {
    const name = call.body.string("name");
    const known = call.repository.labels.some((label) => label.name.toLowerCase() === name.toLowerCase());
    if (known) throw validationFailed({ resource: "Label", code: "already_exists", field: "name" });
    const [color, description] = [
      call.body.optionalString("color") ?? "ededed",
      call.body.optionalString("description") ?? null,
    ];
    const label = { id: call.site.state.nextId(), name, color, description, isDefault: false };
    call.repository.labels.push(label);
    return created(shape(call)(label));
  });
  router.repo("GET /issues/{issue_number}/labels", { needs: reads }, (call) =>
    paginated(call, issueIn(call).labels, shape(call)),
  );
  router.repo("POST /issues/{issue_number}/labels", triage, async (call) => {
    const names = call.body.strings("labels") ?? call.body.strings("");
    if (!names) throw invalidRequest(`"labels" wasn't supplied.`);
    const issue = issueIn(call);
    await addLabels(call.site, call.repository, issue, names, accountOf(call.actor));
    return ok(issue.labels.map(shape(call)));
  });
  router.repo("DELETE /issues/{issue_number}/labels/{name}", triage, async (call) => {
    const issue = issueIn(call);
    await removeLabel(call.site, call.repository, issue, call.params.name ?? "", accountOf(call.actor));
    return ok(issue.labels.map(shape(call)));
  });
}

/** https://docs.github.com/rest/reactions/reactions */
function reactionRoutes(router: Router): void {
  const write = { needs: writes, role: "read" as const };
  const add = (call: RepositoryCall, reactions: Reaction[]): Reply => {
    const content = call.body.oneOf("content", reactionContents);
    const { reaction, isNew } = react(call.site, reactions, accountOf(call.actor), content);
    return { status: isNew ? 201 : 200, body: reactionShape(call.site.url, reaction) };
  };
  const list = (call: RepositoryCall, reactions: Reaction[]) => {
    const content = call.query.get("content");
    const chosen = reactions.filter((reaction) => content === null || reaction.content === content);
    return paginated(call, chosen, (reaction) => reactionShape(call.site.url, reaction));
  };
  const remove = (call: RepositoryCall, reactions: Reaction[]): Reply => {
    const at = reactions.findIndex(
      ({ id, user }) => id === Number(call.params.reaction_id) && user === accountOf(call.actor),
    );
    if (at < 0) throw notFound();
    reactions.splice(at, 1);
    return noContent();
  };
  router.repo("GET /issues/comments/{comment_id}/reactions", { needs: reads }, (call) =>
    list(call, commentIn(call).reactions),
  );
  router.repo("POST /issues/comments/{comment_id}/reactions", write, (call) => add(call, commentIn(call).reactions));
  router.repo("DELETE /issues/comments/{comment_id}/reactions/{reaction_id}", write, (call) =>
    remove(call, commentIn(call).reactions),
  );
  router.repo("GET /issues/{issue_number}/reactions", { needs: reads }, (call) => list(call, issueIn(call).reactions));
  router.repo("POST /issues/{issue_number}/reactions", write, (call) => add(call, issueIn(call).reactions));
  router.repo("DELETE /issues/{issue_number}/reactions/{reaction_id}", write, (call) =>
    remove(call, issueIn(call).reactions),
  );
}

function shapeComment(call: RepositoryCall): (comment: IssueComment) => unknown {
  return (comment) => commentShape(call.site.url, call.repository, comment);
}

function issueIn(call: RepositoryCall): Issue {
  return issueOf(call.repository, Number(call.params.issue_number));
}

function commentIn(call: RepositoryCall): IssueComment {
  const comment = call.repository.comments.get(Number(call.params.comment_id));
  if (!comment) throw notFound();
  return comment;
}

/** One's own words, or write access for those of others. */
function requireOwn(call: RepositoryCall, comment: IssueComment): void {
  const by = accountOf(call.actor);
  const isApp = (actor: Actor) => actor.kind === "installation";
  if (comment.user === by || isApp(call.actor)) return;
  if (!atLeast(roleOf(call.site.state, call.repository, by), "write"))
    throw forbidden("Must have admin rights to Repository.");
}

function list(call: RepositoryCall & Call) {
  const state = call.query.get("state") ?? "open";
  const labels = call.query.get("labels")?.split(",") ?? [];
  const found = [...call.repository.issues.values()]
    .filter((issue) => state === "all" || issue.state === state)
    .filter((issue) => labels.every((name) => issue.labels.some((label) => label.name === name)))
    .sort((a, b) => b.number - a.number);
  return paginated(call, found, (issue) => issueShape(call.site.url, call.repository, issue));
}

async function edit(call: RepositoryCall): Promise<Reply> {
  const { body, site, repository } = call;
  const issue = issueIn(call);
  const by = accountOf(call.actor);
  const state = body.optionalOneOf("state", ["open", "closed"]);
  const title = body.optionalString("title");
  const change = {
    ...(title === undefined ? {} : { title }),
    ...(body.has("body") ? { body: body.optionalString("body") ?? null } : {}),
  };
  if (issue.pull) {
    await editPull(site, issue.pull, change, by);
    if (state === "closed") await closePull(site, issue.pull, by);
    if (state === "open") await reopenPull(site, issue.pull, by);
  } else {
    Object.assign(issue, change);
    if (state) setIssueState(site, repository, issue, state, by);
  }
  const labels = body.strings("labels");
  if (labels) {
    if (!atLeast(call.actor.kind === "user" ? roleOf(site.state, repository, by) : "admin", "triage"))
      throw new ApiError(403, "Must have push access");
    for (const { name } of [...issue.labels])
      if (!labels.includes(name)) await removeLabel(site, repository, issue, name, by);
    await addLabels(site, repository, issue, labels, by);
  }
  return ok(issueShape(site.url, repository, issue));
}
