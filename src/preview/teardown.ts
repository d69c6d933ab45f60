import { KINDS, type KubeObject, nameOf, type ObjectRef } from "../model/kubernetes.ts";
import type { PreviewOwner, PreviewPlace, PreviewReason } from "../model/preview.ts";
import { isOurs, isTerminating, refOf } from "./ownership.ts";
import { tidyReasons } from "./reasons.ts";
import type { PlaceWorld, PreviewStep, PreviewWorld } from "./world.ts";

export interface TakeDownInput {
  owner: PreviewOwner;
  slug: string;
  /** Where objects were made, whatever the configuration says by now. */
  made: readonly PreviewPlace[];
  /** Of all these places, read anew from the API servers themselves: what a watch does not show may still be there. */
  world: PreviewWorld;
  nowMs: number;
}

export interface TakingDown {
  steps: PreviewStep[];
  /** Every place was seen, and none shows anything of it. */
  gone: boolean;
  /** What it waits for, or what holds it. */
  held: PreviewReason[];
  lookAgainMs: number;
}

/** From here on what holds a namespace is worth a look by people. */
const HELD_MS = 60_000;
/** A namespace whose sync was cut off may be held by hooks if it takes longer. */
const HANGS_MS = 8_000;
const AGAIN_MS = 2_000;

/**
 * Removes a preview, step by step as the clusters let it go. Only what carries the labels of this very preview, by its uid. The AppProject goes
 * last: without it Argo CD lets no Application go.
 */
export function takeDown(input: TakeDownInput): TakingDown {
  const { owner, slug, made, world, nowMs } = input;
  const ours = (object: KubeObject | undefined): object is KubeObject =>
    object !== undefined && isOurs(object, owner, slug);
  const hub = made[0]?.argocd;
  const unreadable = made.flatMap((place) => unseen(place, world));
  const held: PreviewReason[] = unreadable.map(({ cluster, why }) => ({
    cause: "cluster",
    message: `The cluster cannot be read, so it is not known to be gone: ${why}`,
    cluster,
    awaits: "machines",
  }));
  const steps: PreviewStep[] = [];
  const applications = world.applications.filter(ours);
  const places = world.places.filter(({ namespace }) => ours(namespace));
  if (hub) {
    const at = (object: KubeObject): ObjectRef | undefined =>
      refOf({ ...object, metadata: { ...object.metadata, namespace: object.metadata.namespace ?? hub.namespace } });
    if (ours(world.applicationSet) && !isTerminating(world.applicationSet)) {
      steps.push(...withoutAutomation(hub.cluster, at(world.applicationSet), world.applicationSet, true));
    }
    for (const application of applications) {
      steps.push(...withoutAutomation(hub.cluster, at(application), application, false));
    }
    if (ours(world.applicationSet)) steps.push(...removal(hub.cluster, at(world.applicationSet), world.applicationSet));
    // The set's foreground deletion takes them along; one that has lost its set would stay.
    if (world.applicationSet === undefined) {
      for (const application of applications) steps.push(...removal(hub.cluster, at(application), application));
    }
    for (const application of applications) {
      const gone = places.every(({ place }) => !isDestination(application, place));
      steps.push(...freed(hub.cluster, at(application), application, gone && unreadable.length === 0));
    }
    if (isTerminating(world.applicationSet) || applications.some(isTerminating)) {
      held.push(...applications.flatMap((one) => stillThere(hub.cluster, one, nowMs)));
    }
  }
  for (const place of places) {
    const namespace = place.namespace as KubeObject;
    steps.push(...removal(place.place.cluster, { kind: KINDS.namespace, name: namespace.metadata.name }, namespace));
    if (isTerminating(namespace)) {
      steps.push(...hooksFreed(place));
      held.push(...holders(place, nowMs));
    }
  }
  const left = [
    ...(ours(world.applicationSet) ? [world.applicationSet] : []),
    ...applications,
    ...places.flatMap(({ namespace }) => (namespace ? [namespace] : [])),
    ...world.places.flatMap((place) => place.ours.filter(ours)),
  ];
  const bare = left.length === 0 && unreadable.length === 0;
  const project = hub && bare && ours(world.project) ? world.project : undefined;
  if (hub && project) {
    const ref = { kind: KINDS.appProject, name: project.metadata.name, namespace: hub.namespace };
    steps.push(...removal(hub.cluster, ref, project), ...projectFreed(hub, project, world));
    held.push(...users(hub.cluster, project, world.usesProject));
  }
  const gone = bare && !ours(world.project);
  return { steps, gone, held: tidyReasons(held), lookAgainMs: gone ? 0 : AGAIN_MS };
}

