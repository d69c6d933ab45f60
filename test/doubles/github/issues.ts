import { notFound, validationFailed } from "./http/errors.ts";
import { emitPull } from "./pull-events.ts";
import { labelShape } from "./shapes/issue.ts";
import type { Site } from "./site.ts";
import type { Account, App, Issue, Label, Reaction, ReactionContent, Repository } from "./state.ts";

export function newIssue(
  site: Site,
  repository: Repository,
  draft: { title: string; body: string | null; user: Account; via: App | undefined },
): Issue {
  repository.lastNumber += 1;
  const now = site.now();
  const issue: Issue = {
    id: site.state.nextId(),
    number: repository.lastNumber,
    title: draft.title,
    body: draft.body,
    state: "open",
    user: draft.user,
    via: draft.via,
    labels: [],
    assignees: [],
    createdAt: now,
    updatedAt: now,
    closedAt: undefined,
    closedBy: undefined,
    reactions: [],
    comments: [],
    pull: undefined,
  };
  repository.issues.set(issue.number, issue);
  repository.openIssues += 1;
  return issue;
}

export function issueOf(repository: Repository, number: number): Issue {
  const issue = repository.issues.get(number);
  if (!issue) throw notFound();
  return issue;
}

export function setIssueState(
  site: Site,
  repository: Repository,
  issue: Issue,
  state: "open" | "closed",
  by: Account,
): void {
  if (issue.state === state) return;
  if (issue.pull && state === "closed") site.state.openPulls.remove(issue.pull);
  issue.state = state;
  if (issue.pull && state === "open") site.state.openPulls.add(issue.pull);
  issue.closedAt = state === "closed" ? site.now() : undefined;
  issue.closedBy = state === "closed" ? by : undefined;
  issue.updatedAt = site.now();
  repository.openIssues += state === "open" ? 1 : -1;
}

/** A label of the repository, made if nobody made it before, as GitHub does when one is put on an issue. */
export function ensureLabel(site: Site, repository: Repository, name: string): Label {
  const known = repository.labels.find((label) => label.name.toLowerCase() === name.toLowerCase());
  if (known) return known;
  const label: Label = { id: site.state.nextId(), name, color: "ededed", description: null, isDefault: false };
  repository.labels.push(label);
  return label;
}

export async function addLabels(
  site: Site,
  repository: Repository,
  issue: Issue,
  names: string[],
  by: Account,
): Promise<void> {
  for (const name of names) {
    const label = ensureLabel(site, repository, name);
    if (issue.labels.includes(label)) continue;
    issue.labels.push(label);
    issue.updatedAt = site.now();
    if (issue.pull) await emitPull(site, issue.pull, "labeled", by, { label: labelShape(site.url, repository, label) });
  }
}

/** Throws 404 unless the issue has the label. */
export async function removeLabel(
  site: Site,
  repository: Repository,
  issue: Issue,
  name: string,
  by: Account,
): Promise<void> {
  const label = issue.labels.find((known) => known.name.toLowerCase() === name.toLowerCase());
  if (!label) throw notFound("Label does not exist");
  issue.labels = issue.labels.filter((known) => known !== label);
  issue.updatedAt = site.now();
  if (issue.pull) await emitPull(site, issue.pull, "unlabeled", by, { label: labelShape(site.url, repository, label) });
}

/** One reaction of a kind for each account: the one there already is returned as it is. */
export function react(
  site: Site,
  reactions: Reaction[],
  user: Account,
  content: ReactionContent,
): { reaction: Reaction; isNew: boolean } {
  const known = reactions.find((reaction) => reaction.user === user && reaction.content === content);
  if (known) return { reaction: known, isNew: false };
  const reaction = { id: site.state.nextId(), user, content, createdAt: site.now() };
  reactions.push(reaction);
  return { reaction, isNew: true };
}

export function requireTitle(title: string): string {
  if (title.trim() === "") throw validationFailed({ resource: "Issue", code: "missing_field", field: "title" });
  return title;
}
