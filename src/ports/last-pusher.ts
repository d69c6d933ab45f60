import type { Person, PullRequest } from "../model/pull-request.ts";
import { storageKey } from "../model/storage-key.ts";
import type { RepositoryApi } from "./github.ts";
import type { Records } from "./records.ts";

/** Where pushes are asked for: a commit of the pull request, its head unless named. */
type Head = Pick<PullRequest, "number" | "headRef" | "fork"> & { headSha: string };

/** Who pushed the pull request's head, as signed payloads told it; null when none did. */
export async function recordedPusher(
  records: Records,
  installationId: number,
  repositoryId: number,
  pull: Head,
): Promise<Person | null> {
  const of = async (to: { branch: string } | { pull: number }) => {
    const entry = await records.get<Partial<Person>>(storageKey.pusher(installationId, repositoryId, pull.headSha, to));
    const { id, login } = entry?.value ?? {};
    // A login alone is not an identity: whoever has it now may be somebody else.
    return id !== undefined && login !== undefined ? { id, login } : null;
  };
  const moved = await of({ pull: pull.number });
  // A branch of the same name in a fork is another branch.
  return moved ?? (pull.fork ? null : await of({ branch: pull.headRef }));
}

/**
 * Who pushed the head: from signed payloads, else from GitHub's record of the branch's pushes, which is remembered. Null when nobody can
 * say: GitHub keeps the pushes to a fork where it lies, and who made a commit is whatever its author wrote into it.
 */
export async function lastPusher(
  api: RepositoryApi,
  records: Records,
  installationId: number,
  pull: Head,
): Promise<Person | null> {
  const told = await recordedPusher(records, installationId, api.ref.id, pull);
  if (told || pull.fork) return told;
  const pushed = await api.pushedBy(pull.headRef, pull.headSha);
  const to = { branch: pull.headRef };
  if (pushed) await records.put(storageKey.pusher(installationId, api.ref.id, pull.headSha, to), pushed);
  return pushed;
}
