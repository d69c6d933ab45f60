import { KINDS, type KubeObject, nameOf } from "../model/kubernetes.ts";
import type { PreviewReason, PreviewRecord } from "../model/preview.ts";
import { hubOf } from "./app-project.ts";
import { isSame } from "./application.ts";
import { applicationsOf } from "./application-set.ts";
import { credentialMark } from "./credential-mark.ts";
import { ownedBy, type PlannedObject } from "./objects.ts";
import { rankOf } from "./order.ts";
import { isOurs, isTerminating, refOf } from "./ownership.ts";
import type { PreviewPlan } from "./plan.ts";
import type { PlaceWorld, PreviewStep, PreviewWorld } from "./world.ts";

export interface Containment {
  steps: PreviewStep[];
  reasons: PreviewReason[];
  /** Everything is there as it is wanted. */
  complete: boolean;
  /** Somebody else's object stands in the way: people have to move it. */
  foreign: boolean;
  /** How many of the steps only renew credentials: what is there is as it is wanted all the same. */
  renewals: number;
  /** For `PreviewRecord.credentials`, once all steps are carried out. */
  credentials: string | undefined;
}

interface Seen {
  what: "absent" | "present" | "foreign" | "terminating" | "unknown" | "unreadable";
  object?: KubeObject;
}

/**
 * What has to be written so that all objects of a plan are there. The ApplicationSet comes last: not before everything that fences in what it
 * brings is there, seen or written just before on the same cluster, where one failed write ends all that follow.
 */
export function objectSteps(
  plan: PreviewPlan,
  objects: readonly PlannedObject[],
  isAsWanted: (observed: KubeObject, wanted: KubeObject) => boolean,
  world: PreviewWorld,
  before?: Pick<PreviewRecord, "credentials">,
): Containment {
  const credentials = credentialMark(objects);
  const found: Containment = { steps: [], reasons: [], complete: true, foreign: false, renewals: 0, credentials };
  const ordered = [...objects].sort((a, b) => rankOf(a.object) - rankOf(b.object));
  const looked = ordered.map((desired) => ({ ...desired, seen: look(plan, desired, world) }));
  const blocked = new Set<string>();
  const hub = hubOf(plan).cluster;
  for (const { name } of applicationsOf(plan)) {
    const object = `${KINDS.application.kind} ${name}`;
    if (!world.foreign.some((one) => one.cluster === hub && one.object === object)) continue;
    // The set would take it over.
    found.reasons.push(foreign(hub, object));
    blocked.add(`${hub}/${object}`);
    found.complete = false;
    found.foreign = true;
  }
  let waits = false;
  // What cannot be read back is written whenever something else is: it comes before the set, so that a run that was cut off does it again.
  const isRight = ({ object, seen }: { object: KubeObject; seen: Seen }): boolean =>
    seen.object !== undefined && isAsWanted(seen.object, object) && deploysTheSame(seen.object, object);
  const differs = looked.some((one) => ["absent", "present"].includes(one.seen.what) && !isRight(one));
  const renews = !differs && credentials !== before?.credentials;
  for (const { cluster, object, ownedByProject, seen } of looked) {
    const place = placeKey(cluster, object);
    if (seen.what === "foreign" || seen.what === "terminating" || seen.what === "unreadable") {
      if (seen.what !== "unreadable" && !blocked.has(place)) found.reasons.push(obstacle(cluster, object, seen));
      blocked.add(place);
      found.complete = false;
      found.foreign ||= seen.what === "foreign";
      if (object.kind === "Secret") found.credentials = before?.credentials;
      continue;
    }
    const isRenewal = renews && object.kind === "Secret";
    if (seen.what === "unknown" ? !differs && !isRenewal : isRight({ object, seen })) continue;
    if (!isRenewal) found.complete = false;
    const owned = ownedByProject ? withOwner(plan, object, world) : object;
    const isSet = object.kind === "ApplicationSet";
    const early = isSet && (blocked.size > 0 || waits || awaitsOthers(cluster, found.steps));
    const isBlocked = blocked.has(place);
    if (object.kind === "Secret" && (isBlocked || !owned)) found.credentials = before?.credentials;
    if (isBlocked || early) continue;
    if (owned) found.steps.push({ do: "apply", cluster, object: owned });
    else waits = true;
    if (owned && isRenewal) found.renewals += 1;
  }
  found.steps.push(...superfluousPolicies(plan, objects, world));
  return found;
}

/** Objects in one namespace hang together: where its Namespace is in the way, all of them are. */
function placeKey(cluster: string, { kind, metadata }: KubeObject): string {
  return `${cluster}/${kind === "Namespace" ? metadata.name : (metadata.namespace ?? "")}`;
}

