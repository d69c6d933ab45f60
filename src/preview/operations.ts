import { KINDS } from "../model/kubernetes.ts";
import type { PreviewReason, PreviewRecord } from "../model/preview.ts";
import { hubOf } from "./app-project.ts";
import { type ApplicationView, isOperating, isSame, operationOf } from "./application.ts";
import type { PartView } from "./parts.ts";
import type { PreviewPlan } from "./plan.ts";
import type { PreviewStep } from "./world.ts";

/** An operation that takes longer is ended and begun anew. */
export const OPERATION_DEADLINE_MS = 300_000;
/** How long Argo CD gets to end an operation that it was told to end. */
const TERMINATION_DEADLINE_MS = 60_000;
/** Argo CD syncs by itself what it finds out of sync; where it has not begun by then it is told to. */
const IDLE_MS = 20_000;
/**
 * Argo CD keeps an error in making manifests for as long as an hour, and looks again after one in getting them when it would anyway, unless it is
 * asked to. The longer it lasts, the less often.
 */
const REFRESH_MS = { first: 10_000, most: 300_000 } as const;
const BACKOFF_MS = [2_000, 15_000, 60_000, 300_000, 900_000] as const;
/** From this many tries of ours on, after Argo CD's own, it is a failure that people have to look at. Tries go on, slowly. */
const TRIES_BEFORE_FAILURE = 1;
/** Argo CD begins a sync anew after 2, 6 and 18 seconds where one has changed nothing; what is unlike its manifest for so long stays so. */
const UNLIKE_MS = 30_000;
/** Part of an operation's `info`: the number of the try stands on the cluster itself, and no restart forgets it. */
const TRY = "hms-sys.dev/try";

export interface Operations {
  steps: PreviewStep[];
  reasons: PreviewReason[];
  /** An operation runs, or is about to. */
  busy: boolean;
  /** A sync failed again and again, or leaves something unlike its manifest however often it is done. */
  failed: boolean;
  /** For `PreviewRecord.operations`: when what goes on was first seen. */
  since: Record<string, number>;
  lookAgainMs: number;
}

/** What has to be told to Argo CD about one Application so that it comes to the commit that is wanted. */
export function operate(
  plan: PreviewPlan,
  { application, moved, part, place }: PartView,
  before: PreviewRecord | undefined,
  nowMs: number,
): Operations {
  const found: Operations = { steps: [], reasons: [], busy: false, failed: false, since: {}, lookAgainMs: LATER_MS };
  if (!application || application.metadata.deletionTimestamp !== undefined) return found;
  const { name } = application.metadata;
  /** When this was first seen to be so, and from now on. */
  const since = (what: string): number => {
    const key = `${name} ${what}`;
    found.since[key] = Math.min(before?.operations?.[key] ?? nowMs, nowMs);
    return found.since[key];
  };
  const step = (patch: Record<string, unknown>): void => {
    found.steps.push(patchOf(plan, application, patch));
  };
  const tries = triesOf(application);
  const phase = application.status.operationState?.phase;
  // While the next try runs it is still the same failure.
  found.failed =
    phase !== "Succeeded" &&
    ranForThis(plan, application) &&
    tries >= TRIES_BEFORE_FAILURE + (isOperating(application) ? 1 : 0);
  const unlike = `unlike ${plan.sha}`;
  // While the next sync runs, and until Argo CD has looked after it, it is not known to be better.
  const isKnown = before?.operations?.[`${name} ${unlike}`] !== undefined;
  if (isKnown && application.status.sync?.status === "OutOfSync") since(unlike);
  if (moved && plan.awake && isUnlike(plan, application) && nowMs - since(unlike) >= UNLIKE_MS) found.failed = true;
  if (isOperating(application)) {
    found.busy = true;
    const state = application.status.operationState;
    const pending = application.operation !== undefined && (!state || isOver(state.phase));
    if (!pending && state?.phase === "Terminating") {
      const endsAtMs = since(`terminates ${state.startedAt}`) + TERMINATION_DEADLINE_MS;
      if (endsAtMs <= nowMs) step({ operation: null, status: { operationState: null } });
      found.lookAgainMs = Math.max(0, endsAtMs - nowMs);
      return found;
    }
    const deadlineMs = since(pending ? "pending" : (state?.startedAt ?? "")) + OPERATION_DEADLINE_MS;
    const stuck = deadlineMs <= nowMs;
    if (stuck) {
      found.reasons.push({
        cause: "stuck",
        message:
          `The sync ran for more than ${OPERATION_DEADLINE_MS / 60_000} minutes; it is ended and tried again. ${state?.message ?? ""}`.trim(),
        cluster: place.cluster,
        component: part.component,
        awaits: "machines",
      });
    }
    if (stuck || (plan.awake && moved && isStale(plan, application))) {
      step(pending ? { operation: null } : { status: { operationState: { phase: "Terminating" } } });
    }
    found.lookAgainMs = Math.max(0, deadlineMs - nowMs);
    return found;
  }
  if (!moved || !plan.awake || part.green) return found;
  refresh(application, found, since, step, nowMs);
  if (found.steps.length > 0) return found;
  const dueMs = nextTryMs(plan, application, since, nowMs);
  if (dueMs === undefined) return found;
  if (dueMs <= nowMs) {
    found.busy = true;
    step(syncOf(plan, application, ranForThis(plan, application) ? tries + 1 : 1));
  } else found.lookAgainMs = Math.min(found.lookAgainMs, dueMs - nowMs);
  return found;
}

