import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import type { KubeObject, ObjectKind, ObjectRef } from "../../model/kubernetes.ts";
import { type Cluster, ClusterError, type Selection, type Watch } from "../../ports/cluster.ts";
import type { Answer, Connection } from "./connection.ts";
import { statusIn, toClusterError } from "./faults.ts";
import { kindOf, objectIn, type Page, pageIn, withoutSecrets } from "./objects.ts";
import { collectionPath, objectPath, selectionQuery } from "./paths.ts";
import { followObjects, type WatchTimes } from "./watch.ts";

const PAGE_SIZE = "500";
/** Far more than all previews together; beyond it something else is wrong. */
const MAX_PAGES = 400;
const LIST_ATTEMPTS = 3;
/** https://kubernetes.io/docs/reference/using-api/server-side-apply/#managers */
const WRITTEN_BY_US = { fieldManager: "hms-sys", fieldValidation: "Strict" };
const PATCH_TYPES = { merge: "application/merge-patch+json", json: "application/json-patch+json" };

const versionInfo = z.looseObject({ gitVersion: z.string() });
const accessReview = z.looseObject({ status: z.looseObject({ allowed: z.boolean() }) });
const selfReview = z.looseObject({ status: z.looseObject({ userInfo: z.looseObject({ username: z.string() }) }) });

export interface ClusterDeps {
  connection: Connection;
  now(): number;
  log: WatchTimes["log"];
  watchTimes: Omit<WatchTimes, "log">;
}

/** A cluster's API server, spoken to without discovery: kinds bring what their paths need. */
export class KubernetesCluster implements Cluster {
  readonly name: string;
  readonly #deps: ClusterDeps;
  readonly #connection: Connection;

  constructor(deps: ClusterDeps) {
    this.name = deps.connection.cluster;
    this.#deps = deps;
    this.#connection = deps.connection;
  }

