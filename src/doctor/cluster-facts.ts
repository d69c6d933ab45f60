import type { Inventory, InventoryCluster } from "../config/clusters.ts";
import type { AdmissionPolicy, RoleRule, ShippedManifests } from "../config/shipped-manifests.ts";
import type { Asked } from "./asked.ts";

/** What the doctor knows of clusters; absent from the facts where previews are off. */
export interface ClustersFacts {
  inventory: Inventory;
  shipped: { everywhere: ShippedManifests; beside: ShippedManifests };
  /** In the order of the inventory. */
  clusters: readonly ClusterFacts[];
  /** Argo CD, on the cluster that the inventory names for it. */
  argocd: ArgoCdFacts;
}

export interface ClusterFacts {
  declared: InventoryCluster;
  /** Whether Argo CD runs there. */
  besideArgoCd: boolean;
  /** What the API server calls its version; the rest was not asked where this failed. */
  version: Asked<string>;
  /** Who we are to the API server. */
  user: Asked<string>;
  /** Rights of the shipped roles that are not there, and others that are too much, each in words. */
  rights: Asked<{ missing: string[]; unneeded: string[] }>;
  /** By name; one that cannot be understood is absent. */
  policies: Asked<ReadonlyMap<string, AdmissionPolicy>>;
  bindings: Asked<readonly PolicyBinding[]>;
  /** Of the ClusterRole `hms-preview-sync`; undefined: there is none. */
  syncRules: Asked<readonly RoleRule[] | undefined>;
  /** Names of the namespaces that the ingress controller is declared to run in. */
  ingressNamespaces: Asked<readonly string[]>;
  ingressClasses: Asked<number>;
  /** Every host that an Ingress names, with the namespace that it lies in. */
  hosts: Asked<readonly { host: string; namespace: string }[]>;
}

export interface PolicyBinding {
  policy: string;
  /** Whether what the policy refuses is denied, and it is so everywhere. */
  denies: boolean;
}

export interface ArgoCdFacts {
  namespace: Asked<boolean>;
  /** Kinds of Argo CD that are not served. */
  kindsMissing: Asked<readonly string[]>;
  /** Data of `argocd-cm`; undefined: it is not there. */
  config: Asked<Readonly<Record<string, string>> | undefined>;
  /** Data of `argocd-cmd-params-cm`. */
  parameters: Asked<Readonly<Record<string, string>> | undefined>;
  /** The ApplicationSet controller; undefined: no Deployment is called so. */
  controller: Asked<{ image: string; args: readonly string[] } | undefined>;
  /** By cluster: whether Argo CD knows it, as far as Applications of previews tell. */
  known: Asked<ReadonlyMap<string, boolean>>;
}

/** What became of the name of a preview's address, as it would be for a pull request. */
export type AddressFacts =
  /** `refused`: why the preview's readiness would not be asked for there. */
  { found: true; refused?: string } | { found: false } | { unknown: string };

/** What a repository's previews need beyond its own files. */
export interface PreviewFacts {
  /** The address that a preview of the pull request 1 would have on the first of its clusters; absent: it has none, or none is possible. */
  sample?: { url: string; host: string; address: AddressFacts };
  /** Whether the installation sees the repository that the manifests lie in; absent: it is the repository itself. */
  sourceSeen?: Asked<boolean>;
}
