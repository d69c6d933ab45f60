import { permissionFlags, roleOf } from "../roles.ts";
import { type Account, fullName, type Repository, type State } from "../state.ts";
import { accountShape } from "./account.ts";
import { nodeId, type Schema, timestamp } from "./schema.ts";

/** `repository`: also what stands in pull requests, webhooks and lists. */
export function repositoryShape(
  base: string,
  state: State,
  repository: Repository,
  viewer?: Account,
): Schema<"repository"> & { topics: string[]; custom_properties: Record<string, string> } {
  const { id, name, owner } = repository;
  const full = fullName(repository);
  const url = `${base}/repos/${full}`;
  const html = `${base}/${full}`;
  const { openIssues, forks } = repository;
  return {
    id,
    node_id: nodeId("Repository", id),
    name,
    full_name: full,
    private: repository.private,
    owner: accountShape(base, owner),
    html_url: html,
    description: repository.description,
    fork: repository.parent !== undefined,
    url,
    forks_url: `${url}/forks`,
    keys_url: `${url}/keys{/key_id}`,
    collaborators_url: `${url}/collaborators{/collaborator}`,
    teams_url: `${url}/teams`,
    hooks_url: `${url}/hooks`,
    issue_events_url: `${url}/issues/events{/number}`,
    events_url: `${url}/events`,
    assignees_url: `${url}/assignees{/user}`,
    branches_url: `${url}/branches{/branch}`,
    tags_url: `${url}/tags`,
    blobs_url: `${url}/git/blobs{/sha}`,
    git_tags_url: `${url}/git/tags{/sha}`,
    git_refs_url: `${url}/git/refs{/sha}`,
    trees_url: `${url}/git/trees{/sha}`,
    statuses_url: `${url}/statuses/{sha}`,
    languages_url: `${url}/languages`,
    stargazers_url: `${url}/stargazers`,
    contributors_url: `${url}/contributors`,
    subscribers_url: `${url}/subscribers`,
    subscription_url: `${url}/subscription`,
    commits_url: `${url}/commits{/sha}`,
    git_commits_url: `${url}/git/commits{/sha}`,
    comments_url: `${url}/comments{/number}`,
    issue_comment_url: `${url}/issues/comments{/number}`,
    contents_url: `${url}/contents/{+path}`,
    compare_url: `${url}/compare/{base}...{head}`,
    merges_url: `${url}/merges`,
    archive_url: `${url}/{archive_format}{/ref}`,
    downloads_url: `${url}/downloads`,
    issues_url: `${url}/issues{/number}`,
    pulls_url: `${url}/pulls{/number}`,
    milestones_url: `${url}/milestones{/number}`,
    notifications_url: `${url}/notifications{?since,all,participating}`,
    labels_url: `${url}/labels{/name}`,
    releases_url: `${url}/releases{/id}`,
    deployments_url: `${url}/deployments`,
    created_at: timestamp(repository.createdAt),
    updated_at: timestamp(repository.updatedAt),
    pushed_at: timestamp(repository.pushedAt),
    git_url: `git://${new URL(base).host}/${full}.git`,
    ssh_url: `git@${new URL(base).hostname}:${full}.git`,
    clone_url: `${html}.git`,
    svn_url: html,
    homepage: null,
    size: 1,
    stargazers_count: 0,
    watchers_count: 0,
    language: null,
    has_issues: true,
    has_projects: true,
    has_downloads: true,
    has_wiki: true,
    has_pages: false,
    has_discussions: false,
    forks_count: forks,
    mirror_url: null,
    archived: repository.archived,
    disabled: false,
    open_issues_count: openIssues,
    license: null,
    allow_forking: true,
    is_template: false,
    web_commit_signoff_required: false,
    topics: [],
    visibility: repository.private ? "private" : "public",
    forks,
    open_issues: openIssues,
    watchers: 0,
    default_branch: repository.defaultBranch,
    custom_properties: {},
    ...(viewer ? { permissions: permissionFlags(roleOf(state, repository, viewer)) } : {}),
  };
}

/** `GET /repos/{owner}/{repo}` */
export function fullRepositoryShape(
  base: string,
  state: State,
  repository: Repository,
  viewer?: Account,
): Schema<"full-repository"> {
  const { custom_properties: _, ...shape } = repositoryShape(base, state, repository, viewer);
  const { parent, owner, mergeMethods } = repository;
  return {
    ...shape,
    created_at: timestamp(repository.createdAt),
    updated_at: timestamp(repository.updatedAt),
    pushed_at: timestamp(repository.pushedAt),
    has_discussions: false,
    temp_clone_token: null,
    allow_squash_merge: mergeMethods.has("squash"),
    allow_merge_commit: mergeMethods.has("merge"),
    allow_rebase_merge: mergeMethods.has("rebase"),
    allow_auto_merge: false,
    delete_branch_on_merge: repository.deleteBranchOnMerge,
    allow_update_branch: false,
    use_squash_pr_title_as_default: false,
    squash_merge_commit_message: "COMMIT_MESSAGES",
    squash_merge_commit_title: "COMMIT_OR_PR_TITLE",
    merge_commit_message: "PR_TITLE",
    merge_commit_title: "MERGE_MESSAGE",
    ...(owner.type === "Organization" ? { organization: accountShape(base, owner) } : {}),
    ...(parent
      ? { parent: repositoryShape(base, state, parent), source: repositoryShape(base, state, sourceOf(parent)) }
      : {}),
    network_count: shape.forks_count,
    subscribers_count: 0,
  };
}

function sourceOf(repository: Repository): Repository {
  return repository.parent ? sourceOf(repository.parent) : repository;
}

/** `minimal-repository`, where lists and suites show less. */
export function minimalRepositoryShape(
  base: string,
  state: State,
  repository: Repository,
): Schema<"minimal-repository"> {
  const {
    created_at: _,
    updated_at: __,
    pushed_at: ___,
    license: ____,
    ...shape
  } = repositoryShape(base, state, repository);
  return shape;
}

/** `push` alone shows the repository in an older form: seconds for times, and the owner with name and email. */
export function pushedRepositoryShape(base: string, state: State, repository: Repository) {
  const shape = repositoryShape(base, state, repository);
  const seconds = (date: Date) => Math.floor(date.getTime() / 1000);
  return {
    ...shape,
    created_at: seconds(repository.createdAt),
    pushed_at: seconds(repository.pushedAt),
    owner: { ...shape.owner, name: repository.owner.login, email: null },
    stargazers: 0,
    master_branch: repository.defaultBranch,
    url: shape.html_url,
    ...(repository.owner.type === "Organization" ? { organization: repository.owner.login } : {}),
  };
}
