import type { FileContent } from "./git/object-store.ts";
import { ApiError } from "./http/errors.ts";
import { pushRefusal } from "./protection.ts";
import { moveBranch } from "./push.ts";
import { emailOf } from "./shapes/commit.ts";
import type { Site } from "./site.ts";
import type { Account, Repository } from "./state.ts";

export type CommitRequest = {
  files: Record<string, FileContent>;
  author: Account;
  message: string;
  /** Where a branch that does not exist yet starts; the default branch unless given. */
  from?: string;
  committedAt?: Date;
  /** Refuse what protection refuses, with GitHub's 409. */
  enforce?: boolean;
};

/** Commits on top of a branch and moves it. The caller holds the repository's lock. */
export async function commitFiles(
  site: Site,
  repository: Repository,
  branch: string,
  request: CommitRequest,
): Promise<string> {
  const { git } = repository;
  const { store } = git.network;
  const start = request.from && (git.branch(request.from) ?? request.from);
  const parent = git.branch(branch) ?? start ?? git.branch(repository.defaultBranch);
  const base = parent ? await store.commit(parent) : undefined;
  if (parent && !base) throw new Error(`no commit ${parent}`);
  const who = { name: request.author.login, email: emailOf(request.author), date: request.committedAt ?? site.now() };
  const tree = await store.writeTree(base?.tree ?? "", request.files);
  const sha = store.writeCommit({
    tree,
    parents: parent ? [parent] : [],
    author: who,
    committer: who,
    message: request.message,
  });
  if (request.enforce) {
    const reason = await pushRefusal(site, repository, {
      ref: `refs/heads/${branch}`,
      before: git.branch(branch),
      after: sha,
      by: request.author,
    });
    if (reason) throw new ApiError(409, `Could not update file: ${reason}`);
  }
  await moveBranch(site, repository, branch, sha, request.author);
  return sha;
}