const LATER_MS = 600_000;

/** When a sync is to be begun by us; undefined while Argo CD will do by itself what there is to do. */
function nextTryMs(
  plan: PreviewPlan,
  application: ApplicationView,
  since: (what: string) => number,
  nowMs: number,
): number | undefined {
  const { sync, operationState } = application.status;
  const current =
    sync !== undefined &&
    (plan.config.source !== undefined || sync.revision === plan.sha) &&
    isSame(sync.comparedTo?.source, application.spec.source);
  const failed = operationState !== undefined && operationState.phase !== "Succeeded";
  const ran = ranForThis(plan, application);
  if (failed && ran) return backoff(application, nowMs);
  if (!current) return undefined;
  // Nothing differs between the commits, so that Argo CD sees nothing to do; but green asks for a sync of this very commit.
  if (sync.status === "Synced") return ran ? undefined : nowMs;
  if (sync.status !== "OutOfSync") return undefined;
  // "Already attempted", says Argo CD of an operation that ended without a result, and never tries again.
  if (failed && operationState.syncResult === undefined) return nowMs;
  const idleMs = since(`idle ${plan.sha}`) + IDLE_MS;
  return ran ? Math.max(idleMs, backoff(application, nowMs)) : idleMs;
}

/** Whether something is not as the manifests of this commit say, although a sync of it has succeeded and Argo CD has looked since then. */
function isUnlike(plan: PreviewPlan, application: ApplicationView): boolean {
  const { sync, operationState, reconciledAt = 0, resources } = application.status;
  return (
    sync?.status === "OutOfSync" &&
    isSame(sync.comparedTo?.source, application.spec.source) &&
    (plan.config.source !== undefined || sync.revision === plan.sha) &&
    !isOperating(application) &&
    operationState?.phase === "Succeeded" &&
    ranForThis(plan, application) &&
    reconciledAt >= (operationState.finishedAt ?? Number.POSITIVE_INFINITY) &&
    // What is on its way out goes as soon as its Pods have ended.
    resources.some(({ status, requiresPruning }) => status === "OutOfSync" && !requiresPruning)
  );
}

function backoff(application: ApplicationView, nowMs: number): number {
  // By another machine's clock: one that is ahead of ours would make it wait for nothing.
  const finishedAtMs = Math.min(application.status.operationState?.finishedAt ?? 0, nowMs);
  return finishedAtMs + (BACKOFF_MS[Math.min(triesOf(application), BACKOFF_MS.length - 1)] ?? 0);
}

