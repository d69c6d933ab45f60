import { type KubeObject, nameOf, type ObjectRef } from "../../src/model/kubernetes.ts";
import { ownerOf, type PreviewPlace } from "../../src/model/preview.ts";
import type { PreviewPlan, PreviewStep, PreviewWorld } from "../../src/preview/preview.ts";

type Json = Record<string, unknown>;

/** How the Argo CD of the toy takes a sync: `hangs` never ends, a number fails so many times. */
export type Behaviour = "works" | "hangs" | number;

/** Clusters and an Argo CD of a few lines: enough to walk from steps to what the next look shows. Nothing of it is timed. */
export class ToyClusters {
  readonly objects = new Map<string, KubeObject>();
  readonly written: PreviewStep[] = [];
  behaviour: Behaviour = "works";
  /** Whether the commits differ in what they deploy. */
  changes = true;
  /** Its controllers do not work; only what steps do happens. */
  stopped = false;
  /** Argo CD counts an Application that is gone: it lets no AppProject go. */
  ghost = false;
  private counter = 0;

  static key(cluster: string, kind: string, name: string, namespace = ""): string {
    return `${cluster}/${kind}/${namespace}/${name}`;
  }

  put(cluster: string, object: KubeObject): KubeObject {
    const { kind, metadata } = object;
    const key = ToyClusters.key(cluster, kind, metadata.name, metadata.namespace);
    const before = this.objects.get(key);
    const uid = before?.metadata.uid ?? `uid-${++this.counter}`;
    const deletionTimestamp = before?.metadata.deletionTimestamp;
    const put: KubeObject = {
      ...object,
      metadata: {
        ...metadata,
        uid,
        resourceVersion: String(++this.counter),
        ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
      },
    };
    this.objects.set(key, put);
    return put;
  }

  get(cluster: string, kind: string, name: string, namespace = ""): KubeObject | undefined {
    return this.objects.get(ToyClusters.key(cluster, kind, name, namespace));
  }

  /** Carries out steps as a coordinator does: what conflicts is left for the next look. */
  carryOut(steps: readonly PreviewStep[], nowMs: number): void {
    for (const step of steps) {
      this.written.push(step);
      if (step.do === "apply") {
        const { kind, metadata } = step.object;
        const status = this.get(step.cluster, kind, metadata.name, metadata.namespace)?.status;
        this.put(step.cluster, { ...step.object, ...(status === undefined ? {} : { status }) });
        continue;
      }
      const found = this.find(step.cluster, step.ref);
      if (!found) continue;
      if (step.do === "delete") {
        if (found.metadata.uid === step.uid) found.metadata.deletionTimestamp ??= new Date(nowMs).toISOString();
        continue;
      }
      const { metadata, ...patch } = step.patch as Json & { metadata?: Json };
      if (metadata?.uid !== undefined && metadata.uid !== found.metadata.uid) continue;
      if (metadata?.resourceVersion !== undefined && metadata.resourceVersion !== found.metadata.resourceVersion)
        continue;
      const { uid: _, resourceVersion: __, ...meta } = metadata ?? {};
      const put = this.put(step.cluster, merged(found, { ...patch, metadata: meta }) as unknown as KubeObject);
      const { deletionTimestamp, finalizers = [] } = put.metadata;
      if (deletionTimestamp !== undefined && finalizers.length === 0) this.remove(step.cluster, put);
    }
  }

