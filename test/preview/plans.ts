import type { Inventory, InventoryCluster } from "../../src/config/clusters.ts";
import type { PreviewComponent, PreviewConfig } from "../../src/config/preview.ts";
import { type PreviewPlan, slugOf } from "../../src/preview/preview.ts";

export const SHA = "0123456789abcdef0123456789abcdef01234567";

export function component(given: Partial<PreviewComponent> = {}): PreviewComponent {
  return { name: "web", path: "deploy/web", image: undefined, imageName: undefined, helm: {}, ...given };
}

export function previewConfig(given: Partial<PreviewConfig> = {}): PreviewConfig {
  return {
    source: undefined,
    components: [component()],
    url: "https://{{slug}}.preview.acme.dev",
    readiness: { path: "/", status: 200 },
    placement: {},
    ttlMs: 1,
    sleepAfterMs: 0,
    maxActive: 20,
    quota: { cpu: "2", memory: "4Gi", storage: "10Gi", pods: 20 },
    podSecurity: "baseline",
    egress: [],
    when: { draft: false, paths: [], labels: { any: [], not: [] } },
    forks: "approved",
    seed: undefined,
    required: false,
    comment: true,
    ...given,
  };
}

export function inventoryCluster(given: Partial<InventoryCluster> = {}): InventoryCluster {
  return {
    name: "in-cluster",
    latencyMs: {},
    ingressNamespaceLabels: { "kubernetes.io/metadata.name": "ingress-nginx" },
    forbiddenCidrs: [],
    ...given,
  };
}

export interface PlanGiven extends Partial<Omit<PreviewPlan, "places" | "inventory">> {
  clusters?: InventoryCluster[];
  inventory?: Partial<Inventory>;
  repository?: string;
}

/** A plan for pull request 7 of acme/shop on one cluster, changed as given. */
export function previewPlan({ clusters, inventory, repository = "shop", ...given }: PlanGiven = {}): PreviewPlan {
  const owner = given.owner ?? { appId: 1, installationId: 2, repositoryId: 3, number: 7 };
  const slug = slugOf(owner, repository);
  const declared = clusters ?? [inventoryCluster()];
  const argocd = { cluster: "in-cluster", namespace: "argocd" };
  return {
    owner,
    slug,
    sha: SHA,
    fork: false,
    source: { repoUrl: "https://github.com/acme/shop.git", revision: SHA },
    config: previewConfig(),
    url: `https://${slug}.preview.acme.dev`,
    hosts: [`${slug}.preview.acme.dev`],
    credentials: {},
    awake: true,
    ...given,
    places: declared.map((cluster) => ({ place: { cluster: cluster.name, namespace: slug, argocd }, cluster })),
    inventory: {
      argocd,
      clusters: declared,
      deployRepositories: [],
      helmRepositories: [],
      extraKinds: [],
      retired: [],
      hosts: [],
      credentials: [],
      ...inventory,
    },
  };
}