/**
 * Lets go what is on its way already, and begins nothing: for a preview that is wanted again, or that somebody else began to remove, and that hooks
 * would hold for ever.
 */
export function letGo({ owner, slug, made, world }: Omit<TakeDownInput, "nowMs">): PreviewStep[] {
  const hub = made[0]?.argocd;
  if (!hub || world.unreadable.length > 0) return [];
  const places = world.places.filter(({ namespace }) => namespace && isOurs(namespace, owner, slug));
  const leaving = world.applications.filter((one) => isTerminating(one) && isOurs(one, owner, slug));
  return [
    ...leaving.flatMap((application) => {
      const ref = refOf(application);
      const gone = places.every(({ place }) => !isDestination(application, place));
      return [
        ...withoutAutomation(hub.cluster, ref, application, false),
        ...freed(hub.cluster, ref, application, gone),
      ];
    }),
    ...places.filter(({ namespace }) => isTerminating(namespace)).flatMap(hooksFreed),
    ...(world.project && isOurs(world.project, owner, slug) ? projectFreed(hub, world.project, world) : []),
  ];
}

/** Why a place says nothing: a cluster that cannot be read, or that was not looked at. */
function unseen(place: PreviewPlace, world: PreviewWorld): { cluster: string; why: string }[] {
  const found = world.unreadable.filter(({ cluster }) => cluster === place.cluster || cluster === place.argocd.cluster);
  const looked = world.places.some(
    (one) => one.place.cluster === place.cluster && one.place.namespace === place.namespace,
  );
  return found.length === 0 && !looked ? [{ cluster: place.cluster, why: "it was not looked at" }] : found;
}

/** Argo CD makes nothing anew and ends what it is at: an operation that runs, or retries, keeps an Application from going. */
function withoutAutomation(
  cluster: string,
  ref: ObjectRef | undefined,
  object: KubeObject,
  isSet: boolean,
): PreviewStep[] {
  type Policy = { syncPolicy?: { automated?: unknown } };
  const spec = (object.spec ?? {}) as Policy & { template?: { spec?: Policy } };
  const automated = (isSet ? spec.template?.spec : spec)?.syncPolicy?.automated != null;
  const operating = !isSet && object.operation != null;
  if (!ref || (!automated && !operating)) return [];
  const off = { syncPolicy: { automated: null } };
  const patch = {
    ...(object.metadata.uid === undefined ? {} : { metadata: { uid: object.metadata.uid } }),
    ...(automated ? { spec: isSet ? { template: { spec: off } } : off } : {}),
    ...(operating ? { operation: null } : {}),
  };
  return [{ do: "patch", cluster, ref, type: "merge", patch }];
}

function removal(cluster: string, ref: ObjectRef | undefined, object: KubeObject): PreviewStep[] {
  const { uid } = object.metadata;
  return ref && uid !== undefined && !isTerminating(object)
    ? [{ do: "delete", cluster, ref, uid, propagation: "foreground" }]
    : [];
}

const POST_DELETE = "post-delete-finalizer.argocd.argoproj.io";
const PRE_DELETE = "pre-delete-finalizer.argocd.argoproj.io";
const RESOURCES = "resources-finalizer.argocd.argoproj.io";
const HOOK = "argocd.argoproj.io/hook-finalizer";

/**
 * Finalizers by which a contributor's hooks, or what is gone with its namespace, would hold an Application for ever. Its resources are waited for
 * as long as the namespace that they are in is there.
 */
function freed(
  cluster: string,
  ref: ObjectRef | undefined,
  application: KubeObject,
  destinationGone: boolean,
): PreviewStep[] {
  const { finalizers = [], uid } = application.metadata;
  if (!ref || !isTerminating(application)) return [];
  const kept = finalizers.filter(
    (one) =>
      ![POST_DELETE, PRE_DELETE].some((name) => one === name || one.startsWith(`${name}/`)) &&
      !(destinationGone && (one === RESOURCES || one.startsWith(`${RESOURCES}/`))),
  );
  if (kept.length === finalizers.length) return [];
  return [
    {
      do: "patch",
      cluster,
      ref,
      type: "merge",
      patch: { metadata: { finalizers: kept, ...(uid === undefined ? {} : { uid }) } },
    },
  ];
}

/**
 * Argo CD's own finalizer on an AppProject that no Application uses. Its controller may go on counting one that is gone, and then keeps the project
 * until it is started again: https://github.com/argoproj/argo-cd/pull/29737
 */
