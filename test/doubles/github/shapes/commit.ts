import type { FileChange } from "../git/diff.ts";
import type { Commit, Signature } from "../git/objects.ts";
import { type Account, fullName, type Repository, type State } from "../state.ts";
import { accountShape } from "./account.ts";
import { type Schema, timestamp } from "./schema.ts";

const MAX_PATCH_BYTES = 500 * 1024;
const MAX_PATCH_LINES = 20_000;

const unsigned = { verified: false, reason: "unsigned", signature: null, payload: null, verified_at: null } as const;

/** The address that links commits to an account, as GitHub's noreply addresses do. */
export function emailOf(account: Account): string {
  return `${account.id}+${account.login}@users.noreply.github.com`;
}

export function accountOfEmail(state: State, email: string): Account | undefined {
  const match = /^(\d+)\+.*@users\.noreply\.github\.com$/.exec(email);
  return match ? state.accounts.get(Number(match[1])) : undefined;
}

function signature({ name, email, date }: Signature) {
  return { name, email, date: timestamp(date) };
}

function commitNode(repository: Repository, sha: string): string {
  return `C_${Buffer.from(`${repository.id}:${sha}`).toString("base64url")}`;
}

/** `commit`; `details` only where one commit is asked for. */
export function commitShape(
  base: string,
  state: State,
  repository: Repository,
  commit: Commit,
  details?: { files: Schema<"diff-entry">[]; additions: number; deletions: number },
): Schema<"commit"> {
  const url = `${base}/repos/${fullName(repository)}`;
  const html = `${base}/${fullName(repository)}/commit`;
  const author = accountOfEmail(state, commit.author.email);
  const committer = accountOfEmail(state, commit.committer.email);
  return {
    sha: commit.sha,
    node_id: commitNode(repository, commit.sha),
    commit: {
      author: signature(commit.author),
      committer: signature(commit.committer),
      message: commit.message,
      tree: { sha: commit.tree, url: `${url}/git/trees/${commit.tree}` },
      url: `${url}/git/commits/${commit.sha}`,
      comment_count: 0,
      verification: unsigned,
    },
    url: `${url}/commits/${commit.sha}`,
    html_url: `${html}/${commit.sha}`,
    comments_url: `${url}/commits/${commit.sha}/comments`,
    author: author ? accountShape(base, author) : null,
    committer: committer ? accountShape(base, committer) : null,
    parents: commit.parents.map((sha) => ({ sha, url: `${url}/commits/${sha}`, html_url: `${html}/${sha}` })),
    ...(details
      ? {
          stats: {
            total: details.additions + details.deletions,
            additions: details.additions,
            deletions: details.deletions,
          },
          files: details.files,
        }
      : {}),
  };
}

/** `git-commit`: the bare object. */
export function gitCommitShape(base: string, repository: Repository, commit: Commit): Schema<"git-commit"> {
  const url = `${base}/repos/${fullName(repository)}/git`;
  const html = `${base}/${fullName(repository)}/commit`;
  return {
    sha: commit.sha,
    node_id: commitNode(repository, commit.sha),
    url: `${url}/commits/${commit.sha}`,
    html_url: `${html}/${commit.sha}`,
    author: signature(commit.author),
    committer: signature(commit.committer),
    tree: { sha: commit.tree, url: `${url}/trees/${commit.tree}` },
    message: commit.message,
    parents: commit.parents.map((sha) => ({ sha, url: `${url}/commits/${sha}`, html_url: `${html}/${sha}` })),
    verification: unsigned,
  };
}

/** `simple-commit`: a suite's head commit. */
export function simpleCommitShape(commit: Commit): Schema<"simple-commit"> {
  const { name, email } = commit.author;
  const by = { name: commit.committer.name, email: commit.committer.email };
  return {
    id: commit.sha,
    tree_id: commit.tree,
    message: commit.message,
    timestamp: timestamp(commit.author.date),
    author: { name, email },
    committer: by,
  };
}

/** `diff-entry`; very large patches and binary files come without `patch`. */
export function diffEntryShape(
  base: string,
  repository: Repository,
  sha: string,
  change: FileChange,
): Schema<"diff-entry"> {
  const path = change.path.split("/").map(encodeURIComponent).join("/");
  const html = `${base}/${fullName(repository)}`;
  const tooLarge =
    change.patch && (change.patch.length > MAX_PATCH_BYTES || change.additions + change.deletions > MAX_PATCH_LINES);
  return {
    sha: change.sha,
    filename: change.path,
    status: change.status,
    additions: change.additions,
    deletions: change.deletions,
    changes: change.additions + change.deletions,
    blob_url: `${html}/blob/${sha}/${path}`,
    raw_url: `${html}/raw/${sha}/${path}`,
    contents_url: `${base}/repos/${fullName(repository)}/contents/${path}?ref=${sha}`,
    ...(change.patch && !tooLarge ? { patch: change.patch } : {}),
    ...(change.previousPath ? { previous_filename: change.previousPath } : {}),
  };
}
