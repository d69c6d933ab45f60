import { type KubeObject, nameOf } from "../model/kubernetes.ts";
import type { PreviewRecord } from "../model/preview.ts";
import { isTerminating, refOf } from "./ownership.ts";
import type { PlaceWorld, PreviewStep, PreviewWorld } from "./world.ts";

export interface Rest {
  steps: PreviewStep[];
  /** For `PreviewRecord.replicas`: what ran before; of a CronJob 1 where it was not suspended. */
  replicas: Record<string, number>;
  /** For `PreviewRecord.operations`: when something was first woken. */
  since: Record<string, number>;
  /** Asleep: nothing runs any more. Awake: everything that ran before was started again. */
  complete: boolean;
}

/** Something that was woken but is at zero again after this time is so because its manifests say so. */
const WAKE_MS = 60_000;

/**
 * Lets everything in the namespaces of a preview rest, and keeps its volumes. What ran is written down one run before it is stopped, so that a
 * process that ends in between forgets nothing.
 */
export function putToSleep(world: PreviewWorld, before: PreviewRecord | undefined): Rest {
  const found: Rest = { steps: [], replicas: {}, since: {}, complete: true };
  for (const place of world.places) {
    if (place.namespace === undefined || isTerminating(place.namespace)) continue;
    if (place.workload === undefined) found.complete = false;
    for (const object of sleepers(place)) {
      const key = keyOf(place, object);
      const remembered = before?.replicas?.[key];
      const runs = runsOf(object);
      if (runs === 0) {
        if (remembered !== undefined) found.replicas[key] = remembered;
        continue;
      }
      found.complete = false;
      found.replicas[key] = runs;
      if (remembered === runs) found.steps.push(...setRuns(place, object, 0));
    }
    if (place.workload === undefined) keepOthers(found, place, before);
  }
  return found;
}

/** Starts again what {@link putToSleep} stopped. Argo CD alone does not where manifests leave replicas to an autoscaler. */
export function wake(world: PreviewWorld, before: PreviewRecord | undefined, nowMs: number): Rest {
  const found: Rest = { steps: [], replicas: {}, since: {}, complete: true };
  for (const place of world.places) {
    if (place.namespace === undefined || isTerminating(place.namespace)) continue;
    if (place.workload === undefined) {
      keepOthers(found, place, before);
      continue;
    }
    for (const object of sleepers(place)) {
      const key = keyOf(place, object);
      const remembered = before?.replicas?.[key];
      if (remembered === undefined || remembered === 0 || runsOf(object) > 0) continue;
      const wokenAtMs = before?.operations?.[`wakes ${key}`] ?? nowMs;
      if (wokenAtMs + WAKE_MS <= nowMs) continue;
      found.since[`wakes ${key}`] = wokenAtMs;
      found.replicas[key] = remembered;
      found.steps.push(...setRuns(place, object, remembered));
    }
  }
  found.complete = Object.keys(found.replicas).length === 0;
  return found;
}

/** What cannot be seen at the moment is not forgotten. */
function keepOthers(found: Rest, { place }: PlaceWorld, before: PreviewRecord | undefined): void {
  for (const [key, count] of Object.entries(before?.replicas ?? {})) {
    if (key.startsWith(`${place.cluster}/`)) found.replicas[key] = count;
  }
}

function sleepers({ workload = [], place }: PlaceWorld): KubeObject[] {
  return workload.filter(
    (one) =>
      ["Deployment", "StatefulSet", "CronJob"].includes(one.kind) &&
      one.metadata.namespace === place.namespace &&
      !isTerminating(one),
  );
}

function keyOf({ place }: PlaceWorld, { kind, metadata }: KubeObject): string {
  return `${place.cluster}/${kind}/${metadata.name}`;
}

/** Replicas that are wanted of it, of which an API server says 1 where a manifest says nothing. */
function runsOf({ kind, spec }: KubeObject): number {
  const { replicas, suspend } = (spec ?? {}) as { replicas?: unknown; suspend?: unknown };
  if (kind === "CronJob") return suspend === true ? 0 : 1;
  return typeof replicas === "number" ? replicas : 1;
}

function setRuns({ place }: PlaceWorld, object: KubeObject, runs: number): PreviewStep[] {
  const ref = refOf(object);
  if (!ref) throw new Error(`${nameOf(object)} is of no known kind`);
  const { uid } = object.metadata;
  const same = uid === undefined ? {} : { metadata: { uid } };
  return object.kind === "CronJob"
    ? [{ do: "patch", cluster: place.cluster, ref, type: "merge", patch: { ...same, spec: { suspend: runs === 0 } } }]
    : [
        {
          do: "patch",
          cluster: place.cluster,
          ref,
          type: "merge",
          patch: { ...same, spec: { replicas: runs } },
          subresource: "scale",
        },
      ];
}
