import type { PullRequest } from "../model/pull-request.ts";
import { storageKey } from "../model/storage-key.ts";
import type { Records } from "./records.ts";

/** Login of who pushed the pull request's head, as signed payloads told it; null when none did. */
export async function recordedPusher(
  records: Records,
  installationId: number,
  repositoryId: number,
  pull: PullRequest,
): Promise<string | null> {
  const of = (to: { branch: string } | { pull: number }) =>
    records.get<{ login: string }>(storageKey.pusher(installationId, repositoryId, pull.headSha, to));
  const moved = await of({ pull: pull.number });
  // A branch of the same name in a fork is another branch.
  const pushed = moved ?? (pull.fork ? undefined : await of({ branch: pull.headRef }));
  return pushed?.value.login ?? null;
}
