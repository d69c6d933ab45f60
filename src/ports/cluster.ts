import type { KubeObject, ObjectKind, ObjectRef } from "../model/kubernetes.ts";

/** Why a cluster did not do what was asked, sorted by what a caller can do about it. */
export type ClusterFault =
  /** No answer, a time-out, 5xx, 429, or the breaker is open. The effect of a write is unknown. */
  | "unavailable"
  /** 401 or 403 that is no admission policy's: rights or credentials are missing. */
  | "forbidden"
  /** The API does not know the kind: a CRD is not installed, or was taken away. Says nothing about objects. */
  | "no-such-kind"
  /**
   * The world is another than the call supposes: another field manager owns a field, a precondition (uid, resourceVersion) does not hold, or the
   * namespace to write into is not there or goes away. The message says which.
   */
  | "conflict"
  /** 400, 413, 422, and the refusals of admission: the same call will fail again. The message is the API server's. */
  | "refused";

export class ClusterError extends Error {
  override readonly name = "ClusterError";
  readonly fault: ClusterFault;
  /** HTTP status; 0 where there was none. */
  readonly status: number;
  readonly cluster: string;
  constructor(cluster: string, fault: ClusterFault, status: number, message: string) {
    super(message);
    this.cluster = cluster;
    this.fault = fault;
    this.status = status;
  }
}

/** `labels`: all of them must be so. */
export interface Selection {
  kind: ObjectKind;
  namespace?: string;
  labels?: Readonly<Record<string, string>>;
}

/** One Kubernetes cluster, with a credential and a circuit breaker of its own. Every call may reject with {@link ClusterError}. */
export interface Cluster {
  /** As Argo CD calls it. */
  readonly name: string;
  /**
   * Server-side apply with our field manager, strictly validated: makes the object or changes what we own of it. Another manager's fields are a
   * `conflict`, unless `force` takes them over; so are fields that `patch` wrote, which is another way of owning them. https://kubernetes.io/docs/reference/using-api/server-side-apply/
   */
  apply(object: KubeObject, options?: { force?: boolean }): Promise<KubeObject>;
  /** Undefined only where the API server positively says that this object is not there. */
  get(ref: ObjectRef): Promise<KubeObject | undefined>;
  /** All of them, read anew from the API server's store (never from its cache), whatever the number of pages. */
  list(selection: Selection): Promise<KubeObject[]>;
  /** https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply; undefined where the object is not there. */
  patch(
    ref: ObjectRef,
    type: "merge" | "json",
    patch: unknown,
    options?: { subresource?: string },
  ): Promise<KubeObject | undefined>;
  /**
   * Asks for deletion, of this very object: with another uid it is a `conflict`. `gone` where it is not there.
   * `foreground`: it stays until all that it owns is gone.
   */
  delete(
    ref: ObjectRef,
    options: { uid: string; propagation?: "foreground" | "background" },
  ): Promise<"deleting" | "gone">;
  /**
   * Follows all objects of a selection from now on, beginning with those that are there. `gone`: it is no longer in the selection; whether it still
   * exists, with other labels, only `get` says.
   * @param groupedBy a label by whose value what is known is looked up at no cost.
   */
  watch(
    selection: Selection,
    changed: (object: KubeObject, what: "changed" | "gone") => void,
    groupedBy?: string,
  ): Watch;
  /** Whether the API answers, and what it is. */
  version(): Promise<{ gitVersion: string }>;
  /** What the credential may do: https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/self-subject-access-review-v1/ */
  may(access: { verb: string; group: string; resource: string; namespace?: string; name?: string }): Promise<boolean>;
  /** Who the credential is, in the API server's words. */
  whoAmI(): Promise<string>;
}

/**
 * A list that is kept up to date. It resumes where it broke off, lists anew where it cannot or nothing came for long, and never tells of an
 * object as gone because a list failed.
 */
export interface Watch {
  /**
   * What is known; undefined until the first list has come, and while the last successful contact is too long ago to rely on.
   * @param group only those whose label, by which the watch groups, has this value.
   */
  objects(group?: string): readonly KubeObject[] | undefined;
  stop(): void;
}

export interface Clusters {
  /** Undefined where the operator named no such cluster. */
  cluster(name: string): Cluster | undefined;
  readonly names: readonly string[];
}
