import {
  at,
  type Fields,
  fieldsOf,
  isFields,
  listOf,
  numberAt,
  type Stored,
  same,
  textAt,
  timestamp,
} from "../api/fields.ts";
import type { Resource } from "../api/resources.ts";
import type { Change } from "../api/store.ts";
import { type LocalClient, pathOf } from "../controllers/local-client.ts";
import { WorkQueue } from "../controllers/work-queue.ts";
import { type Destination, type Hub, offences, secretData } from "./destinations.ts";
import { finalize } from "./finalize.ts";
import { type GitSources, SourceError } from "./git-sources.ts";
import { worst } from "./health.ts";
import { manifestsOf } from "./manifests.ts";
import { runOperation } from "./operations.ts";
import { compare, isHook, resourceStatus, TRACKING, type Tracked } from "./targets.ts";

const AT_ONCE = 8;
/** Between two syncs that heal what does not stay healed. */
const HEAL_REST_MS = 5_000;
const REFRESH = "argocd.argoproj.io/refresh";

/** What is known of an Application before anything is compared. */
export interface Ground {
  project: Stored;
  destination: Destination;
  namespace: string;
}

export interface Comparison {
  tracked: Tracked[];
  /** The commit; "" where the source could not be read. */
  revision: string;
  error?: string;
}

/** The application controller: compares, syncs, tells, deletes. https://argo-cd.readthedocs.io/en/stable/operator-manual/architecture/ */
export class Applications {
  readonly client: LocalClient;
  readonly hub: Hub;
  readonly #sources: GitSources;
  readonly #queue: WorkQueue;
  /** Groups of a sync that are applied, by Application and try. */
  /** When an operation that failed is tried again, by Application. */
  readonly retries = new Map<string, number>();
  readonly applied = new Map<string, Map<string, object[]>>();

  constructor(client: LocalClient, hub: Hub, sources: GitSources) {
    this.client = client;
    this.hub = hub;
    this.#sources = sources;
    this.#queue = new WorkQueue((name) => this.#look(name), AT_ONCE);
  }

  /** Of this cluster, and of those that it deploys to. */
  changed({ resource, object, old, type }: Change, here: boolean): void {
    const { annotations, namespace, name } = object.metadata;
    for (const id of [annotations?.[TRACKING], old?.metadata.annotations?.[TRACKING]])
      if (id) this.#queue.add(id.split(":")[0] ?? "");
    if (!here || namespace !== this.hub.namespace) return;
    if (resource.group === "argoproj.io" && resource.plural === "applications" && type !== "DELETED")
      this.#queue.add(name);
    if (resource.plural === "appprojects") this.#addAll((one) => textAt(one, "spec", "project") === name);
    if (name === "argocd-cm") this.#addAll(() => true);
    if (resource.plural === "secrets") this.#secretChanged(object);
  }

