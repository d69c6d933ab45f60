import { at, fieldsOf, listOf, type Stored, textAt } from "../api/fields.ts";
import { apiVersionOf, groupResource } from "../api/resources.ts";
import { type LocalClient, pathOf, refusalOf } from "../controllers/local-client.ts";
import { type Destination, isAllowedKind, isAllowedPlace } from "./destinations.ts";
import { TRACKING, type Tracked, trackingId } from "./targets.ts";

export interface SyncOutcome {
  phase: "Running" | "Succeeded" | "Failed";
  message: string;
  resources: object[];
}

export interface SyncWork {
  application: string;
  project: Stored;
  destination: Destination;
  client: LocalClient;
  tracked: Tracked[];
  prune: boolean;
  /** Groups that were applied already, of this try. */
  done: Map<string, object[]>;
}

const PHASES = ["PreSync", "Sync", "PostSync"];

/** One step of a sync: the next wave, as soon as the one before is through. */
export function stepSync(work: SyncWork): SyncOutcome {
  const invalid = work.tracked.flatMap((one) => {
    const why = one.target && offence(work, one);
    return why ? [resultOf(one, "SyncFailed", why)] : [];
  });
  if (invalid.length > 0)
    return { phase: "Failed", message: "one or more synchronization tasks are not valid", resources: invalid };
  const groups = groupsOf(work.tracked);
  for (const [index, { name, members }] of groups.entries()) {
    if (!work.done.has(name)) {
      const results = members.map((one) => applyOne(work, one));
      work.done.set(name, results);
      const failures = results.filter((result) => (result as { status?: string }).status === "SyncFailed");
      if (failures.length > 0) {
        const why = failures.map((result) => textAt(result, "message")).join(",");
        return {
          phase: "Failed",
          message: `one or more objects failed to apply, reason: ${why}`,
          resources: resultsOf(work),
        };
      }
      // What was applied is looked at once the controllers have seen it.
      if (groups.length > 1 || members.some(({ hook }) => hook))
        return { phase: "Running", message: waiting(members[0]), resources: resultsOf(work) };
    }
    if (groups.length === 1 && !members.some(({ hook }) => hook)) break;
    const failed = members.find(({ hook, health }) => (hook ? health?.status === "Degraded" : false));
    if (failed)
      return {
        phase: "Failed",
        message: "one or more synchronization tasks completed unsuccessfully",
        resources: resultsOf(work),
      };
    const unfinished = members.find(({ health, live }) => !live || (health && health.status !== "Healthy"));
    if (unfinished && index < groups.length)
      return { phase: "Running", message: waiting(unfinished), resources: resultsOf(work) };
  }
  return {
    phase: "Succeeded",
    message: "successfully synced (all tasks run)",
    resources: [...resultsOf(work), ...pruned(work)],
  };
}

function waiting(one: Tracked | undefined): string {
  if (!one) return "one or more tasks are running";
  const what = `${one.group}/${one.kind}/${one.name}`;
  return one.hook ? `waiting for completion of hook ${what}` : `waiting for healthy state of ${what}`;
}

function resultsOf({ done }: SyncWork): object[] {
  return [...done.values()].flat();
}

function groupsOf(tracked: Tracked[]): { name: string; members: Tracked[] }[] {
  const wanted = tracked.filter(({ target, hook }) => target && !/PostDelete|SyncFail|Skip/.test(hook));
  const phaseOf = ({ hook }: Tracked) => Math.max(0, hook ? PHASES.indexOf(hook.split(",")[0] ?? "") : 1);
  const groups = Map.groupBy(wanted, (one) => `${phaseOf(one)} ${String(one.wave + 100_000)}`);
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, members]) => ({ name, members }));
}

function offence({ project, destination }: SyncWork, one: Tracked): string | undefined {
  if (!one.resource)
    return `The Kubernetes API could not find ${one.group ? `${one.group}/` : ""}${one.kind} for requested resource ${one.namespace}/${one.name}. Make sure the "${one.kind}" CRD is installed on the destination cluster.`;
  if (one.target && !isAllowedKind(project, one.target, one.resource.namespaced))
    return `resource ${one.group}:${one.kind} is not permitted in project ${project.metadata.name}`;
  if (one.resource.namespaced && !isAllowedPlace(project, destination, one.namespace))
    return `namespace ${one.namespace} is not permitted in project '${project.metadata.name}'`;
  return undefined;
}

function applyOne({ client, application }: SyncWork, one: Tracked): object {
  const { resource, target, namespace, name } = one;
  if (!resource || !target) return resultOf(one, "SyncFailed", "nothing to apply");
  // A hook runs anew in each sync.
  if (one.hook && one.live) client.delete(resource, one.live, { propagationPolicy: "Background" });
  const metadata = fieldsOf(target.metadata);
  const annotations = {
    ...fieldsOf(metadata.annotations),
    ...(one.hook ? {} : { [TRACKING]: trackingId(application, one) }),
  };
  const object = { ...target, metadata: { ...metadata, ...(namespace && { namespace }), annotations } };
  const answer = client.call("PATCH", pathOf(resource, namespace, name), object, {
    contentType: "application/apply-patch+yaml",
    query: { fieldManager: "argocd-controller", force: "true" },
  });
  const refused = refusalOf(answer);
  if (refused) return resultOf(one, "SyncFailed", refused);
  const [singular, ...group] = groupResource({ group: resource.group, plural: resource.singular }).split(".");
  const unchanged = textAt(answer.body, "metadata", "resourceVersion") === one.live?.metadata.resourceVersion;
  const what = answer.status === 201 ? "created" : unchanged ? "unchanged" : "configured";
  return resultOf(one, "Synced", `${[singular, ...group].join(".")}/${name} ${what}`);
}

function pruned({ tracked, client, prune }: SyncWork): object[] {
  return tracked.flatMap((one) => {
    if (one.target || !one.live || !one.resource) return [];
    if (!prune) return [resultOf(one, "PruneSkipped", "ignored (requires pruning)")];
    const refused = refusalOf(client.delete(one.resource, one.live, { propagationPolicy: "Foreground" }));
    return [refused ? resultOf(one, "SyncFailed", refused) : resultOf(one, "Pruned", "pruned")];
  });
}

function resultOf(one: Tracked, status: string, message: string): object {
  const { group, version, kind, namespace, name, hook } = one;
  const phase = hook && PHASES.includes(hook) ? hook : "Sync";
  const containers = listOf(at(one.target, "spec", "template", "spec", "containers"));
  const images = containers.map((container) => textAt(container, "image")).filter(Boolean);
  return {
    group,
    version: version || apiVersionOf({ group, version }),
    kind,
    namespace,
    name,
    ...(hook ? { hookType: hook } : { status }),
    message,
    hookPhase: status === "SyncFailed" ? "Failed" : "Running",
    syncPhase: phase,
    ...(images.length > 0 && { images }),
  };
}