function projectFreed(hub: PreviewPlace["argocd"], { metadata }: KubeObject, world: PreviewWorld): PreviewStep[] {
  const { name, finalizers = [], uid } = metadata;
  const kept = finalizers.filter((one) => one !== RESOURCES);
  if (world.usesProject?.length !== 0 || kept.length === finalizers.length) return [];
  const ref = { kind: KINDS.appProject, name, namespace: hub.namespace };
  const patch = { metadata: { finalizers: kept, ...(uid === undefined ? {} : { uid }) } };
  return [{ do: "patch", cluster: hub.cluster, ref, type: "merge", patch }];
}

/** Argo CD keeps an AppProject for as long as an Application uses it, whoever made that. */
function users(cluster: string, project: KubeObject, applications: readonly string[] = []): PreviewReason[] {
  if (applications.length === 0) return [];
  const message = `Argo CD keeps it because it is used by ${applications.join(", ")}, which HMS-SYS did not make.`;
  return [{ cause: "held", message, cluster, object: nameOf(project), awaits: "people" }];
}

/** Argo CD's own finalizer on hooks, which nobody takes away once their Application is gone. */
function hooksFreed({ place, workload = [] }: PlaceWorld): PreviewStep[] {
  return workload.flatMap((object): PreviewStep[] => {
    const ref = refOf(object);
    const { finalizers = [], uid, namespace } = object.metadata;
    if (!ref || !isTerminating(object) || namespace !== place.namespace || !finalizers.includes(HOOK)) return [];
    const kept = finalizers.filter((one) => one !== HOOK);
    const patch = { metadata: { finalizers: kept, ...(uid === undefined ? {} : { uid }) } };
    return [{ do: "patch", cluster: place.cluster, ref, type: "merge", patch }];
  });
}

function isDestination({ spec }: KubeObject, place: PreviewPlace): boolean {
  const { destination } = (spec ?? {}) as { destination?: { namespace?: unknown; name?: unknown } };
  return destination?.namespace === place.namespace;
}

function stillThere(cluster: string, application: KubeObject, nowMs: number): PreviewReason[] {
  const { finalizers = [] } = application.metadata;
  const long = isLong(application, nowMs);
  const by = finalizers.length > 0 ? ` It waits for ${finalizers.join(", ")}.` : "";
  return long
    ? [
        {
          cause: "held",
          message: `Argo CD has not let it go yet.${by}`,
          cluster,
          object: nameOf(application),
          awaits: "people",
        },
      ]
    : [];
}

/** What a namespace itself says of why it is not gone: https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/ */
function holders({ place, namespace }: PlaceWorld, nowMs: number): PreviewReason[] {
  if (!namespace) return [];
  const long = isLong(namespace, nowMs);
  return remaining(namespace).map(({ type, message }) => ({
    cause: "held",
    message: `${type}: ${message ?? ""}`,
    cluster: place.cluster,
    object: nameOf(namespace),
    awaits: long ? "people" : "machines",
  }));
}

/**
 * Whether hooks may hold a namespace that goes, so that what is in it is worth reading. A sync that was cut off leaves them behind; Kubernetes says
 * so itself, but not before all Pods are gone.
 */
export function mayHaveHooks({ places, applications }: PreviewWorld, nowMs: number): boolean {
  const cutOff = applications.some(({ status }) => {
    const { operationState } = (status ?? {}) as { operationState?: { phase?: unknown } };
    return operationState !== undefined && operationState.phase !== "Succeeded";
  });
  return places.some(({ namespace }) => {
    const goesForMs = nowMs - Date.parse(namespace?.metadata.deletionTimestamp ?? "");
    return (
      goesForMs >= (cutOff ? HANGS_MS : HELD_MS) ||
      (namespace !== undefined &&
        remaining(namespace).some(
          ({ type, message }) => type === "NamespaceFinalizersRemaining" && message?.includes(HOOK),
        ))
    );
  });
}

function remaining({ status }: KubeObject): { type?: string; status?: string; message?: string }[] {
  const { conditions } = (status ?? {}) as { conditions?: { type?: string; status?: string; message?: string }[] };
  return (Array.isArray(conditions) ? conditions : []).filter(
    ({ type = "", status: is }) => is === "True" && type.startsWith("Namespace"),
  );
}

function isLong({ metadata }: KubeObject, nowMs: number): boolean {
  return nowMs - Date.parse(metadata.deletionTimestamp ?? "") >= HELD_MS;
}