  #secretChanged(secret: Stored): void {
    const type = secret.metadata.labels?.["argocd.argoproj.io/secret-type"];
    const url = secretData(secret, "url");
    if (type === "cluster") this.#addAll(() => true);
    if (type === "repository") this.#addAll((one) => textAt(one, "spec", "source", "repoURL") === url && isUnread(one));
  }

  #addAll(wanted: (application: Stored) => boolean): void {
    const kind = this.kind();
    if (!kind) return;
    for (const one of this.client.api.store.list(kind, this.hub.namespace))
      if (wanted(one)) this.#queue.add(one.metadata.name);
  }

  later(name: string, afterMs: number): void {
    this.#queue.addAfter(name, afterMs);
  }

  stop(): void {
    this.#queue.stop();
  }

  kind(): Resource | undefined {
    return this.client.api.resources.at("argoproj.io/v1alpha1", "applications");
  }

  get(name: string): Stored | undefined {
    const kind = this.kind();
    return kind && this.client.api.store.get(kind, this.hub.namespace, name);
  }

  /** Writes what a function makes of the Application as it stands now; nothing where that is the same. */
  write(name: string, change: (current: Stored) => Stored): void {
    const [kind, current] = [this.kind(), this.get(name)];
    if (!kind || !current) return;
    const next = change(current);
    const bare = (object: Stored) =>
      JSON.parse(JSON.stringify({ ...object, status: { ...fieldsOf(object.status), reconciledAt: "" } }));
    if (!same(bare(next), bare(current))) this.client.call("PUT", pathOf(kind, this.hub.namespace, name), next);
  }

  async #look(name: string): Promise<void> {
    const application = this.get(name);
    if (!application) return;
    const ground = this.#groundOf(application);
    if (application.operation !== undefined) {
      const comparison =
        "error" in ground ? undefined : await this.comparison(application, ground, operationRevision(application));
      runOperation(this, name, "error" in ground ? ground.error : ground, comparison);
    } else if (application.metadata.deletionTimestamp) {
      finalize(this, application);
      return;
    }
    const current = this.get(name);
    if (current) await this.#refresh(current);
  }

  #groundOf({ spec }: Stored): Ground | { error: string } {
    const name = textAt(spec, "project") || "default";
    const project = this.hub.project(name);
    if (!project) return { error: `Application referencing project ${name} which does not exist` };
    const destination = this.hub.destination(spec);
    const wanted = textAt(spec, "destination", "name") || textAt(spec, "destination", "server");
    if (!destination) return { error: `there are no clusters with this name: ${wanted}` };
    const [error] = offences(project, spec, destination);
    return error ? { error } : { project, destination, namespace: textAt(spec, "destination", "namespace") };
  }

  async comparison(
    { spec, metadata }: Stored,
    { destination, namespace, project }: Ground,
    revision?: string,
  ): Promise<Comparison> {
    const url = textAt(spec, "source", "repoURL");
    const wanted = revision || textAt(spec, "source", "targetRevision") || "HEAD";
    const credentials = this.hub.credentials(url, project.metadata.name);
    try {
      const { sha, files } = await this.#sources.files(url, wanted, credentials);
      const manifests = manifestsOf(files, at(spec, "source"));
      return { revision: sha, tracked: compare(metadata.name, manifests, destination, namespace) };
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      const code = error.message.startsWith("Failed to unmarshal") ? "FailedPrecondition" : "Unknown";
      const message = `Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = ${code} desc = ${error.message}`;
      return { revision: "", tracked: compare(metadata.name, [], destination, namespace), error: message };
    }
  }

  async #refresh(application: Stored): Promise<void> {
    const { name } = application.metadata;
    const ground = this.#groundOf(application);
    if ("error" in ground) {
      const invalid = condition(application, "InvalidSpecError", ground.error);
      return this.#tell(name, {
        sync: { status: "Unknown", comparedTo: comparedTo(application) },
        health: "Unknown",
        conditions: [invalid],
      });
    }
    const { tracked, revision, error } = await this.comparison(application, ground);
    const current = this.get(name);
    // It moved on while git was asked: the change has named it again already.
    if (!current || !same(current.spec, application.spec)) return;
    const own = tracked.filter((one) => !isHook(one));
    const status = error ? "Unknown" : own.every(({ sync }) => sync === "Synced") ? "Synced" : "OutOfSync";
    // Without a target state, what is there counts as it is: of broken YAML and of a missing path Argo CD says Healthy.
    const health = worst(own.flatMap((one) => (error && !one.live ? [] : (one.health?.status ?? []))));
    const shared = tracked.flatMap(({ sharedWith, kind, name: object }) =>
      sharedWith ? [`${kind}/${object} is part of applications ${this.hub.namespace}/${name} and ${sharedWith}`] : [],
    );
    const conditions = [
      ...(error ? [condition(current, "ComparisonError", error)] : []),
      ...shared.map((message) => condition(current, "SharedResourceWarning", message)),
    ];
    const failed = this.#autoSync(current, status, revision, tracked);
    if (failed) conditions.push(condition(current, "SyncError", failed));
    this.#tell(name, {
      sync: { status, comparedTo: comparedTo(current), ...(revision && { revision }) },
      health,
      conditions,
      resources: tracked.map(resourceStatus),
    });
  }

  #tell(
    name: string,
    {
      sync,
      health,
      conditions,
      resources = [],
    }: { sync: object; health: string; conditions: object[]; resources?: object[] },
  ): void {
    this.write(name, (current) => {
      const old = fieldsOf(current.status);
      const since =
        textAt(old, "health", "status") === health ? textAt(old, "health", "lastTransitionTime") : timestamp();
      const status: Fields = { ...old, sync, health: { status: health, lastTransitionTime: since }, resources };
      Object.assign(status, {
        reconciledAt: timestamp(),
        sourceType: "Directory",
        resourceHealthSource: "appTree",
        controllerNamespace: this.hub.namespace,
      });
      delete status.conditions;
      const kept = listOf(old.conditions).filter((one) => textAt(one, "type") === "DeletionError");
      if (conditions.length + kept.length > 0) status.conditions = [...kept, ...conditions];
      const { [REFRESH]: _, ...annotations } = current.metadata.annotations ?? {};
      const metadata = { ...current.metadata, annotations };
      if (Object.keys(annotations).length === 0) delete (metadata as { annotations?: unknown }).annotations;
      return { ...current, metadata, status };
    });
  }

  /** Begins a sync where one is due; why not, where the last one failed. */
  #autoSync(application: Stored, status: string, revision: string, tracked: Tracked[]): string | undefined {
    const automated = at(application, "spec", "syncPolicy", "automated");
    const { deletionTimestamp, name } = application.metadata;
    if (!isFields(automated) || automated.enabled === false || deletionTimestamp || status !== "OutOfSync")
      return undefined;
    if (application.operation !== undefined) return undefined;
    const prune = automated.prune === true;
    if (!prune && tracked.every(({ target, sync }) => !target || sync === "Synced")) return undefined;
    const last = at(application, "status", "operationState");
    const attempted =
      textAt(last, "syncResult", "revision") === revision &&
      same(at(last, "syncResult", "source"), at(application, "spec", "source"));
    const phase = textAt(last, "phase");
    if (attempted && phase !== "Succeeded")
      return `Failed last sync attempt to [${revision}]: ${textAt(last, "message")}`;
    if (attempted && automated.selfHeal !== true) return undefined;
    const finishedMs = Date.parse(textAt(last, "finishedAt"));
    if (
      attempted &&
      numberAt(last, "operation", "sync", "autoHealAttemptsCount") &&
      Date.now() - finishedMs < HEAL_REST_MS
    ) {
      this.later(name, HEAL_REST_MS);
      return undefined;
    }
    const retry = at(application, "spec", "syncPolicy", "retry") ?? { limit: 5 };
    const syncOptions = at(application, "spec", "syncPolicy", "syncOptions");
    const sync = { revision, prune, ...(syncOptions ? { syncOptions } : {}) };
    const count = (numberAt(last, "operation", "sync", "autoHealAttemptsCount") ?? 0) + 1;
    const healing = attempted ? { autoHealAttemptsCount: count } : {};
    this.write(name, (current) => ({
      ...current,
      operation: { sync: { ...sync, ...healing }, initiatedBy: { automated: true }, retry },
    }));
    return undefined;
  }
}

/** New credentials matter to what could not be read so far. */
function isUnread(application: Stored): boolean {
  return textAt(application, "status", "sync", "status") === "Unknown";
}

function operationRevision(application: Stored): string {
  return textAt(application, "operation", "sync", "revision");
}

function comparedTo({ spec }: Stored): object {
  return { source: at(spec, "source"), destination: at(spec, "destination") };
}

function condition(application: Stored, type: string, message: string): object {
  const before = listOf(at(application, "status", "conditions")).find(
    (one) => textAt(one, "type") === type && textAt(one, "message") === message,
  );
  return { type, message, lastTransitionTime: textAt(before, "lastTransitionTime") || timestamp() };
}
