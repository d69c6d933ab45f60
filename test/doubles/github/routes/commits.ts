import type { FileChange } from "../git/diff.ts";
import { commitsBetween, history, mergeBase } from "../git/graph.ts";
import type { Commit } from "../git/objects.ts";
import { ApiError, notFound } from "../http/errors.ts";
import { linkHeader, pageOf, paginated } from "../http/pagination.ts";
import { ok, type RepositoryCall, type Router } from "../http/router.ts";
import { isFromFork } from "../pull-state.ts";
import { accountOfEmail, commitShape, diffEntryShape } from "../shapes/commit.ts";
import { pullSummaryShape } from "../shapes/pull-request.ts";
import { fullName, type Repository } from "../state.ts";
import { mediaType, rawDiff } from "./raw-diff.ts";
import { requireCommit, resolveCommit } from "./revision.ts";

const MAX_FILES_A_PAGE = 300;
const MAX_FILES = 3000;
const MAX_HISTORY = 10_000;

/** https://docs.github.com/rest/commits. Registered after what lies below a commit, because refs may have slashes. */
export function commitRoutes(router: Router): void {
  const read = { needs: ["contents:read" as const] };
  router.repo("GET /commits", read, list);
  router.repo("GET /commits/{commit_sha}/pulls", { needs: ["pull_requests:read"] }, async (call) => {
    const sha = await requireCommit(call.repository, call.params.commit_sha ?? "");
    return paginated(call, await pullsOfCommit(call.repository, sha), (pull) =>
      pullSummaryShape(call.site.url, call.site.state, pull),
    );
  });
  router.repo("GET /commits/{ref*}", read, one);
  router.repo("GET /compare/{basehead*}", read, compare);
}

/** Heads in forks are not found: a commit belongs to the repository that it was pushed to. */
async function pullsOfCommit(repository: Repository, sha: string) {
  const { store } = repository.git.network;
  const found = [];
  for (const { pull } of repository.issues.values()) {
    if (!pull || isFromFork(pull)) continue;
    const commits = pull.head.sha === sha ? [] : await commitsBetween(store, pull.base.sha, pull.head.sha);
    if (pull.head.sha === sha || pull.merged?.sha === sha || commits.some((commit) => commit.sha === sha))
      found.push(pull);
  }
  return found;
}

async function list(call: RepositoryCall) {
  const { repository, query, site } = call;
  const sha = await resolveCommit(repository, query.get("sha") ?? repository.defaultBranch);
  if (!sha) throw query.has("sha") ? notFound() : new ApiError(409, "Git Repository is empty.");
  const path = query.get("path");
  const author = query.get("author");
  const since = query.get("since");
  const until = query.get("until");
  let commits = await history(repository.git.network.store, sha, MAX_HISTORY);
  if (author)
    commits = commits.filter(
      (commit) => commit.author.email === author || accountOfEmail(site.state, commit.author.email)?.login === author,
    );
  if (since) commits = commits.filter((commit) => commit.committer.date >= new Date(since));
  if (until) commits = commits.filter((commit) => commit.committer.date <= new Date(until));
  if (path) {
    const touching = [];
    for (const commit of commits) {
      const changes = await changesOf(repository, commit);
      if (changes.some((change) => change.path === path || change.path.startsWith(`${path}/`))) touching.push(commit);
    }
    commits = touching;
  }
  return paginated(call, commits, (commit) => commitShape(site.url, site.state, repository, commit));
}

async function changesOf(repository: Repository, commit: Commit): Promise<FileChange[]> {
  const { store, diffs } = repository.git.network;
  const parent = await store.commit(commit.parents[0] ?? "");
  return diffs.between(parent?.tree ?? "", commit.tree);
}

async function one(call: RepositoryCall) {
  const { repository, site } = call;
  const sha = await requireCommit(repository, call.params.ref ?? "");
  if (mediaType(call) === "sha")
    return { status: 200, text: sha, headers: { "content-type": "application/vnd.github.sha; charset=utf-8" } };
  const commit = await repository.git.network.store.commit(sha);
  if (!commit) throw notFound();
  const raw = await rawDiff(call, commit.parents[0], sha);
  if (raw) return raw;
  const changes = await changesOf(repository, commit);
  const page = pageOf(call, { defaultPerPage: MAX_FILES_A_PAGE, maxPerPage: MAX_FILES_A_PAGE });
  const listed = changes.slice(0, MAX_FILES);
  const files = listed
    .slice((page.page - 1) * page.perPage, page.page * page.perPage)
    .map((change) => diffEntryShape(site.url, repository, sha, change));
  const sum = (field: "additions" | "deletions") => changes.reduce((total, change) => total + change[field], 0);
  const body = commitShape(site.url, site.state, repository, commit, {
    files,
    additions: sum("additions"),
    deletions: sum("deletions"),
  });
  return { status: 200, body, headers: linkHeader(call, page, listed.length) };
}

/** https://docs.github.com/rest/commits/commits#compare-two-commits: pages of commits; files on the first page only. */
async function compare(call: RepositoryCall) {
  const { repository, site } = call;
  const [left = "", right = ""] = (call.params.basehead ?? "").split("...");
  const resolve = async (name: string) => {
    const colon = name.indexOf(":");
    if (colon < 0) return resolveCommit(repository, name);
    const owner = name.slice(0, colon).split(":")[0]?.toLowerCase();
    const other = [...site.state.repositories.values()].find(
      (each) => each.git.network === repository.git.network && each.owner.login.toLowerCase() === owner,
    );
    return other && resolveCommit(other, name.slice(colon + 1));
  };
  const [base, head] = [await resolve(left), await resolve(right)];
  if (!base || !head || !right) throw notFound();
  const { store, diffs } = repository.git.network;
  const common = await mergeBase(store, base, head);
  if (!common) throw notFound(`No common ancestor between ${left} and ${right}.`);
  const raw = await rawDiff(call, base, head, { threeDots: true });
  if (raw) return raw;
  const ahead = await commitsBetween(store, base, head);
  const behind = await commitsBetween(store, head, base);
  const [baseCommit, commonCommit, headCommit] = [
    await store.commit(base),
    await store.commit(common),
    await store.commit(head),
  ];
  if (!baseCommit || !commonCommit || !headCommit) throw notFound();
  const page = pageOf(call, { defaultPerPage: 250, maxPerPage: 250 });
  const changes = page.page === 1 ? await diffs.between(commonCommit.tree, headCommit.tree) : [];
  const shape = (commit: Commit) => commitShape(site.url, site.state, repository, commit);
  const url = `${site.url}/repos/${fullName(repository)}/compare/${call.params.basehead}`;
  const html = `${site.url}/${fullName(repository)}/compare/${call.params.basehead}`;
  const status =
    base === head ? "identical" : behind.length === 0 ? "ahead" : ahead.length === 0 ? "behind" : "diverged";
  const body = {
    url,
    html_url: html,
    permalink_url: `${site.url}/${fullName(repository)}/compare/${repository.owner.login}:${base.slice(0, 7)}...${repository.owner.login}:${head.slice(0, 7)}`,
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    base_commit: shape(baseCommit),
    merge_base_commit: shape(commonCommit),
    status,
    ahead_by: ahead.length,
    behind_by: behind.length,
    total_commits: ahead.length,
    commits: ahead.slice((page.page - 1) * page.perPage, page.page * page.perPage).map(shape),
    files: changes.slice(0, MAX_FILES_A_PAGE).map((change) => diffEntryShape(site.url, repository, head, change)),
  };
  return { ...ok(body), headers: linkHeader(call, page, ahead.length) };
}
