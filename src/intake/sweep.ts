import type { Logger } from "pino";
import { formatKey, type Key } from "../model/key.ts";
import type { Outcome } from "../model/outcome.ts";
import type { RepositoryRef } from "../model/pull-request.ts";
import { storageKey } from "../model/storage-key.ts";
import type { TrackedPull } from "../model/tracked-pull.ts";
import type { Engine } from "../ports/engine.ts";
import type { GitHub } from "../ports/github.ts";

export interface SweepDeps {
  github: GitHub;
  engine: Engine;
  /** Lower-case logins; empty: all owners. */
  allowedOwners: readonly string[];
  log: Logger;
}

/** Enqueues every installation of the App: on start and periodically, so that what no delivery told is found. */
export async function sweepInstallations(deps: SweepDeps): Promise<void> {
  const installations = await deps.github.installations();
  for (const { id, owner, suspended } of installations) {
    if (suspended || !allowed(deps, owner)) continue;
    await deps.engine.queue.enqueue(formatKey({ kind: "installation", installationId: id }));
  }
  deps.log.info({ installations: installations.length }, "sweep started");
}

/** Enqueues every repository of an installation, under the name that it has now. */
export async function reconcileInstallation(deps: SweepDeps, key: Key & { kind: "installation" }): Promise<Outcome> {
  for (const ref of await deps.github.repositories(key.installationId)) {
    if (!allowed(deps, ref.owner)) continue;
    await deps.engine.records.put(storageKey.repository(key.installationId, ref.id), ref);
    await deps.engine.queue.enqueue(
      formatKey({ kind: "repository", installationId: key.installationId, repositoryId: ref.id }),
    );
  }
  return { kind: "done" };
}

/**
 * Enqueues the pull requests of a repository: all that are open, and all that we believe open although GitHub lists them no more. What became
 * of those is read one by one: a list without them proves nothing.
 */
export async function reconcileRepository(
  deps: SweepDeps,
  key: Key & { kind: "repository" },
  ref: RepositoryRef,
): Promise<Outcome> {
  const { installationId, repositoryId } = key;
  const prefix = storageKey.pulls(installationId, repositoryId);
  const tracked = await deps.engine.records.list<TrackedPull>(prefix);
  const open = await deps.github.repository(installationId, ref).openPulls();
  const numbers = new Set(open.map((pull) => pull.number));
  for (const entry of tracked) if (entry.value.state === "open") numbers.add(Number(entry.key.slice(prefix.length)));
  for (const number of numbers)
    await deps.engine.queue.enqueue(formatKey({ kind: "pull", installationId, repositoryId, number }));
  return { kind: "done" };
}

function allowed(deps: SweepDeps, owner: string): boolean {
  return deps.allowedOwners.length === 0 || deps.allowedOwners.includes(owner.toLowerCase());
}
