import type { RepositoryRef } from "../../model/pull-request.ts";
import { storageKey } from "../../model/storage-key.ts";
import type { InstallationLimits } from "../../ports/github.ts";
import type { InstallationState, InstallationStatus, RepositoryState } from "../../ports/life-cycle.ts";
import type { Viewer } from "../viewer.ts";
import type { ViewDeps } from "./deps.ts";
import { compare, seenRepositories } from "./repositories.ts";

export interface InstallationRow {
  id: number;
  /** Empty where it was removed before anybody looked at it. */
  owner: string;
  /** How many repositories of it the viewer sees. */
  repositories: number;
  /** Only for whoever operates its owner. */
  operated?: OperatedInstallation;
}

export interface OperatedInstallation {
  /** `not-looked-at`: no sweep has come to it since it was installed. */
  status: InstallationStatus | "not-looked-at";
  /** ms since the epoch; absent while it was not looked at. */
  sinceMs?: number;
  /** Permissions that the App asks for and does not have, as `checks: write`. */
  lacking: string[];
  /** What to do, in the imperative; absent where there is nothing to do. */
  next?: string;
  /** Repositories that it lists no more, by name. */
  missing: MissingRepository[];
  /** What is left of GitHub's limits; absent while it was not called since the start. */
  limits?: LimitsLeft;
  /** No key of it is worked on until then, or until it is found active again; absent unless paused. */
  pausedUntilMs?: number;
}

/** Times are ms since the epoch. */
export interface LimitsLeft {
  /** Points of the last minute, of GitHub's 900. */
  points: number;
  /** Calls under way. */
  concurrent: number;
  /** Of the hourly quota, as GitHub last said; absent once it was renewed since then. */
  quota?: { limit: number; remaining: number; resetAtMs: number };
  /** GitHub asked to stay away until then. */
  closedUntilMs?: number;
}

export interface MissingRepository {
  id: number;
  /** `owner/name` as it was last called here. */
  name: string;
  status: RepositoryState["status"];
  sinceMs: number;
}

export interface InstallationsView {
  /** By id. */
  rows: InstallationRow[];
  /** GitHub does not answer, and everything waits: when it is asked next. Only for operators. */
  githubAwayUntilMs?: number;
}

/**
 * Installations in which the viewer sees a repository, and those of owners that they operate, whatever became of them. A machine operates every
 * installation: one whose owner is not allowed too, since somebody has to hear of it.
 */
export async function installationsView(deps: ViewDeps, viewer: Viewer): Promise<InstallationsView> {
  const rows = new Map<number, InstallationRow>();
  const known = (id: number, owner: string): InstallationRow => {
    const row = rows.get(id) ?? { id, owner, repositories: 0 };
    rows.set(id, row);
    return row;
  };
  for (const { installationId, ref } of await seenRepositories(deps, viewer))
    known(installationId, ref.owner).repositories++;
  const operates = (owner: string): boolean => viewer.kind === "machine" || viewer.has("operator", owner);
  if (viewer.has("operator")) {
    const states = await statesOf(deps);
    for (const { installationId, owner } of states.values()) if (operates(owner)) known(installationId, owner);
    const nowMs = deps.clock.now();
    const limits = new Map(deps.limits().map((one) => [one.installationId, leftOf(one, nowMs)]));
    const paused = new Map((await deps.engine.queue.paused()).map((one) => [one.installationId, one.untilMs]));
    for (const row of rows.values()) {
      const state = states.get(row.id);
      // It may have been renamed since its repositories were last read.
      const owner = state?.owner || row.owner;
      if (!operates(owner)) continue;
      row.owner = owner;
      const parts = { limits: limits.get(row.id), pausedUntilMs: paused.get(row.id) };
      row.operated = operatedOf(state, { ...parts, missing: await missingOf(deps, row.id) });
    }
  }
  const awayUntilMs = viewer.has("operator") ? deps.waitsUntilMs() : undefined;
  return {
    rows: [...rows.values()].sort((a, b) => a.id - b.id),
    ...(awayUntilMs === undefined ? {} : { githubAwayUntilMs: awayUntilMs }),
  };
}

function operatedOf(
  state: InstallationState | undefined,
  parts: { missing: MissingRepository[]; limits: LimitsLeft | undefined; pausedUntilMs: number | undefined },
): OperatedInstallation {
  const { missing, limits, pausedUntilMs } = parts;
  const status = state?.status ?? "not-looked-at";
  const next = NEXT[status];
  return {
    status,
    ...(state ? { sinceMs: state.sinceMs } : {}),
    lacking: state?.lacking ?? [],
    ...(next === undefined ? {} : { next }),
    missing,
    ...(limits ? { limits } : {}),
    ...(pausedUntilMs === undefined ? {} : { pausedUntilMs }),
  };
}

function leftOf(known: InstallationLimits, nowMs: number): LimitsLeft {
  const { points, concurrent, quota, closedUntilMs } = known;
  return {
    points,
    concurrent,
    ...(quota && quota.resetAtMs > nowMs ? { quota } : {}),
    ...(closedUntilMs > nowMs ? { closedUntilMs } : {}),
  };
}

const NEXT: Record<OperatedInstallation["status"], string | undefined> = {
  active: undefined,
  "not-looked-at": "Wait for the next sweep.",
  "permissions-lacking":
    "Have an owner of the organisation accept what the App asks for, in its settings under GitHub Apps.",
  suspended: "Unsuspend the App in the organisation's settings under GitHub Apps.",
  quarantined: "Add the owner to HMS_ALLOWED_OWNERS and restart, or uninstall the App there.",
  uninstalled: undefined,
};

/**
 * Every installation whose state is known. One that was removed before its owner was read has the owner of its repositories, so that those who
 * operate it hear of it.
 */
async function statesOf(deps: ViewDeps): Promise<Map<number, InstallationState>> {
  const { records } = deps.engine;
  const states = new Map<number, InstallationState>();
  for (const { value } of await records.list<InstallationState>(storageKey.installationStates)) {
    const [first] =
      value.owner === "" ? await records.list<RepositoryRef>(storageKey.repositories(value.installationId)) : [];
    states.set(value.installationId, first ? { ...value, owner: first.value.owner } : value);
  }
  return states;
}

async function missingOf(deps: ViewDeps, installationId: number): Promise<MissingRepository[]> {
  const states = await deps.engine.records.list<RepositoryState>(storageKey.repositoryStates(installationId));
  return states
    .map(({ value: { repositoryId, name, status, sinceMs } }) => ({ id: repositoryId, name, status, sinceMs }))
    .sort((a, b) => compare(a.name.toLowerCase(), b.name.toLowerCase()) || a.id - b.id);
}
