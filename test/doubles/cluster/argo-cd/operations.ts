import { at, type Fields, fieldsOf, listOf, numberAt, type Stored, textAt, timestamp } from "../api/fields.ts";
import type { Applications, Comparison, Ground } from "./applications.ts";
import { type SyncOutcome, stepSync } from "./sync.ts";
import { syncOptionsOf } from "./targets.ts";

const DEFAULT_BACKOFF = { duration: "5s", factor: 2, maxDuration: "3m" };

type Ended = { phase: string; message: string; resources?: object[] };

/** Carries the requested operation of an Application on, by one step. */
export function runOperation(
  applications: Applications,
  name: string,
  ground: Ground | string,
  comparison: Comparison | undefined,
) {
  const application = applications.get(name);
  const operation = fieldsOf(application?.operation);
  if (!application || application.operation === undefined) return;
  const state = stateOf(application, operation, comparison);
  const retryAtMs = applications.retries.get(name) ?? 0;
  if (textAt(state, "phase") === "Terminating")
    return end(applications, name, state, { phase: "Failed", message: "Operation terminated" });
  if (retryAtMs > Date.now()) return applications.later(name, retryAtMs - Date.now());
  if (typeof ground === "string") return end(applications, name, state, { phase: "Error", message: ground });
  if (!comparison || comparison.error)
    return failed(applications, name, state, { phase: "Error", message: comparison?.error ?? "" });
  settle(applications, name, state, step(applications, application, ground, comparison, state));
}

function settle(applications: Applications, name: string, state: Fields, outcome: Ended) {
  switch (outcome.phase) {
    case "Running":
      return tell(applications, name, running(state, outcome));
    case "Succeeded":
      return end(applications, name, state, outcome);
    default:
      return failed(applications, name, state, outcome);
  }
}

/** The state of this operation, or a new one where the last one is over. */
function stateOf(application: Stored, operation: Fields, comparison: Comparison | undefined): Fields {
  const old = fieldsOf(at(application, "status", "operationState"));
  if (["Running", "Terminating"].includes(textAt(old, "phase"))) return old;
  const source = at(application, "spec", "source");
  const sync = { ...fieldsOf(operation.sync), source };
  return {
    phase: "Running",
    message: "",
    operation: { ...operation, sync },
    startedAt: timestamp(),
    syncResult: { revision: comparison?.revision ?? "", source, resources: [] },
  };
}

function running(state: Fields, { message, resources }: Ended): Fields {
  const syncResult = { ...fieldsOf(state.syncResult), ...(resources && { resources }) };
  return { ...state, phase: "Running", message, syncResult };
}

function step(
  applications: Applications,
  application: Stored,
  { project, destination, namespace }: Ground,
  { tracked, revision }: Comparison,
  state: Fields,
): SyncOutcome | Ended {
  const writer = applications.hub.writer(project, destination, namespace);
  if (!writer) {
    const why = `no matching service account found for destination server ${destination.server} and namespace ${namespace}`;
    return { phase: "Error", message: `failed to find a matching service account to impersonate: ${why}` };
  }
  const options = listOf(at(state, "operation", "sync", "syncOptions"));
  const shared = tracked.find(({ sharedWith }) => sharedWith !== undefined);
  if (shared && options.includes("FailOnSharedResource=true")) {
    const message = `Shared resource found: ${shared.kind}/${shared.name} is part of applications ${application.metadata.name} and ${shared.sharedWith}`;
    return { phase: "Failed", message };
  }
  const key = `${application.metadata.uid} ${textAt(state, "startedAt")} ${revision} ${numberAt(state, "retryCount") ?? 0}`;
  const done = applications.applied.get(key) ?? new Map<string, object[]>();
  applications.applied.set(key, done);
  const outcome = stepSync({
    application: application.metadata.name,
    project,
    destination,
    client: applications.hub.clientOf(destination, writer),
    tracked: tracked.filter((one) => one.target || !syncOptionsOf(one.live).includes("Prune=false")),
    prune: at(state, "operation", "sync", "prune") === true,
    done,
  });
  if (outcome.phase === "Running") applications.later(application.metadata.name, 0);
  else applications.applied.delete(key);
  return outcome;
}

/** Tries again as often as the operation says, each time later. */
function failed(applications: Applications, name: string, state: Fields, outcome: Ended) {
  const retry = fieldsOf(at(state, "operation", "retry"));
  const limit = numberAt(retry, "limit") ?? 0;
  const count = numberAt(state, "retryCount") ?? 0;
  if (count >= limit && limit >= 0) {
    const message = count > 0 ? `${outcome.message} (retried ${count} times).` : outcome.message;
    return end(applications, name, state, { ...outcome, message });
  }
  const backoff = { ...DEFAULT_BACKOFF, ...fieldsOf(retry.backoff) };
  const waitMs = Math.min(msOf(backoff.duration) * Number(backoff.factor) ** count, msOf(backoff.maxDuration));
  const retryAt = new Date(Date.now() + waitMs);
  const when = retryAt
    .toLocaleTimeString("en-US", { hour: "numeric", minute: "2-digit", timeZone: "UTC" })
    .replace(" ", "");
  const message = `${outcome.message}. Retrying attempt #${count + 1} at ${when}.`;
  tell(applications, name, {
    ...running(state, { ...outcome, message }),
    retryCount: count + 1,
    finishedAt: timestamp(),
  });
  applications.retries.set(name, retryAt.getTime());
  applications.later(name, waitMs);
}

function msOf(duration: unknown): number {
  const units: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
  return [...String(duration).matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)].reduce(
    (sum, [, number, unit = "s"]) => sum + Number(number) * (units[unit] ?? 0),
    0,
  );
}

function tell(applications: Applications, name: string, operationState: Fields): void {
  applications.write(name, (current) => {
    // Somebody ended it meanwhile.
    const terminating = textAt(current, "status", "operationState", "phase") === "Terminating";
    const state = terminating ? { ...operationState, phase: "Terminating" } : operationState;
    return { ...current, status: { ...fieldsOf(current.status), operationState: state } };
  });
}

function end(applications: Applications, name: string, state: Fields, outcome: Ended): void {
  applications.retries.delete(name);
  const finished = { ...running(state, outcome), phase: outcome.phase, finishedAt: timestamp() };
  applications.write(name, (current) => {
    const { operation: __, ...others } = current;
    const status: Fields = { ...fieldsOf(current.status), operationState: finished };
    const result = fieldsOf(state.syncResult);
    const history = listOf(status.history);
    const id = (numberAt(history.at(-1), "id") ?? -1) + 1;
    if (outcome.phase === "Succeeded") {
      const times = { deployStartedAt: textAt(state, "startedAt"), deployedAt: timestamp() };
      const entry = { id, ...times, revision: result.revision, source: result.source };
      status.history = [...history, entry].slice(-(numberAt(current, "spec", "revisionHistoryLimit") ?? 10));
    }
    return { ...others, status } as Stored;
  });
}
