import type { Logger } from "pino";
import { formatKey, type Key } from "../model/key.ts";
import type { Outcome } from "../model/outcome.ts";
import type { RepositoryRef } from "../model/pull-request.ts";
import { storageKey } from "../model/storage-key.ts";
import type { TrackedPull } from "../model/tracked-pull.ts";
import type { Clock } from "../ports/clock.ts";
import type { Engine } from "../ports/engine.ts";
import type { GitHub } from "../ports/github.ts";
import type { InstallationFacts, InstallationState, InstallationStatus } from "../ports/life-cycle.ts";
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
  /** What the last sweep was told of each installation, until somebody looks at it. */
  listed: Map<number, InstallationFacts>;
  installationsCounted(counts: ReadonlyMap<InstallationStatus, number>): void;
}

/** Enqueues every installation of the App: on start and periodically, so that what no delivery told is found. */
export async function sweepInstallations(deps: SweepDeps): Promise<void> {
  const { records, queue } = deps.engine;
  const installations = await deps.github.installations();
  const ids = new Set(installations.map((one) => one.id));
  for (const facts of installations) deps.listed.set(facts.id, facts);
  // Those that we know and GitHub does not list: whether they are gone is found out one by one.
  for (const { value } of await records.list<InstallationState>(storageKey.installationStates))
    if (value.status !== "uninstalled") ids.add(value.installationId);
  for (const installationId of ids) await queue.enqueue(formatKey({ kind: "installation", installationId }));
  deps.log.info({ installations: installations.length }, "sweep started");
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

export function allowed(deps: Pick<SweepDeps, "allowedOwners">, owner: string): boolean {
  return deps.allowedOwners.length === 0 || deps.allowedOwners.includes(owner.toLowerCase());
}
