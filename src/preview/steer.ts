import type { KubeObject } from "../model/kubernetes.ts";
import type { PreviewPart, PreviewReason, PreviewRecord, PreviewState } from "../model/preview.ts";
import { objectSteps } from "./containment.ts";
import type { PlannedObject } from "./objects.ts";
import { operate } from "./operations.ts";
import { type PartView, partViews } from "./parts.ts";
import type { PreviewPlan } from "./plan.ts";
import { reasonsOf, tidyReasons } from "./reasons.ts";
import { seedState } from "./seed.ts";
import { putToSleep, type Rest, wake } from "./sleep.ts";
import type { PreviewStep, PreviewWorld } from "./world.ts";

export interface SteerInput {
  plan: PreviewPlan;
  /** Everything that is to be there, from `previewObjects`. */
  objects: readonly PlannedObject[];
  /** Whether what is there needs no write. */
  isAsWanted(observed: KubeObject, wanted: KubeObject): boolean;
  /** With the workload where something sleeps or is to sleep, or is not green; and `foreign` complete for all objects above. */
  world: PreviewWorld;
  before: PreviewRecord | undefined;
  nowMs: number;
}

export interface Steering {
  state: PreviewState & ("provisioning" | "healthy" | "degraded" | "failed" | "sleeping");
  /** The clusters cannot all be read: `state` is what was last seen, and counts for nothing. */
  unknown?: string;
  parts: PreviewPart[];
  reasons: PreviewReason[];
  steps: PreviewStep[];
  /** Everything but the URL is as green asks: it is time to probe, and to steer again with the answer. */
  probes: boolean;
  lookAgainMs: number;
  operations: Record<string, number>;
  replicas: Record<string, number>;
}

/** After this without becoming healthy, a preview has failed or is degraded. */
const PROVISIONING_DEADLINE_MS = 900_000;
const SOON_MS = 1_000;
const PROBE_AGAIN_MS = 5_000;
const UNREADABLE_AGAIN_MS = 15_000;

/**
 * From what the clusters show to what to do next, and what to say of it. It never deletes but what a plan no longer lets through, and touches
 * nothing that is not labelled as this preview's.
 */
export function steer(input: SteerInput): Steering {
  const { plan, world, before, nowMs } = input;
  const views = partViews(plan, world);
  const contained = objectSteps(plan, input.objects, input.isAsWanted, world);
  const hubReadable = !world.unreadable.some(({ cluster }) => cluster === plan.inventory.argocd.cluster);
  const work = hubReadable ? views.map((view) => operate(plan, view, before, nowMs)) : [];
  const busy = work.some((one) => one.busy);
  const rest = restOf(input, busy || views.some(isAutomated));
  const seed = seedState(plan, world);
  const found: Steering = {
    state: "provisioning",
    parts: views.map(({ part }) => part),
    reasons: [],
    steps: [...contained.steps, ...work.flatMap((one) => one.steps), ...rest.steps],
    probes: false,
    lookAgainMs: Math.min(...work.map((one) => one.lookAgainMs), 600_000),
    operations: Object.assign({}, ...work.map((one) => one.since), rest.since),
    replicas: rest.replicas,
  };
  if (world.unreadable.length > 0) return unknown(found, input);
  const reasons = [...contained.reasons, ...work.flatMap((one) => one.reasons), ...seed.reasons];
  if (!plan.awake) {
    found.state = "sleeping";
    found.reasons = tidyReasons(reasons);
    if (!rest.complete || !contained.complete || busy) found.lookAgainMs = Math.min(found.lookAgainMs, SOON_MS);
    return found;
  }
  const green =
    views.length > 0 &&
    views.every(({ part }) => part.green) &&
    contained.complete &&
    rest.complete &&
    !busy &&
    seed.done &&
    found.steps.length === 0;
  if (green && plan.url === undefined) return { ...found, state: "healthy" };
  if (green && world.probe?.ok) return { ...found, state: "healthy" };
  found.probes = green;
  if (green) {
    reasons.push({
      cause: "probe",
      message: world.probe?.ok === false ? `The URL does not answer: ${world.probe.why}` : "The URL is being asked.",
      awaits: "machines",
    });
  } else {
    reasons.push(
      ...reasonsOf(
        plan,
        world,
        views.map((view, at) => ({ ...view, failed: work[at]?.failed ?? false })),
      ),
    );
  }
  const late = isLate(input);
  found.state = stateOf(input, views, {
    failed: contained.foreign || seed.failed || work.some((one) => one.failed) || reasons.some(isDefinite),
    late,
  });
  if (late && reasons.length === 0) reasons.push(...(before?.state === "failed" ? before.reasons : [lateReason()]));
  found.reasons = tidyReasons(reasons);
  found.lookAgainMs = Math.min(
    found.lookAgainMs,
    green ? PROBE_AGAIN_MS : contained.complete && rest.complete ? 60_000 : SOON_MS,
  );
  return found;
}

