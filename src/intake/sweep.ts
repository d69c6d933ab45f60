import type { Logger } from "pino";
import { formatKey, type Key } from "../model/key.ts";
import type { Outcome } from "../model/outcome.ts";
import type { RepositoryRef } from "../model/pull-request.ts";
import { storageKey } from "../model/storage-key.ts";
import type { TrackedPull } from "../model/tracked-pull.ts";
import type { Clock } from "../ports/clock.ts";
import type { Engine } from "../ports/engine.ts";
import type { GitHub } from "../ports/github.ts";
import { pullsToRead, type Swept } from "./sweep-pulls.ts";

export interface SweepDeps {
  github: GitHub;
  engine: Engine;
  /** Lower-case logins; empty: all owners. */
  allowedOwners: readonly string[];
  clock: Clock;
  log: Logger;
  /** Of the policy bundle: under another one everything is judged anew. */
  revision(): string | undefined;
  /** When this process started: what happened before may have gone unseen. */
  startedAtMs: number;
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
  const { installationId } = key;
  const rereadKey = storageKey.reread(installationId);
  const reread = await deps.engine.records.get(rereadKey);
  for (const ref of await deps.github.repositories(installationId)) {
    if (!allowed(deps, ref.owner)) continue;
    if (reread) await deps.engine.records.put(storageKey.reread(installationId, ref.id), reread.value);
    await deps.engine.records.put(storageKey.repository(key.installationId, ref.id), ref);
    await deps.engine.queue.enqueue(
      formatKey({ kind: "repository", installationId: key.installationId, repositoryId: ref.id }),
    );
  }
  if (reread && (await deps.engine.records.get(rereadKey))?.revision === reread.revision)
    await deps.engine.records.delete(rereadKey);
  return { kind: "done" };
}

/**
 * Enqueues the pull requests of a repository: those that are open and changed, and those that we believe open although GitHub lists them no
 * more. What became of these is read one by one: a list without them proves nothing.
 */
export async function reconcileRepository(
  deps: SweepDeps,
  key: Key & { kind: "repository" },
  ref: RepositoryRef,
): Promise<Outcome> {
  const { records, queue } = deps.engine;
  const { installationId, repositoryId } = key;
  const prefix = storageKey.pulls(installationId, repositoryId);
  const rereadKey = storageKey.reread(installationId, repositoryId);
  const reread = await records.get(rereadKey);
  const open = await deps.github.repository(installationId, ref).openPulls();
  const sweptKey = storageKey.swept(installationId, repositoryId);
  const before = reread ? undefined : (await records.get<Swept>(sweptKey))?.value;
  const basis = `${deps.startedAtMs} ${deps.revision()}`;
  const { read, swept } = pullsToRead(open, before, { basis, nowMs: deps.clock.now() });
  const keys = new Set(read.map((number) => formatKey({ kind: "pull", installationId, repositoryId, number })));
  const listed = new Set(open.map((pull) => pull.number));
  for (const entry of await records.list<TrackedPull>(prefix)) {
    const number = Number(entry.key.slice(prefix.length));
    if (entry.value.state === "open" && !listed.has(number))
      keys.add(formatKey({ kind: "pull", installationId, repositoryId, number }));
  }
  // What was parked is tried again by each sweep.
  for (const parked of await queue.parked())
    if (parked.key.includes(`/${installationId}/${repositoryId}/`)) keys.add(parked.key);
  await Promise.all([...keys].map((each) => queue.enqueue(each)));
  // After them: a sweep that was cut off gives them to the queue once more.
  await records.put(sweptKey, swept);
  if (reread && (await records.get(rereadKey))?.revision === reread.revision) await records.delete(rereadKey);
  return { kind: "done" };
}

function allowed(deps: SweepDeps, owner: string): boolean {
  return deps.allowedOwners.length === 0 || deps.allowedOwners.includes(owner.toLowerCase());
}