/** Of a set also what is wanted no more makes a difference: that Argo CD syncs by itself, or a parameter. */
function deploysTheSame(seen: KubeObject, wanted: KubeObject): boolean {
  if (wanted.kind !== "ApplicationSet") return true;
  const [one, other] = [seen, wanted].map(({ spec }) => {
    const { generators, template } = (spec ?? {}) as {
      generators?: unknown;
      template?: { spec?: { syncPolicy?: { automated?: unknown } } };
    };
    return { generators, automated: template?.spec?.syncPolicy?.automated };
  });
  return isSame(one, other);
}

/** With a reference to the project, which it has to go with; undefined until that is there. */
function withOwner(
  { owner, slug }: PreviewPlan,
  object: KubeObject,
  { project }: PreviewWorld,
): KubeObject | undefined {
  return project && isOurs(project, owner, slug) && !isTerminating(project) && project.metadata.uid !== undefined
    ? ownedBy(object, project)
    : undefined;
}

function look(plan: PreviewPlan, { cluster, object }: PlannedObject, world: PreviewWorld): Seen {
  if (world.unreadable.some((one) => one.cluster === cluster)) return { what: "unreadable" };
  const name = nameOf(object);
  if (world.foreign.some((one) => one.cluster === cluster && one.object === name)) return { what: "foreign" };
  const seen = find(plan, cluster, object, world);
  if (seen === "unknown") return { what: "unknown" };
  if (seen === undefined) return { what: "absent" };
  if (!isOurs(seen, plan.owner, plan.slug)) return { what: "foreign", object: seen };
  return { what: isTerminating(seen) ? "terminating" : "present", object: seen };
}

function find(
  plan: PreviewPlan,
  cluster: string,
  object: KubeObject,
  world: PreviewWorld,
): KubeObject | "unknown" | undefined {
  const { kind, metadata } = object;
  const place = world.places.find(
    (one) => one.place.cluster === cluster && one.place.namespace === (metadata.namespace ?? metadata.name),
  );
  switch (kind) {
    case "ApplicationSet":
      return world.applicationSet;
    case "AppProject":
      return world.project;
    // HMS-SYS has no right to list Secrets.
    case "Secret":
      return "unknown";
    case "Namespace":
      return place?.namespace;
    default:
      return place === undefined ? "unknown" : inPlace(plan, object, place);
  }
}

function inPlace(
  plan: PreviewPlan,
  { kind, metadata }: KubeObject,
  place: PlaceWorld,
): KubeObject | "unknown" | undefined {
  const isIt = (one: KubeObject): boolean => one.kind === kind && one.metadata.name === metadata.name;
  const found = place.ours.find(isIt) ?? place.workload?.find((one) => isIt(one) && isOurs(one, plan.owner, plan.slug));
  if (found || FENCES.includes(kind) || place.workload) return found;
  return place.namespace === undefined ? undefined : "unknown";
}

/** Kinds that are always asked for. */
const FENCES = ["ResourceQuota", "LimitRange", "NetworkPolicy", "ServiceAccount", "RoleBinding"];

/** Whether something on another cluster is still to be written: whether that works is only seen in the next run. */
function awaitsOthers(cluster: string, steps: readonly PreviewStep[]): boolean {
  return steps.some((step) => step.do === "apply" && step.cluster !== cluster);
}

/** A declared exception that was taken back goes: a policy that stays would still let it through. */
function superfluousPolicies(plan: PreviewPlan, objects: readonly PlannedObject[], world: PreviewWorld): PreviewStep[] {
  return world.places.flatMap(({ place, ours }) =>
    ours.flatMap((seen): PreviewStep[] => {
      const ref = refOf(seen);
      const { uid, name, namespace } = seen.metadata;
      const wanted = objects.some(
        ({ cluster, object }) =>
          cluster === place.cluster &&
          object.kind === seen.kind &&
          object.metadata.name === name &&
          object.metadata.namespace === namespace,
      );
      const goes =
        seen.kind === "NetworkPolicy" &&
        objects.some(({ object }) => object.kind === "NetworkPolicy") &&
        !wanted &&
        !isTerminating(seen) &&
        isOurs(seen, plan.owner, plan.slug);
      return goes && ref && uid !== undefined
        ? [{ do: "delete", cluster: place.cluster, ref, uid, propagation: "background" }]
        : [];
    }),
  );
}

function obstacle(cluster: string, object: KubeObject, seen: Seen): PreviewReason {
  const name = nameOf(object);
  return seen.what === "foreign"
    ? foreign(cluster, name)
    : {
        cause: "held",
        message: `${name} is still being removed; it is made anew when that is done.`,
        cluster,
        object: name,
        awaits: "machines",
      };
}

function foreign(cluster: string, object: string): PreviewReason {
  const message = `${object} is there and not of this preview; it stays untouched. Somebody has to rename or remove it.`;
  return { cause: "foreign", message, cluster, object, awaits: "people" };
}
