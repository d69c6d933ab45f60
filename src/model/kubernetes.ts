/** Objects of a Kubernetes API as far as HMS-SYS writes or reads them: https://kubernetes.io/docs/reference/using-api/api-concepts/ */

/** A kind of object, with what its address in the API needs. */
export interface ObjectKind {
  /** `v1`, `apps/v1`, `argoproj.io/v1alpha1`. */
  apiVersion: string;
  kind: string;
  /** Its name in paths: `configmaps`. */
  plural: string;
  namespaced: boolean;
}

export interface ObjectMeta {
  name: string;
  /** Absent for kinds that have none. */
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  /** RFC 3339. */
  creationTimestamp?: string;
  /** Set once somebody asked for its deletion. */
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string; controller?: boolean }[];
}

export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
}

export interface ObjectRef {
  kind: ObjectKind;
  name: string;
  namespace?: string;
}

export const KINDS = {
  namespace: { apiVersion: "v1", kind: "Namespace", plural: "namespaces", namespaced: false },
  resourceQuota: { apiVersion: "v1", kind: "ResourceQuota", plural: "resourcequotas", namespaced: true },
  limitRange: { apiVersion: "v1", kind: "LimitRange", plural: "limitranges", namespaced: true },
  serviceAccount: { apiVersion: "v1", kind: "ServiceAccount", plural: "serviceaccounts", namespaced: true },
  secret: { apiVersion: "v1", kind: "Secret", plural: "secrets", namespaced: true },
  event: { apiVersion: "v1", kind: "Event", plural: "events", namespaced: true },
  pod: { apiVersion: "v1", kind: "Pod", plural: "pods", namespaced: true },
  persistentVolumeClaim: {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    plural: "persistentvolumeclaims",
    namespaced: true,
  },
  networkPolicy: {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    plural: "networkpolicies",
    namespaced: true,
  },
  ingress: { apiVersion: "networking.k8s.io/v1", kind: "Ingress", plural: "ingresses", namespaced: true },
  roleBinding: {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    plural: "rolebindings",
    namespaced: true,
  },
  deployment: { apiVersion: "apps/v1", kind: "Deployment", plural: "deployments", namespaced: true },
  statefulSet: { apiVersion: "apps/v1", kind: "StatefulSet", plural: "statefulsets", namespaced: true },
  replicaSet: { apiVersion: "apps/v1", kind: "ReplicaSet", plural: "replicasets", namespaced: true },
  job: { apiVersion: "batch/v1", kind: "Job", plural: "jobs", namespaced: true },
  cronJob: { apiVersion: "batch/v1", kind: "CronJob", plural: "cronjobs", namespaced: true },
  appProject: { apiVersion: "argoproj.io/v1alpha1", kind: "AppProject", plural: "appprojects", namespaced: true },
  application: { apiVersion: "argoproj.io/v1alpha1", kind: "Application", plural: "applications", namespaced: true },
  applicationSet: {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "ApplicationSet",
    plural: "applicationsets",
    namespaced: true,
  },
} as const satisfies Record<string, ObjectKind>;

/** `Deployment web`, as reasons name an object. */
export function nameOf({ kind, metadata }: Pick<KubeObject, "kind" | "metadata">): string {
  return `${kind} ${metadata.name}`;
}