  world(
    plan: Pick<PreviewPlan, "slug" | "places">,
    places: readonly PreviewPlace[] = plan.places.map((one) => one.place),
  ) {
    const hub = places[0]?.argocd ?? { cluster: "", namespace: "" };
    const foreign: PreviewWorld["foreign"] = [];
    const named = (cluster: string, kind: string, namespace = ""): KubeObject | undefined => {
      const found = this.get(cluster, kind, plan.slug, namespace);
      if (!found || ownerOf(found.metadata.labels)?.slug === plan.slug) return found;
      foreign.push({ cluster, object: `${kind} ${plan.slug}` });
      return undefined;
    };
    const project = named(hub.cluster, "AppProject", hub.namespace);
    const applications = this.all(hub.cluster, hub.namespace).filter(({ kind }) => kind === "Application");
    const late = this.ghost && project?.metadata.deletionTimestamp !== undefined;
    const world: PreviewWorld = {
      unreadable: [],
      foreign,
      applicationSet: named(hub.cluster, "ApplicationSet", hub.namespace),
      project,
      applications,
      ...(late ? { usesProject: applications.map(nameOf) } : {}),
      places: places.map((place) => {
        const inside = this.all(place.cluster, place.namespace);
        return {
          place,
          namespace: named(place.cluster, "Namespace"),
          ours: inside.filter(
            (one) => ownerOf(one.metadata.labels) && !WORKLOAD.includes(one.kind) && one.kind !== "Secret",
          ),
          workload: inside.filter(({ kind }) => WORKLOAD.includes(kind)),
        };
      }),
    };
    return structuredClone(world);
  }

  /** What the controllers do before the next look. */
  settle(plan: PreviewPlan, nowMs: number): void {
    if (this.stopped) return;
    const hub = plan.places[0]?.place.argocd ?? plan.inventory.argocd;
    const set = this.get(hub.cluster, "ApplicationSet", plan.slug, hub.namespace);
    const applications = this.all(hub.cluster, hub.namespace).filter(({ kind }) => kind === "Application");
    if (set?.metadata.deletionTimestamp !== undefined) {
      for (const one of applications) one.metadata.deletionTimestamp ??= new Date(nowMs).toISOString();
      if (applications.length === 0) this.remove(hub.cluster, set);
    } else if (set) this.generate(hub.cluster, set);
    const project = this.get(hub.cluster, "AppProject", plan.slug, hub.namespace);
    for (const one of this.all(hub.cluster, hub.namespace)) {
      if (one.kind === "Application" && project) this.sync(hub.cluster, one, nowMs);
    }
    const left = this.all(hub.cluster, hub.namespace).some(({ kind }) => kind === "Application");
    if (project?.metadata.deletionTimestamp !== undefined && !left && !this.ghost) this.remove(hub.cluster, project);
    for (const { place } of plan.places) {
      const namespace = this.get(place.cluster, "Namespace", plan.slug);
      if (namespace?.metadata.deletionTimestamp === undefined) continue;
      const inside = this.all(place.cluster, plan.slug);
      for (const one of inside) {
        one.metadata.deletionTimestamp ??= new Date(nowMs).toISOString();
        if ((one.metadata.finalizers ?? []).length === 0) this.remove(place.cluster, one);
      }
      if (inside.length === 0) this.remove(place.cluster, namespace);
    }
  }

  private generate(cluster: string, set: KubeObject): void {
    const spec = set.spec as {
      generators: [{ list: { elements: { name: string; component: string; cluster: string; source: Json }[] } }];
      template: { metadata: { labels: Record<string, string>; finalizers: string[] }; spec: Json };
    };
    for (const { name, cluster: to, source } of spec.generators[0].list.elements) {
      const before = this.get(cluster, "Application", name, set.metadata.namespace);
      const destination = { name: to, namespace: set.metadata.name };
      const wanted = { ...spec.template.spec, destination, source };
      if (before && JSON.stringify(before.spec) === JSON.stringify(wanted)) continue;
      this.put(cluster, {
        ...before,
        apiVersion: "argoproj.io/v1alpha1",
        kind: "Application",
        metadata: {
          ...before?.metadata,
          ...structuredClone(spec.template.metadata),
          name,
          namespace: set.metadata.namespace ?? "",
        },
        spec: wanted,
      });
    }
  }

