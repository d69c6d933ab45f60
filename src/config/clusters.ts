/*
 * The clusters on which previews may run, and who may use what: a file of the operator (`HMS_CLUSTERS`). A repository's hms.yml can only name what
 * stands here for it, so that one repository's file cannot reach another's workload.
 */

/** A cluster as the operator declared it. */
export interface InventoryCluster {
  /** As Argo CD calls it; `in-cluster` is the one that Argo CD runs in. */
  name: string;
  /** Of the kubeconfig; absent: its current context. */
  context?: string;
  /** HMS-SYS runs in it, and reaches it with its pod's own service account. */
  inCluster?: true;
  /** `owner/name` or `owner/*`, lower case, that may preview there; absent: all. */
  repositories?: string[];
  provider?: string;
  region?: string;
  /** What one preview costs an hour, in the operator's currency. */
  costPerHour?: number;
  /** Round-trip time in ms to places that hms.yml may name in `latency_to`. */
  latencyMs: Record<string, number>;
  /** Most previews at a time on this cluster, of all repositories; absent: no limit. */
  capacity?: number;
  /** Labels of the namespace that the ingress controller runs in: who may reach previews. */
  ingressNamespaceLabels: Record<string, string>;
  /** Address ranges that previews never reach (API server, nodes, services), besides the private ranges. */
  forbiddenCidrs: string[];
  /** What scans run with that are Jobs there; absent: none do. */
  scans?: ClusterScans;
}

/** Jobs of scans on one cluster: everything about them is the operator's. */
export interface ClusterScans {
  /** By its digest: `registry.acme.dev/hms-scan@sha256:…`. */
  image: string;
  /** Address ranges under which the Jobs reach HMS-SYS to report. */
  reportCidrs: string[];
  /** Address ranges that a dynamic scan reaches besides the preview's Pods and the ingress controller's: a load balancer in front of it. */
  targetCidrs: string[];
  /** Address ranges of registries that an image scan reaches. Empty: there are no image scans. */
  registryCidrs: string[];
  /** Kubernetes quantities: what a Job asks for, and may have. */
  cpu: string;
  memory: string;
}

/** Everything that the operator declared about clusters and what previews may use. */
export interface Inventory {
  argocd: {
    /** Name of the cluster that Argo CD runs in. */
    cluster: string;
    namespace: string;
  };
  clusters: InventoryCluster[];
  /** Names of clusters that are no more: what previews had on them is gone with them. */
  retired: string[];
  /** Repositories with deploy manifests, lower case `owner/name`, and the repositories whose previews may be made from each. */
  deployRepositories: { repository: string; usedBy: string[] }[];
  /** Addresses of Helm repositories that charts may depend on. */
  helmRepositories: string[];
  /** Kinds beyond the usual that a preview may hold: Crossplane claims, Argo-managed Terraform. */
  extraKinds: { group: string; kind: string }[];
  /** Hosts under which previews may be published: `*.preview.acme.dev` stands for one label. Empty: any. */
  hosts: string[];
  /** Credentials for private sources and images by repository (lower case `owner/name` or `owner/*`); values are references such as `env:NAME`. */
  credentials: {
    repositories: string[];
    /** For Argo CD, to read the source. */
    git?: { username: string; password: string };
    /** For the kubelet, to pull images; by registry. */
    images?: { registry: string; username: string; password: string }[];
  }[];
}
