import type { KubeObject } from "../model/kubernetes.ts";
import type { PreviewPart, PreviewReason, PreviewRecord, PreviewState } from "../model/preview.ts";
import { hubOf } from "./app-project.ts";
import { awaitedOf } from "./awaited.ts";
import { objectSteps } from "./containment.ts";
import type { PlannedObject } from "./objects.ts";
import { operate } from "./operations.ts";
import { type PartView, partViews } from "./parts.ts";
import type { PreviewPlan } from "./plan.ts";
import { reasonsOf, tidyReasons } from "./reasons.ts";
import { seed } from "./seed.ts";
import { refreshSet } from "./set-errors.ts";
import { putToSleep, type Rest, wake } from "./sleep.ts";
import { letGo } from "./teardown.ts";
import type { PreviewStep, PreviewWorld } from "./world.ts";

export interface SteerInput {
  plan: PreviewPlan;
  /** Everything that is to be there, from `previewObjects`. */
  objects: readonly PlannedObject[];
  /** Whether what is there needs no write. */
  isAsWanted(observed: KubeObject, wanted: KubeObject): boolean;
  /** First without the workload and the probe: those are asked for where they make a difference. */
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
  /** What runs in the namespaces makes a difference: to be steered again with it. */
  wantsWorkload: boolean;
  /** Everything but the URL is as green asks: to be steered again with its answer. */
  wantsProbe: boolean;
  lookAgainMs: number;
  operations: Record<string, number>;
  replicas: Record<string, number>;
  /** Once all steps are carried out; undefined where it has no Secrets. */
  credentials: string | undefined;
}

/** After this without becoming healthy, a preview has failed or is degraded. */
const PROVISIONING_DEADLINE_MS = 900_000;
/** Argo CD is done within seconds: from here on it is said what it has not done. */
const WAITS_LONG_MS = 60_000;
const SOON_MS = 1_000;
/** While it is not green, though nothing tells of a change. */
const AGAIN_MS = 5_000;
const LATER_MS = 600_000;
const UNREADABLE_AGAIN_MS = 15_000;

/**
 * From what the clusters show to what to do next, and what to say of it. It never deletes but what a plan no longer lets through, and touches
 * nothing that is not labelled as this preview's.
 */
export function steer(input: SteerInput): Steering {
  const { plan, world, before, nowMs } = input;
  const views = partViews(plan, world);
  const contained = objectSteps(plan, input.objects, input.isAsWanted, world, before);
  const hubReadable = !world.unreadable.some(({ cluster }) => cluster === hubOf(plan).cluster);
  const work = hubReadable ? views.map((view) => operate(plan, view, before, nowMs)) : [];
  const again = hubReadable ? refreshSet(plan, views, world, before, nowMs) : { steps: [], since: {} };
  const busy = work.some((one) => one.busy);
  const rest = restOf(input, busy || views.some(isAutomated));
  const deployed = views.length > 0 && views.every(({ part }) => part.green) && contained.complete && !busy;
  const seeding = plan.awake ? seed(plan, world, deployed) : undefined;
  const made = plan.places.map(({ place }) => place);
  const leaving = letGo({ owner: plan.owner, slug: plan.slug, made, world });
  const found: Steering = {
    state: "provisioning",
    parts: views.map(({ part }) => part),
    reasons: [],
    steps: [
      ...leaving,
      ...[contained, again, ...work, rest, ...(seeding ? [seeding] : [])].flatMap(({ steps }) => steps),
    ],
    wantsWorkload: false,
    wantsProbe: false,
    lookAgainMs: Math.min(...work.map((one) => one.lookAgainMs), LATER_MS),
    operations: Object.assign({}, ...work.map((one) => one.since), again.since, rest.since),
    replicas: rest.replicas,
    credentials: contained.credentials,
  };
  if (world.unreadable.length > 0) return unknown(found, input);
  const reasons = [...contained.reasons, ...work.flatMap((one) => one.reasons), ...(seeding?.reasons ?? [])];
  const unseen = world.places.some(({ namespace, workload }) => namespace !== undefined && workload === undefined);
  if (!seeding) {
    const done = rest.complete && contained.complete && !busy;
    found.wantsWorkload = unseen;
    return {
      ...found,
      state: "sleeping",
      reasons: tidyReasons(reasons),
      lookAgainMs: done ? found.lookAgainMs : Math.min(found.lookAgainMs, SOON_MS),
    };
  }
  const green = deployed && rest.complete && seeding.done && found.steps.length === contained.renewals;
  if (green && (plan.url === undefined || world.probe?.ok)) return { ...found, state: "healthy" };
  found.wantsProbe = green && world.probe === undefined;
  found.wantsWorkload =
    unseen &&
    (isWorthALook(input, views) ||
      (!seeding.done && (deployed || "snapshot" in (plan.config.seed ?? {}))) ||
      !rest.complete);
  const failing = new Set(work.flatMap(({ failed }, at) => (failed ? [views[at]] : [])));
  if (green) reasons.push(probeReason(world));
  else reasons.push(...reasonsOf(plan, world, views, failing));
  const late = isLate(input);
  found.state = stateOf(input, views, {
    failed:
      contained.foreign || seeding.failed || failing.size > 0 || reasons.some(({ awaits }) => awaits === "people"),
    late,
  });
  if (reasons.length === 0 && contained.complete && waitsLong(input)) reasons.push(...awaitedOf(plan, views, late));
  if (late && reasons.length === 0) reasons.push(...(before?.state === "failed" ? before.reasons : [lateReason()]));
  found.reasons = tidyReasons(reasons);
  found.lookAgainMs = Math.min(found.lookAgainMs, contained.complete && rest.complete ? AGAIN_MS : SOON_MS);
  return found;
}

/** Most previews are healthy within seconds: only what takes longer is asked for its reasons, by eight lists a place. */
function isWorthALook({ plan, before, nowMs }: SteerInput, views: readonly PartView[]): boolean {
  if (!views.some(({ application }) => application?.status.operationState !== undefined)) return false;
  const quick = before === undefined || before.sha !== plan.sha || before.state === "provisioning";
  const bad = views.some(({ moved, part }) => moved && part.health === "Degraded");
  return bad || !quick || (before?.sha === plan.sha && nowMs - before.sinceMs >= AGAIN_MS);
}

function probeReason({ probe }: PreviewWorld): PreviewReason {
  const message = probe?.ok === false ? `The URL does not answer: ${probe.why}` : "The URL is being asked.";
  return { cause: "probe", message, awaits: "machines" };
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

/** So long that people ask themselves what it waits for. */
function waitsLong({ plan, before, nowMs }: SteerInput): boolean {
  if (before?.sha !== plan.sha) return false;
  // Any other failure says more than what is being done about it.
  if (before.state === "failed") return before.reasons.every(({ cause }) => cause === "stuck");
  return before.state === "provisioning" && nowMs - before.sinceMs >= WAITS_LONG_MS;
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