/** Something is scaled down only once Argo CD does not scale it up again. */
function restOf({ plan, world, before, nowMs }: SteerInput, argoWorks: boolean): Rest {
  if (plan.awake) return wake(world, before, nowMs);
  if (!argoWorks) return putToSleep(world, before);
  return { steps: [], replicas: { ...before?.replicas }, since: {}, complete: false };
}

function isAutomated({ application }: PartView): boolean {
  return application !== undefined && application.spec.syncPolicy.automated != null;
}

/** What the unreadable hides is not known: neither green nor a failure, and nothing follows from it. */
function unknown(found: Steering, { world, before }: SteerInput): Steering {
  const reasons = world.unreadable.map(
    ({ cluster, why }): PreviewReason => ({
      cause: "cluster",
      message: `The cluster cannot be read: ${why}`,
      cluster,
      awaits: "machines",
    }),
  );
  const last = before?.state;
  return {
    ...found,
    state:
      last === "healthy" || last === "degraded" || last === "failed" || last === "sleeping" ? last : "provisioning",
    unknown: tidyReasons(reasons)
      .map(({ cluster, message }) => `${cluster}: ${message}`)
      .join("; "),
    parts: found.parts.map((part) => ({ ...part, green: false })),
    reasons: tidyReasons(reasons),
    operations: { ...before?.operations, ...found.operations },
    replicas: { ...before?.replicas, ...found.replicas },
    lookAgainMs: Math.min(found.lookAgainMs, UNREADABLE_AGAIN_MS),
  };
}

function stateOf(
  { plan, before }: SteerInput,
  views: readonly PartView[],
  { failed, late }: { failed: boolean; late: boolean },
): Steering["state"] {
  const wasThere = before?.sha === plan.sha && (before.state === "healthy" || before.state === "degraded");
  const synced = views.length > 0 && views.every(({ part }) => part.sync === "Synced" && part.revision !== "");
  if (failed) return wasThere && synced ? "degraded" : "failed";
  if (wasThere) return "degraded";
  return late ? (synced ? "degraded" : "failed") : "provisioning";
}

/** Time spent asleep, in the queue or at an earlier commit does not count. */
function isLate({ plan, before, nowMs }: SteerInput): boolean {
  if (before?.sha !== plan.sha) return false;
  return (
    (before.state === "failed" && before.reasons.some(({ cause }) => OF_CLUSTERS.includes(cause))) ||
    (before.state === "provisioning" && nowMs - before.sinceMs >= PROVISIONING_DEADLINE_MS)
  );
}

/** Causes of a failure that is over only when the preview is healthy; others are looked at before anything is made. */
const OF_CLUSTERS = ["sync", "source", "stuck", "quota", "pod-security", "image-pull", "admission", "workload", "seed"];

function lateReason(): PreviewReason {
  return {
    cause: "stuck",
    message: `It did not become healthy within ${PROVISIONING_DEADLINE_MS / 60_000} minutes, and nothing says why.`,
    awaits: "people",
  };
}

/** Trying again changes nothing about it: people have to. */
function isDefinite({ cause, awaits }: PreviewReason): boolean {
  return awaits === "people" && cause !== "probe";
}
