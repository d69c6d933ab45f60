import { storageKey } from "../../model/storage-key.ts";
import type { RepositoryApi } from "../../ports/github.ts";
import type { QueueBranch } from "../../ports/merge-groups.ts";
import type { Records } from "../../ports/records.ts";

/** Record `storageKey.group`. */
export interface RequestedGroup {
  headRef: string;
  baseRef: string;
  /** ms since the epoch when we first heard of it. */
  seenAtMs: number;
  /** Found among the branches: no signed delivery told of it. */
  found?: true;
}

interface Deps {
  api: RepositoryApi;
  records: Records;
  installationId: number;
}

/** The account that a merge queue pushes as. */
const QUEUE = "github-merge-queue[bot]";

/**
 * The branches without those that a person pushed. Whoever may write can give a branch of theirs such a name
 * (https://joshcannon.me/2025/07/03/gh-mq-branches-unprotectable.html), and with it say of any commit which pull request it brings; GitHub's
 * signed word about the group, or its record of the push, tells who made it. One of which nobody can tell is `untold`.
 */
export async function sortByMaker(
  deps: Deps,
  branches: readonly QueueBranch[],
): Promise<{ made: QueueBranch[]; untold: QueueBranch[] }> {
  const made: QueueBranch[] = [];
  const untold: QueueBranch[] = [];
  for (const branch of branches) {
    const maker = await makerOf(deps, branch);
    if (maker === QUEUE) made.push(branch);
    else if (maker === undefined) untold.push(branch);
  }
  return { made, untold };
}

async function makerOf({ api, records, installationId }: Deps, { name, sha }: QueueBranch) {
  const group = await records.get<RequestedGroup>(storageKey.group(installationId, api.ref.id, sha));
  if (group && !group.value.found && group.value.headRef === `refs/heads/${name}`) return QUEUE;
  const key = storageKey.pusher(installationId, api.ref.id, sha, { branch: name });
  const told = await records.get<{ login: string }>(key);
  if (told) return told.value.login;
  const pushed = await api.pushedBy(name, sha);
  if (pushed) await records.put(key, pushed);
  return pushed?.login;
}
