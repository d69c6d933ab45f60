import { formatKey } from "../model/key.ts";
import type { RepositoryRef } from "../model/pull-request.ts";
import { storageKey } from "../model/storage-key.ts";
import { installationStream } from "../ports/ledger.ts";
import type { RepositoryState } from "../ports/life-cycle.ts";
import type { SweepDeps } from "./sweep.ts";

/** Between the first time that a repository was found missing and the look that counts. */
export const ONCE_MORE_MS = 60_000;

/** What was decided and allowed about a repository under one owner says nothing under another, nor when it comes back. */
const OF_ITS_OWNER = ["at", "check", "hold", "override", "ok-to-test", "pull", "swept"];

/**
 * Repositories that we know and the installation's list lacks: deleted, transferred, or taken out of the selection. One list proves nothing: each
 * is asked for by its id, twice with a minute in between, and only the same answer twice ends its keys. Whether any is not proven yet.
 */
export async function lookForMissing(
  deps: SweepDeps,
  installationId: number,
  owner: string,
  listed: ReadonlySet<number>,
): Promise<boolean> {
  const { records, queue, ledger } = deps.engine;
  let unsure = false;
  for (const { value: ref } of await records.list<RepositoryRef>(storageKey.repositories(installationId))) {
    if (listed.has(ref.id)) continue;
    const key = storageKey.repositoryState(installationId, ref.id);
    const before = (await records.get<RepositoryState>(key))?.value;
    if (before && before.status !== "unlisted") continue;
    const nowMs = deps.clock.now();
    if (before && Math.abs(nowMs - before.lookedAtMs) < ONCE_MORE_MS) {
      unsure = true;
      continue;
    }
    const found = await deps.github.lifeCycle.repository(installationId, ref.id);
    const status = !found ? "deleted" : sameOwner(found.owner, owner) ? "removed" : "transferred";
    const base = { installationId, repositoryId: ref.id, name: `${ref.owner}/${ref.name}` };
    if (before?.found !== status) {
      const first: RepositoryState = { ...base, status: "unlisted", found: status, sinceMs: nowMs, lookedAtMs: nowMs };
      await records.put(key, first);
      unsure = true;
      continue;
    }
    // First what it leaves behind, so that a run that is cut off does all of it again.
    const dropped = await queue.drop({ installationId, repositoryId: ref.id });
    // 404 is also GitHub's word for a private repository that was taken out of the selection: nobody's hold ends by that, and no configuration.
    if (status === "transferred") await clear(deps, installationId, ref);
    const state: RepositoryState = { ...base, status, found: status, sinceMs: nowMs, lookedAtMs: nowMs };
    await Promise.all([
      ledger.append(installationStream(installationId), [
        {
          type: `repository_${status}`,
          subject: formatKey({ kind: "repository", installationId, repositoryId: ref.id }),
          atMs: nowMs,
          id: `repository-${status}/${ref.id}/${nowMs}`,
          data: { repository: base.name, dropped },
        },
      ]),
      records.put(key, state),
    ]);
    deps.log.warn({ ...base, status, dropped }, "a repository is not the installation's any more");
  }
  return unsure;
}

/** Whether it had been missing, as far as that had come: then it begins anew. */
export async function relisted(deps: SweepDeps, installationId: number, ref: RepositoryRef): Promise<boolean> {
  const key = storageKey.repositoryState(installationId, ref.id);
  if (!(await deps.engine.records.get(key))) return false;
  await deps.engine.records.delete(key);
  return true;
}

async function clear(deps: SweepDeps, installationId: number, ref: RepositoryRef): Promise<void> {
  const { records } = deps.engine;
  for (const kind of OF_ITS_OWNER) {
    const own = `${kind}/${installationId}/${ref.id}`;
    const entries = [...(await records.list(`${own}/`)), ...(kind === "swept" ? [{ key: own }] : [])];
    for (const entry of entries) await records.delete(entry.key);
  }
  // The repository with the organisation's configuration: it is proven now that there is none.
  if (ref.name === ".github") await records.delete(storageKey.organisationFile(installationId));
}

function sameOwner(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
