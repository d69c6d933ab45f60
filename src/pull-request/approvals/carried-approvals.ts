import { type Change, changeOf, likeness } from "../../gate/gate.ts";
import type { CheckerApproval } from "../../model/checker-input.ts";
import type { Key } from "../../model/key.ts";
import type { PullRequest } from "../../model/pull-request.ts";
import { storageKey } from "../../model/storage-key.ts";
import { GitHubError, type RepositoryApi } from "../../ports/github.ts";
import { lastPusher } from "../../ports/last-pusher.ts";
import type { Records } from "../../ports/records.ts";

export type Carried = NonNullable<CheckerApproval["carried"]>;

interface Deps {
  api: RepositoryApi;
  records: Records;
  installationId: number;
}

/** Earlier commits that are compared with the head: each costs two calls the first time. */
const COMMITS_MAX = 5;

/** Remembers into which branch a pull request goes at its head: what was approved for one base was not for another. */
export async function rememberBase(
  records: Records,
  { installationId, repositoryId, number }: Key & { kind: "pull" },
  pull: PullRequest,
): Promise<void> {
  const key = storageKey.headBase(installationId, repositoryId, number, pull.headSha);
  const known = (await records.get<{ baseRef: string | null }>(key))?.value;
  const baseRef = known && known.baseRef !== pull.baseRef ? null : pull.baseRef;
  if (!known || known.baseRef !== baseRef) await records.put(key, { baseRef });
}

/** Those of the commits that propose the very same change as the head to the same base, each with who pushed it. */
export async function carriedTo(deps: Deps, pull: PullRequest, shas: string[]): Promise<Map<string, Carried>> {
  const proven = new Map<string, Carried>();
  for (const sha of [...new Set(shas)].slice(-COMMITS_MAX)) {
    if (!(await isSame(deps, pull, sha))) continue;
    const pusher = await lastPusher(deps.api, deps.records, deps.installationId, { ...pull, headSha: sha });
    proven.set(sha, { pusher: pusher?.login ?? null, pusher_id: pusher?.id ?? null });
  }
  return proven;
}

async function isSame(deps: Deps, pull: PullRequest, sha: string): Promise<boolean> {
  const { api, records, installationId } = deps;
  const { headSha, baseRef, number } = pull;
  const base = await records.get<{ baseRef: string | null }>(
    storageKey.headBase(installationId, api.ref.id, number, sha),
  );
  if (base?.value.baseRef !== baseRef) return false;
  const key = storageKey.sameChange(installationId, api.ref.id, sha, headSha, baseRef);
  const known = await records.get<boolean>(key);
  if (known) return known.value;
  const [reviewed, head] = [await changeAt(deps, pull, sha), await changeAt(deps, pull, headSha)];
  if (reviewed === undefined || head === undefined) return false;
  let answer = reviewed && head ? likeness(reviewed, head) : "different";
  if (reviewed && head && answer === "ask-base") {
    const between = await asked(() => api.compare(reviewed.mergeBase, head.mergeBase));
    if (between === undefined) return false;
    answer = likeness(reviewed, head, between);
  }
  await records.put(key, answer === "same");
  return answer === "same";
}

/** Null where it cannot be told in full, which stays so; undefined where GitHub does not show the commit now. */
async function changeAt(
  { api, records, installationId }: Deps,
  pull: PullRequest,
  sha: string,
): Promise<Change | null | undefined> {
  const key = storageKey.change(installationId, api.ref.id, sha, pull.baseRef);
  const known = await records.get<Change | null>(key);
  if (known) return known.value;
  // By its commit: of a branch's name somebody could make a tag.
  const comparison = await asked(() => api.compare(pull.baseSha, sha));
  const tree = comparison && (await asked(() => api.tree(sha)));
  if (!comparison || !tree) return undefined;
  const change = changeOf(comparison, tree) ?? null;
  await records.put(key, change);
  return change;
}

async function asked<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof GitHubError && ["not-found", "refused"].includes(error.fault)) return undefined;
    throw error;
  }
}
