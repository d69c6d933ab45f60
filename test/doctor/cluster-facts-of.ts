import type { InventoryCluster } from "../../src/config/clusters.ts";
import type { PreviewConfig } from "../../src/config/preview.ts";
import { PREVIEW_DEFAULTS } from "../../src/config/preview-merge.ts";
import { DEFAULTS } from "../../src/config/schema.ts";
import { type AdmissionPolicy, readShippedManifests } from "../../src/config/shipped-manifests.ts";
import type { ArgoCdFacts, ClusterFacts, ClustersFacts } from "../../src/doctor/cluster-facts.ts";
import { diagnose } from "../../src/doctor/diagnose.ts";
import type { Facts, RepositoryFacts } from "../../src/doctor/facts.ts";
import { factsOf, known, REPOSITORY } from "./facts-of.ts";

export const SHIPPED = readShippedManifests();
const HMS = "system:serviceaccount:hms-system:hms-sys";

export const DECLARED: InventoryCluster = {
  name: "in-cluster",
  latencyMs: {},
  ingressNamespaceLabels: { "kubernetes.io/metadata.name": "ingress-nginx" },
  forbiddenCidrs: [],
};

/** A policy with one of its variables set, as an overlay would. */
export function withVariable(policy: AdmissionPolicy, name: string, expression: string): AdmissionPolicy {
  const variables = policy.spec.variables.map((one) => (one.name === name ? { ...one, expression } : one));
  return { ...policy, spec: { ...policy.spec, variables } };
}

const FILLED_IN: Record<string, [string, string]> = {
  "hms-self-namespaces": ["domains", "['.preview.acme.dev']"],
  "hms-self-argocd": ["sources", "['https://github.com/Acme/']"],
};

/** The shipped policies with the operator's lists filled in, and what `change` makes of those that it names. */
export function policiesOf(change: Record<string, (policy: AdmissionPolicy) => AdmissionPolicy | undefined> = {}) {
  const all = [...SHIPPED.everywhere.policies, ...SHIPPED.beside.policies].flatMap((policy) => {
    const { name } = policy.metadata;
    const [variable, list] = FILLED_IN[name] ?? ["", ""];
    const filled = withVariable(policy, variable, list);
    const changed = change[name];
    return (changed ? changed(filled) : filled) ?? [];
  });
  return known(new Map(all.map((policy) => [policy.metadata.name, policy])));
}

export const BINDINGS = [...SHIPPED.everywhere.policies, ...SHIPPED.beside.policies].map(({ metadata: { name } }) => ({
  policy: name,
  denies: true,
}));

export function clusterOf(change: Partial<ClusterFacts> = {}): ClusterFacts {
  return {
    declared: DECLARED,
    besideArgoCd: true,
    version: known("v1.36.0"),
    user: known(HMS),
    rights: known({ missing: [], unneeded: [] }),
    policies: policiesOf(),
    bindings: known(BINDINGS),
    syncRules: known([]),
    ingressNamespaces: known(["ingress-nginx"]),
    ingressClasses: known(1),
    hosts: known([]),
    ...change,
  };
}

export const ARGOCD: ArgoCdFacts = {
  namespace: known(true),
  kindsMissing: known([]),
  config: known({
    "application.sync.impersonation.enabled": "true",
    "application.resourceTrackingMethod": "annotation",
  }),
  parameters: known({ "applicationsetcontroller.policy": "sync" }),
  controller: known({
    image: "quay.io/argoproj/argocd:v3.2.6",
    args: ["/usr/local/bin/argocd-applicationset-controller"],
  }),
  known: known(new Map()),
};

/** With nothing to mend, but for what is given. */
export function clustersOf(change: Partial<ClustersFacts> = {}): ClustersFacts {
  return {
    inventory: {
      argocd: { cluster: "in-cluster", namespace: "argocd" },
      clusters: (change.clusters ?? [clusterOf()]).map(({ declared }) => declared),
      deployRepositories: [],
      helmRepositories: [],
      extraKinds: [],
      retired: [],
      hosts: [],
      credentials: [],
    },
    shipped: SHIPPED,
    clusters: [clusterOf()],
    argocd: ARGOCD,
    ...change,
  };
}

export const PREVIEW: PreviewConfig = {
  ...PREVIEW_DEFAULTS,
  components: [{ name: "web", path: "deploy/web", image: undefined, imageName: undefined, helm: {} }],
  url: "https://{{slug}}.preview.acme.dev",
};

export function previewing(change: Partial<PreviewConfig> = {}, facts: Partial<RepositoryFacts> = {}): RepositoryFacts {
  return {
    ...REPOSITORY,
    configuration: known({ valid: true, config: { ...DEFAULTS, preview: { ...PREVIEW, ...change } } }),
    preview: {
      sample: {
        url: "https://pr-shop-1-00000000.preview.acme.dev",
        host: "pr-shop-1-00000000.preview.acme.dev",
        address: { found: true },
      },
    },
    ...facts,
  };
}

export function factsWith(clusters: ClustersFacts, repositories: RepositoryFacts[] = [REPOSITORY]): Facts {
  return factsOf({ clusters: known(clusters), repositories });
}

export const worse = (facts: Facts): string[] =>
  diagnose(facts)
    .filter(({ level }) => level !== "ok")
    .map(({ level, code }) => `${level} ${code}`);
export const told = (facts: Facts, code: string) => diagnose(facts).find((finding) => finding.code === code);