  private sync(cluster: string, application: KubeObject, nowMs: number): void {
    const app = application as KubeObject & { spec: Json; operation?: Json | null; status?: Json };
    const at = new Date(nowMs).toISOString();
    const status = (app.status ?? {}) as { operationState?: Json & { phase?: string; operation?: Json } };
    const state = status.operationState;
    if (app.operation != null) {
      const running = state?.phase === "Running" || state?.phase === "Terminating";
      if (!running) {
        this.put(cluster, {
          ...app,
          status: { ...status, operationState: { phase: "Running", startedAt: at, operation: app.operation } },
        });
        return;
      }
      if (this.behaviour === "hangs" && state?.phase === "Running") return;
      const fails = typeof this.behaviour === "number" && this.behaviour > 0;
      if (typeof this.behaviour === "number" && fails) this.behaviour -= 1;
      const { sync } = app.operation as { sync: Json };
      const phase = state?.phase === "Terminating" || fails ? "Failed" : "Succeeded";
      const revision = sync.revision ?? (app.spec.source as Json).targetRevision;
      const ended = {
        ...state,
        phase,
        message: phase,
        finishedAt: at,
        syncResult: { revision, source: app.spec.source, resources: [] },
      };
      this.put(cluster, { ...app, operation: null, status: this.compared(app, { ...status, operationState: ended }) });
      return;
    }
    if (app.metadata.deletionTimestamp !== undefined) {
      const left = (app.metadata.finalizers ?? []).filter((one) => !one.startsWith("resources-finalizer"));
      if (left.length === 0) this.remove(cluster, app);
      else app.metadata.finalizers = left;
      return;
    }
    const next = this.compared(app, status) as Json & { sync: Json };
    const { automated } = (app.spec.syncPolicy ?? {}) as { automated?: unknown };
    const revision = (app.spec.source as Json).targetRevision;
    const tried = (state?.syncResult as Json | undefined)?.revision === revision && state?.phase !== "Succeeded";
    const begins = automated != null && next.sync.status === "OutOfSync" && !tried;
    const operation = begins ? { sync: { revision, source: app.spec.source }, info: [] } : undefined;
    if (JSON.stringify(next) === JSON.stringify(app.status) && !operation) return;
    this.put(cluster, { ...app, status: next, ...(operation ? { operation } : {}) });
  }

  /** As Argo CD compares: what the last successful sync deployed with what the source has. */
  private compared(app: KubeObject & { spec: Json }, status: Json): Json {
    const source = app.spec.source as Json;
    const state = status.operationState as { phase?: string; syncResult?: { revision?: unknown } } | undefined;
    const done = (status.deployed as string | undefined) ?? "";
    const deployed = state?.phase === "Succeeded" ? String(state.syncResult?.revision) : done;
    const synced = deployed === source.targetRevision || (deployed !== "" && !this.changes);
    return {
      ...status,
      deployed,
      health: { status: "Healthy" },
      resources: [{ kind: "Service", name: "web", status: synced ? "Synced" : "OutOfSync" }],
      sync: {
        status: synced ? "Synced" : "OutOfSync",
        revision: source.targetRevision,
        comparedTo: { source, destination: app.spec.destination },
      },
    };
  }

  private all(cluster: string, namespace: string): KubeObject[] {
    return [...this.objects].flatMap(([key, one]) =>
      key.startsWith(`${cluster}/`) && one.metadata.namespace === namespace ? [one] : [],
    );
  }

  private find(cluster: string, { kind, name, namespace }: ObjectRef): KubeObject | undefined {
    return this.get(cluster, kind.kind, name, namespace);
  }

  private remove(cluster: string, { kind, metadata }: KubeObject): void {
    this.objects.delete(ToyClusters.key(cluster, kind, metadata.name, metadata.namespace));
  }
}

const WORKLOAD = ["Deployment", "StatefulSet", "ReplicaSet", "Pod", "Job", "CronJob", "PersistentVolumeClaim", "Event"];

/** https://datatracker.ietf.org/doc/html/rfc7386 */
function merged(one: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const found: Json = { ...(one as Json | undefined) };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete found[name];
    else found[name] = merged(found[name], value);
  }
  return found;
}