/** Whether the last operation was about the commit that is wanted. */
export function ranForThis(plan: PreviewPlan, application: ApplicationView): boolean {
  const state = application.status.operationState;
  if (!state) return false;
  const { syncResult, operation } = state;
  const source = syncResult?.source ?? operation?.sync?.source;
  if (source !== undefined && Object.keys(source).length > 0 && !isSame(source, application.spec.source)) return false;
  if (plan.config.source !== undefined) return source !== undefined;
  return (syncResult?.revision || operation?.sync?.revision) === plan.sha;
}

/** Whether the operation that runs is about something that is no longer wanted: Argo CD picks up nothing new before it is over. */
function isStale(plan: PreviewPlan, application: ApplicationView): boolean {
  const sync = operationOf(application)?.sync;
  if (!sync) return false;
  if (plan.config.source === undefined && SHA.test(sync.revision) && sync.revision !== plan.sha) return true;
  return sync.source !== undefined && !isSame(sync.source, application.spec.source);
}

const SHA = /^[0-9a-f]{40}$/;

function triesOf(application: ApplicationView): number {
  const operation = operationOf(application);
  const value = Number(operation?.info.find(({ name }) => name === TRY)?.value);
  return Number.isSafeInteger(value) && value > 0 ? value : 0;
}

function isOver(phase: string): boolean {
  return ["Succeeded", "Failed", "Error"].includes(phase);
}

/** As Argo CD's own API server begins one: https://github.com/argoproj/argo-cd/blob/v3.2.6/util/argo/argo.go#L869 */
function syncOf(plan: PreviewPlan, { spec }: ApplicationView, tries: number): Record<string, unknown> {
  const { retry, syncOptions } = spec.syncPolicy;
  return {
    operation: {
      initiatedBy: { username: "hms-sys" },
      info: [{ name: TRY, value: String(tries) }],
      sync: {
        ...(plan.config.source === undefined ? { revision: plan.sha } : {}),
        prune: true,
        ...(syncOptions && syncOptions.length > 0 ? { syncOptions } : {}),
      },
      ...(retry === undefined ? {} : { retry }),
    },
    // Else it would resume what was there before.
    status: { operationState: null },
  };
}

function refresh(
  application: ApplicationView,
  found: Operations,
  since: (what: string) => number,
  step: (patch: Record<string, unknown>) => void,
  nowMs: number,
): void {
  if (!application.status.conditions.some(({ type }) => /^(Comparison|InvalidSpec|Unknown)Error$/.test(type))) return;
  const key = `${application.metadata.name} refresh`;
  const firstMs = since("not compared");
  const lastMs = since("refresh");
  const dueAfter = (ms: number) => ms + Math.min(Math.max(ms - firstMs, REFRESH_MS.first), REFRESH_MS.most);
  const due = dueAfter(lastMs) <= nowMs;
  if (due) {
    found.since[key] = nowMs;
    step({ metadata: { annotations: { "argocd.argoproj.io/refresh": "hard" } } });
  }
  found.lookAgainMs = Math.min(found.lookAgainMs, dueAfter(due ? nowMs : lastMs) - nowMs);
}

/** Only of the very object that was seen, as it was seen: Argo CD may have begun or ended something since. */
function patchOf(
  plan: PreviewPlan,
  { metadata }: ApplicationView,
  patch: Record<string, unknown>,
): PreviewStep & { do: "patch" } {
  const { name, uid, resourceVersion } = metadata;
  return {
    do: "patch",
    cluster: hubOf(plan).cluster,
    ref: { kind: KINDS.application, name, namespace: metadata.namespace ?? hubOf(plan).namespace },
    type: "merge",
    patch: {
      ...patch,
      metadata: {
        ...(patch.metadata as Record<string, unknown> | undefined),
        ...(uid === undefined ? {} : { uid }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
    },
  };
}
