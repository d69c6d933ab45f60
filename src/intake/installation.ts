import { formatKey, type Key } from "../model/key.ts";
import type { Outcome } from "../model/outcome.ts";
import type { RepositoryRef } from "../model/pull-request.ts";
import { storageKey } from "../model/storage-key.ts";
import { installationStream } from "../ports/ledger.ts";
import type { InstallationFacts, InstallationState, InstallationStatus } from "../ports/life-cycle.ts";
import { lookForMissing, ONCE_MORE_MS, relisted } from "./missing-repositories.ts";
import { allowed, type SweepDeps } from "./sweep.ts";

/** Ended when the installation is found active again; each sweep looks. */
const PAUSE_MS = 24 * 3_600_000;

/**
 * What an installation is by now, and, where it is active, every repository under the name that it has now. Nothing is taken for gone
 * because a call failed: see {@link uninstalled} and `missing-repositories.ts`.
 */
export async function reconcileInstallation(deps: SweepDeps, key: Key & { kind: "installation" }): Promise<Outcome> {
  const { installationId } = key;
  const { queue } = deps.engine;
  const facts = await factsOf(deps, installationId);
  if (!facts) return uninstalled(deps, installationId);
  const { owner, permissions } = facts;
  const resting = facts.suspended ? "suspended" : allowed(deps, owner) ? undefined : "quarantined";
  if (resting) {
    await become(deps, { installationId, owner, status: resting, lacking: [] });
    await queue.pause(installationId, deps.clock.now() + PAUSE_MS);
    deps.github.lifeCycle.forget(installationId);
    return { kind: "done" };
  }
  const lacking = lackingOf(permissions, await deps.github.lifeCycle.asked());
  const status = lacking.length > 0 ? "permissions-lacking" : "active";
  const before = await become(deps, { installationId, owner, status, lacking });
  if (before && (before.status !== status || before.lacking.length > lacking.length)) {
    // What failed or was left alone meanwhile; and tokens keep the permissions that they were made with.
    deps.github.lifeCycle.forget(installationId);
    await deps.engine.records.put(storageKey.reread(installationId), { status });
  }
  await queue.pause(installationId, 0);
  return sweepRepositories(deps, installationId, owner);
}

/** The list of a sweep will do once; whoever else asks for a look wants a fresh one. */
async function factsOf(deps: SweepDeps, installationId: number): Promise<InstallationFacts | undefined> {
  const listed = deps.listed.get(installationId);
  deps.listed.delete(installationId);
  return listed ?? deps.github.lifeCycle.installation(installationId);
}

async function sweepRepositories(deps: SweepDeps, installationId: number, owner: string): Promise<Outcome> {
  const { records, queue } = deps.engine;
  const rereadKey = storageKey.reread(installationId);
  const reread = await records.get(rereadKey);
  const refs = await deps.github.repositories(installationId);
  for (const { archived, ...ref } of refs) {
    if (!allowed(deps, ref.owner)) continue;
    const recordKey = storageKey.repository(installationId, ref.id);
    const anew = await relisted(deps, installationId, ref);
    if (reread || anew) await records.put(storageKey.reread(installationId, ref.id), reread?.value ?? { anew });
    if (!sameRef((await records.get<RepositoryRef>(recordKey))?.value, ref)) await records.put(recordKey, ref);
    // Nothing can be written to it, and nothing merged.
    if (archived) continue;
    await queue.enqueue(formatKey({ kind: "repository", installationId, repositoryId: ref.id }));
  }
  const unsure = await lookForMissing(deps, installationId, owner, new Set(refs.map((ref) => ref.id)));
  if (reread && (await records.get(rereadKey))?.revision === reread.revision) await records.delete(rereadKey);
  return unsure ? { kind: "requeue", afterMs: ONCE_MORE_MS } : { kind: "done" };
}

/** GitHub said 404 to the App, and its list of installations lacks it as well: then it is gone, and only then. */
async function uninstalled(deps: SweepDeps, installationId: number): Promise<Outcome> {
  const { records, queue } = deps.engine;
  const listed = await deps.github.installations();
  if (listed.some((one) => one.id === installationId))
    throw new Error("GitHub lists an installation that it says does not exist");
  const before = (await records.get<InstallationState>(storageKey.installationState(installationId)))?.value;
  await become(deps, { installationId, owner: before?.owner ?? "", status: "uninstalled", lacking: [] });
  deps.github.lifeCycle.forget(installationId);
  await queue.pause(installationId, deps.clock.now() + PAUSE_MS);
  const dropped = await queue.drop({ installationId });
  deps.log.info({ installationId, dropped }, "keys of an uninstalled App dropped");
  return { kind: "done" };
}

/** Writes down, tells and counts what an installation has become. What it was before. */
async function become(
  deps: SweepDeps,
  next: Omit<InstallationState, "sinceMs">,
): Promise<InstallationState | undefined> {
  const { records, ledger } = deps.engine;
  const { installationId, owner, status, lacking } = next;
  const key = storageKey.installationState(installationId);
  const entry = await records.get<InstallationState>(key);
  const before = entry?.value;
  const same = before?.status === status && before.lacking.join() === lacking.join();
  if (same && before.owner === owner) return before;
  const nowMs = deps.clock.now();
  const state: InstallationState = { ...next, sinceMs: same ? before.sinceMs : nowMs };
  const data = { from: before?.status ?? null, to: status, owner, lacking };
  await Promise.all([
    records.put(key, state),
    ledger.append(installationStream(installationId), [
      {
        type: same ? "installation_renamed" : "installation_state",
        subject: formatKey({ kind: "installation", installationId }),
        atMs: nowMs,
        id: `installation-state/${(entry?.revision ?? 0) + 1}`,
        data,
      },
    ]),
  ]);
  if (status === "active") deps.log.info({ installationId, ...data }, "installation changed");
  else deps.log.warn({ installationId, ...data }, "installation changed");
  await countInstallations(deps);
  return before;
}

/** Tells the metrics how many installations there are of each status. */
export async function countInstallations(deps: Pick<SweepDeps, "engine" | "installationsCounted">): Promise<void> {
  const counts = new Map<InstallationStatus, number>();
  for (const { value } of await deps.engine.records.list<InstallationState>(storageKey.installationStates))
    counts.set(value.status, (counts.get(value.status) ?? 0) + 1);
  deps.installationsCounted(counts);
}

const LEVELS = ["", "read", "write", "admin"];

/** What the App asks for and was not granted, as `checks: write`. */
export function lackingOf(granted: Record<string, string>, asked: Record<string, string>): string[] {
  return Object.entries(asked)
    .filter(([name, level]) => LEVELS.indexOf(granted[name] ?? "") < LEVELS.indexOf(level))
    .map(([name, level]) => `${name}: ${level}`)
    .sort();
}

function sameRef(a: RepositoryRef | undefined, b: RepositoryRef): boolean {
  return a?.owner === b.owner && a.name === b.name && a.defaultBranch === b.defaultBranch;
}
