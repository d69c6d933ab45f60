/** Where a repository is found. The id is its identity; the names may change. */
export interface RepositoryRef {
  id: number;
  owner: string;
  name: string;
  defaultBranch: string;
}

export interface Account {
  login: string;
  id: number;
  /** GitHub's `type`: `User`, `Bot`, `Organization`. */
  type: string;
}

/** Who somebody is, whatever they are called at the moment. */
export type Person = Pick<Account, "id" | "login">;

/** A pull request as read from GitHub at one moment. */
export interface PullRequest {
  number: number;
  title: string;
  state: "open" | "closed";
  merged: boolean;
  draft: boolean;
  headSha: string;
  headRef: string;
  /** The head lies in another repository, or in one that is gone. */
  fork: boolean;
  baseRef: string;
  baseSha: string;
  author: Account;
  /** GitHub's `author_association`: `OWNER`, `MEMBER`, `COLLABORATOR`, `CONTRIBUTOR`, `NONE` … */
  authorAssociation: string;
  labels: string[];
  /** GitHub's own counts, to notice truncated lists. */
  commits: number;
  changedFiles: number;
  url: string;
  /** GitHub's own word for when anything about it changed; not checks, permissions or configuration. */
  updatedAt?: string;
  /** Only of one that was merged. */
  merge?: {
    /** Login; null when GitHub does not say who. */
    by: string | null;
    atMs: number;
    /** The commit on the base branch. */
    sha: string | null;
  };
}

export interface Review {
  id: number;
  author: Account;
  state: "APPROVED" | "CHANGES_REQUESTED" | "COMMENTED" | "DISMISSED" | "PENDING";
  /** SHA that was reviewed. */
  sha: string;
  submittedAtMs: number;
}

/** What a person may do in a repository, in GitHub's words. */
export type Permission = "none" | "read" | "triage" | "write" | "maintain" | "admin";

export interface CommitSummary {
  sha: string;
  parents: string[];
  message: string;
  /** GitHub accounts, where the addresses are known to it. Both can be forged by whoever made the commit. */
  author?: Account;
  committer?: Account;
}

export interface ChangedFile {
  path: string;
  previousPath?: string;
  status: "added" | "removed" | "modified" | "renamed" | "copied" | "changed" | "unchanged";
  additions: number;
  deletions: number;
  /** Unified diff hunks; GitHub leaves it out for binary and very large files. */
  patch?: string;
  /** Blob SHA of the new side; null for removed files of some kinds. */
  blobSha: string | null;
}