  async apply(object: KubeObject, { force = false }: { force?: boolean } = {}): Promise<KubeObject> {
    const kind = kindOf(object);
    if (kind === undefined) throw new TypeError(`${object.apiVersion} ${object.kind} is no kind that is applied`);
    const { name, namespace } = object.metadata;
    const answer = await this.#connection.ask({
      method: "PATCH",
      path: objectPath({ kind, name, ...(namespace === undefined ? {} : { namespace }) }),
      query: { ...WRITTEN_BY_US, ...(force ? { force: "true" } : {}) },
      // JSON is YAML.
      contentType: "application/apply-patch+yaml",
      body: JSON.stringify(object),
      read: false,
      about: kind.plural,
    });
    if (!succeeded(answer)) throw this.#refusal(answer, kind, object);
    return this.#objectOf(answer);
  }

  async get(ref: ObjectRef): Promise<KubeObject | undefined> {
    const answer = await this.#connection.ask({ ...about(ref.kind), path: objectPath(ref) });
    if (isNotThere(answer, ref)) return undefined;
    if (!succeeded(answer)) throw this.#refusal(answer);
    return this.#objectOf(answer);
  }

  async list(selection: Selection): Promise<KubeObject[]> {
    return (await this.#listed(selection)).items;
  }

  async patch(
    ref: ObjectRef,
    type: "merge" | "json",
    patch: unknown,
    { subresource }: { subresource?: string } = {},
  ): Promise<KubeObject | undefined> {
    const answer = await this.#connection.ask({
      method: "PATCH",
      path: objectPath(ref, subresource),
      query: WRITTEN_BY_US,
      contentType: PATCH_TYPES[type],
      body: JSON.stringify(patch),
      read: false,
      about: ref.kind.plural,
    });
    if (isNotThere(answer, ref)) return undefined;
    if (!succeeded(answer)) throw this.#refusal(answer, ref.kind, patch);
    return this.#objectOf(answer);
  }

  async delete(
    ref: ObjectRef,
    { uid, propagation = "background" }: { uid: string; propagation?: "foreground" | "background" },
  ): Promise<"deleting" | "gone"> {
    const propagationPolicy = propagation === "foreground" ? "Foreground" : "Background";
    const answer = await this.#connection.ask({
      method: "DELETE",
      path: objectPath(ref),
      body: JSON.stringify({ apiVersion: "v1", kind: "DeleteOptions", propagationPolicy, preconditions: { uid } }),
      read: false,
      about: ref.kind.plural,
    });
    if (isNotThere(answer, ref)) return "gone";
    if (!succeeded(answer)) throw this.#refusal(answer);
    return "deleting";
  }

  watch(
    selection: Selection,
    changed: (object: KubeObject, what: "changed" | "gone") => void,
    groupedBy?: string,
  ): Watch {
    const { log, now, watchTimes } = this.#deps;
    const { kind, namespace } = selection;
    const query = selectionQuery(selection);
    return followObjects({
      cluster: this.name,
      kind,
      groupedBy,
      changed,
      now,
      times: { ...watchTimes, log },
      list: () => this.#listed(selection),
      open: (more, signal) =>
        this.#connection.open(collectionPath(kind, namespace), { ...query, ...more }, kind.plural, signal),
    });
  }

  async version(): Promise<{ gitVersion: string }> {
    const { gitVersion } = await this.#asked("/version", versionInfo);
    return { gitVersion };
  }

  async may({ verb, group, resource, namespace, name }: Parameters<Cluster["may"]>[0]): Promise<boolean> {
    // `deployments/scale` is two fields there.
    const [plural, subresource] = resource.split("/");
    const resourceAttributes = { verb, group, resource: plural, subresource, namespace, name };
    const review = await this.#asked("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", accessReview, {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: { resourceAttributes },
    });
    return review.status.allowed;
  }

  async whoAmI(): Promise<string> {
    const review = await this.#asked("/apis/authentication.k8s.io/v1/selfsubjectreviews", selfReview, {
      apiVersion: "authentication.k8s.io/v1",
      kind: "SelfSubjectReview",
    });
    return review.status.userInfo.username;
  }

  /** What is no object: a review, which is posted and kept nowhere. */
  async #asked<T>(path: string, schema: z.ZodType<T>, body?: unknown): Promise<T> {
    const question = { path, read: true, about: path.slice(path.lastIndexOf("/") + 1) } as const;
    const answer = await this.#connection.ask(
      body === undefined ? { ...question, method: "GET" } : { ...question, method: "POST", body: JSON.stringify(body) },
    );
    if (!succeeded(answer)) throw this.#refusal(answer);
    const parsed = schema.safeParse(answer.body);
    if (!parsed.success) throw this.#strange(answer);
    return parsed.data;
  }

  /** All pages, or none: a list that expires between two pages starts anew. */
  async #listed(selection: Selection): Promise<Pick<Page, "items" | "resourceVersion">> {
    for (let attempt = 1; ; attempt++) {
      const listed = await this.#pages(selection);
      if (listed !== undefined) return listed;
      if (attempt === LIST_ATTEMPTS)
        throw this.#unavailable(410, `A list of ${selection.kind.plural} expired ${LIST_ATTEMPTS} times`);
      await pause(200 * attempt * (0.5 + Math.random()));
    }
  }

  /** Undefined where it expired. No resource version is asked for, which makes it a read of the store, not of a cache. */
  async #pages(selection: Selection): Promise<Pick<Page, "items" | "resourceVersion"> | undefined> {
    const { kind, namespace } = selection;
    const items: KubeObject[] = [];
    const query: Record<string, string> = { ...selectionQuery(selection), limit: PAGE_SIZE };
    for (let pages = 0; pages < MAX_PAGES; pages++) {
      const answer = await this.#connection.ask({ ...about(kind), path: collectionPath(kind, namespace), query });
      if (answer.status === 410) return undefined;
      if (!succeeded(answer)) throw this.#refusal(answer);
      const page = pageIn(answer.body, kind);
      if (page === undefined) throw this.#strange(answer);
      items.push(...page.items);
      if (page.next === undefined) return { items, resourceVersion: page.resourceVersion };
      query.continue = page.next;
    }
    throw this.#unavailable(200, `There are too many ${kind.plural} to list`);
  }

  #objectOf(answer: Answer): KubeObject {
    const object = objectIn(answer.body);
    if (object === undefined) throw this.#strange(answer);
    return object;
  }

  #refusal({ status, body }: Answer, kind?: ObjectKind, sent?: unknown): ClusterError {
    const said = statusIn(body);
    if (said === undefined || kind?.plural !== "secrets") return toClusterError(this.name, status, said);
    const causes = said.causes.map((cause) => ({ ...cause, message: withoutSecrets(cause.message, sent) }));
    return toClusterError(this.name, status, { ...said, causes, message: withoutSecrets(said.message, sent) });
  }

  #strange({ status }: Answer): ClusterError {
    return this.#unavailable(status, "What answered is no Kubernetes API");
  }

  #unavailable(status: number, what: string): ClusterError {
    return new ClusterError(this.name, "unavailable", status, `${what} (cluster ${this.name}).`);
  }
}

function about(kind: ObjectKind) {
  return { method: "GET", read: true, about: kind.plural } as const;
}

function succeeded({ status }: Answer): boolean {
  return status >= 200 && status < 300;
}

/** Only the API server's own word about this very object counts: a 404 alone may be a proxy's, or a kind that was taken away. */
function isNotThere({ status, body }: Answer, { kind, name }: ObjectRef): boolean {
  const said = status === 404 ? statusIn(body) : undefined;
  return said?.reason === "NotFound" && said.name === name && said.kind === kind.plural;
}
