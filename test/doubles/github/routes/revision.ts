import { ApiError } from "../http/errors.ts";
import type { Repository } from "../state.ts";

/** The commit that a branch, tag, ref or (possibly short) SHA names. */
export async function resolveCommit(repository: Repository, name: string): Promise<string | undefined> {
  const { git } = repository;
  const wanted = name === "HEAD" ? repository.defaultBranch : name;
  const sha =
    git.branch(wanted) ??
    git.ref(`refs/tags/${wanted}`) ??
    git.ref(wanted) ??
    git.ref(`refs/${wanted}`) ??
    (/^[0-9a-f]{40}$/.test(wanted) ? wanted : undefined);
  if (sha) return (await git.network.store.commit(sha)) ? sha : undefined;
  if (!/^[0-9a-f]{7,39}$/.test(wanted)) return undefined;
  return git.list("refs/").find((ref) => ref.sha.startsWith(wanted))?.sha;
}

/** Throws GitHub's 422 for what names no commit. */
export async function requireCommit(repository: Repository, name: string): Promise<string> {
  const sha = await resolveCommit(repository, name);
  if (!sha) throw new ApiError(422, `No commit found for SHA: ${name}`);
  return sha;
}
