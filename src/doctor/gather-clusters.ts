import { z } from "zod";
import type { Inventory, InventoryCluster } from "../config/clusters.ts";
import {
  type AdmissionPolicy,
  admissionPolicySchema,
  readShippedManifests,
  roleSchema,
} from "../config/shipped-manifests.ts";
import { KINDS, type ObjectKind } from "../model/kubernetes.ts";
import { MANAGED_BY } from "../model/preview.ts";
import { type Cluster, ClusterError, type Clusters } from "../ports/cluster.ts";
import { type Asked, asked, mapFew } from "./asked.ts";
import type { ArgoCdFacts, ClusterFacts, ClustersFacts, PolicyBinding } from "./cluster-facts.ts";
import { type Access, EVERYTHING, excessiveRights, rightsInWords, rightsOf } from "./rights.ts";

/** Fewer than one cluster takes at a time: previews go on meanwhile. */
const AT_ONCE = 8;

const ADMISSION = "admissionregistration.k8s.io/v1";
const OBJECTS = {
  policy: {
    apiVersion: ADMISSION,
    kind: "ValidatingAdmissionPolicy",
    plural: "validatingadmissionpolicies",
    namespaced: false,
  },
  binding: {
    apiVersion: ADMISSION,
    kind: "ValidatingAdmissionPolicyBinding",
    plural: "validatingadmissionpolicybindings",
    namespaced: false,
  },
  clusterRole: {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    plural: "clusterroles",
    namespaced: false,
  },
  ingressClass: {
    apiVersion: "networking.k8s.io/v1",
    kind: "IngressClass",
    plural: "ingressclasses",
    namespaced: false,
  },
  configMap: { apiVersion: "v1", kind: "ConfigMap", plural: "configmaps", namespaced: true },
} as const satisfies Record<string, ObjectKind>;

const bindingSchema = z.looseObject({
  spec: z.looseObject({
    policyName: z.string(),
    validationActions: z.array(z.string()).default([]),
    paramRef: z.unknown().optional(),
    matchResources: z
      .looseObject({
        namespaceSelector: z.record(z.string(), z.unknown()).default({}),
        objectSelector: z.record(z.string(), z.unknown()).default({}),
        resourceRules: z.array(z.unknown()).default([]),
        excludeResourceRules: z.array(z.unknown()).default([]),
      })
      .optional(),
  }),
});
const ingressSchema = z.looseObject({
  spec: z.looseObject({
    rules: z.array(z.looseObject({ host: z.string().optional() })).default([]),
  }),
});
const controllerSchema = z.looseObject({
  spec: z.looseObject({
    template: z.looseObject({
      spec: z.looseObject({
        containers: z
          .array(
            z.looseObject({
              image: z.string().default(""),
              command: z.array(z.string()).default([]),
              args: z.array(z.string()).default([]),
            }),
          )
          .min(1),
      }),
    }),
  }),
});
const configSchema = z.looseObject({ data: z.record(z.string(), z.string()).default({}) });
const applicationSchema = z.looseObject({
  spec: z.looseObject({ destination: z.looseObject({ name: z.string() }) }),
  status: z.looseObject({
    sync: z.looseObject({ status: z.string() }).optional(),
    conditions: z.array(z.looseObject({ message: z.string() })).default([]),
  }),
});

/** Reads all that the doctor judges of the declared clusters; nothing is written there. */
export async function gatherClusters({
  inventory,
  clusters,
}: {
  inventory: Inventory;
  clusters: Clusters;
}): Promise<ClustersFacts> {
  const shipped = readShippedManifests();
  const home = clusters.cluster(inventory.argocd.cluster);
  const [argocd, ...rest] = await Promise.all([
    argocdFacts(home, inventory.argocd.namespace),
    ...inventory.clusters.map((declared) => clusterFacts(declared, clusters, inventory, shipped)),
  ]);
  return { inventory, shipped, clusters: rest, argocd };
}

async function clusterFacts(
  declared: InventoryCluster,
  clusters: Clusters,
  { argocd }: Inventory,
  shipped: ClustersFacts["shipped"],
): Promise<ClusterFacts> {
  const cluster = clusters.cluster(declared.name);
  const besideArgoCd = declared.name === argocd.cluster;
  const version = cluster
    ? await asked(async () => (await cluster.version()).gitVersion)
    : { ok: false as const, problem: "no connection was made" };
  if (!cluster || !version.ok) {
    const none = { ok: false as const, problem: version.ok ? "" : version.problem };
    const unread = { user: none, rights: none, policies: none, bindings: none, syncRules: none };
    return {
      ...{ declared, besideArgoCd, version, ...unread },
      ...{ ingressNamespaces: none, ingressClasses: none, hosts: none },
    };
  }
  const namespace = besideArgoCd ? argocd.namespace : undefined;
  const needed = [
    ...rightsOf(shipped.everywhere.rules),
    ...(namespace === undefined ? [] : rightsOf(shipped.beside.rules, namespace)),
  ];
  return {
    declared,
    besideArgoCd,
    version,
    user: await asked(() => cluster.whoAmI()),
    rights: await asked(() => rightsFacts(cluster, needed, excessiveRights(namespace))),
    policies: await asked(() => policiesOf(cluster)),
    bindings: await asked(() => bindingsOf(cluster)),
    syncRules: await asked(async () => {
      const role = await cluster.get({ kind: OBJECTS.clusterRole, name: "hms-preview-sync" });
      return role && roleSchema.parse(role).rules;
    }),
    ingressNamespaces: await asked(async () => {
      const labels = declared.ingressNamespaceLabels;
      return (await cluster.list({ kind: KINDS.namespace, labels })).map(({ metadata }) => metadata.name);
    }),
    ingressClasses: await asked(async () => (await cluster.list({ kind: OBJECTS.ingressClass })).length),
    hosts: await asked(() => hostsOn(cluster)),
  };
}

async function rightsFacts(cluster: Cluster, needed: readonly Access[], excessive: readonly Access[]) {
  if (await cluster.may(EVERYTHING)) return { missing: [], unneeded: ["everything"] };
  const held = async (rights: readonly Access[]) =>
    mapFew(rights, AT_ONCE, async (access) => ({ access, allowed: await cluster.may(access) }));
  const missing = (await held(needed)).filter(({ allowed }) => !allowed).map(({ access }) => access);
  const unneeded = (await held(excessive)).filter(({ allowed }) => allowed).map(({ access }) => access);
  // What may be done everywhere need not be said of one namespace again.
  const told = unneeded.filter(
    (one) =>
      one.namespace === undefined ||
      !unneeded.some((other) => other.verb === one.verb && other.resource === one.resource && !other.namespace),
  );
  return { missing: rightsInWords(missing), unneeded: rightsInWords(told) };
}

async function policiesOf(cluster: Cluster): Promise<ReadonlyMap<string, AdmissionPolicy>> {
  const found = await cluster.list({ kind: OBJECTS.policy });
  return new Map(
    found.flatMap((object) => {
      const parsed = admissionPolicySchema.safeParse({ ...object, kind: OBJECTS.policy.kind });
      return parsed.success ? [[object.metadata.name, parsed.data] as const] : [];
    }),
  );
}

async function bindingsOf(cluster: Cluster): Promise<PolicyBinding[]> {
  return (await cluster.list({ kind: OBJECTS.binding })).flatMap((object) => {
    const parsed = bindingSchema.safeParse(object);
    if (!parsed.success) return [];
    const { policyName, validationActions, paramRef, matchResources } = parsed.data.spec;
    const narrowed = Object.values(matchResources ?? {}).some(
      (part) => typeof part === "object" && part !== null && Object.keys(part).length > 0,
    );
    return [{ policy: policyName, denies: validationActions.includes("Deny") && paramRef === undefined && !narrowed }];
  });
}

async function hostsOn(cluster: Cluster): Promise<{ host: string; namespace: string }[]> {
  return (await cluster.list({ kind: KINDS.ingress })).flatMap((object) => {
    const parsed = ingressSchema.safeParse(object);
    const namespace = object.metadata.namespace ?? "";
    return parsed.success ? parsed.data.spec.rules.flatMap(({ host }) => (host ? [{ host, namespace }] : [])) : [];
  });
}

const ARGOCD_KINDS = [KINDS.application, KINDS.applicationSet, KINDS.appProject];

async function argocdFacts(cluster: Cluster | undefined, namespace: string): Promise<ArgoCdFacts> {
  const ask = async <T>(question: (cluster: Cluster) => Promise<T>): Promise<Asked<T>> =>
    cluster ? asked(() => question(cluster)) : { ok: false, problem: "the cluster that it runs in is not declared" };
  const dataOf = (name: string) =>
    ask(async (there) => {
      const found = await there.get({ kind: OBJECTS.configMap, namespace, name });
      return found && configSchema.parse(found).data;
    });
  return {
    namespace: await ask(async (there) => (await there.get({ kind: KINDS.namespace, name: namespace })) !== undefined),
    kindsMissing: await ask(async (there) => {
      const served = await mapFew(ARGOCD_KINDS, AT_ONCE, (kind) => isServed(there, kind, namespace));
      return ARGOCD_KINDS.filter((_, at) => !served[at]).map(({ plural }) => plural);
    }),
    config: await dataOf("argocd-cm"),
    parameters: await dataOf("argocd-cmd-params-cm"),
    controller: await ask(async (there) => {
      const name = "argocd-applicationset-controller";
      const found = await there.get({ kind: KINDS.deployment, namespace, name });
      const first = found && controllerSchema.parse(found).spec.template.spec.containers[0];
      return first && { image: first.image, args: [...first.command, ...first.args] };
    }),
    known: await ask((there) => knownClusters(there, namespace)),
  };
}

/** By asking for an object that nobody has: where the kind is served, only that is not there. */
async function isServed(cluster: Cluster, kind: ObjectKind, namespace: string): Promise<boolean> {
  try {
    await cluster.get({ kind, namespace, name: "hms-doctor-asks" });
    return true;
  } catch (error) {
    if (error instanceof ClusterError && error.fault === "no-such-kind") return false;
    throw error;
  }
}

/** HMS-SYS may not read the Secrets in which Argo CD keeps its clusters; what it says of Applications tells. */
async function knownClusters(cluster: Cluster, namespace: string): Promise<ReadonlyMap<string, boolean>> {
  const labels = { "app.kubernetes.io/managed-by": MANAGED_BY };
  const known = new Map<string, boolean>();
  for (const object of await cluster.list({ kind: KINDS.application, namespace, labels })) {
    const parsed = applicationSchema.safeParse(object);
    if (!parsed.success) continue;
    const { spec, status } = parsed.data;
    const denied = status.conditions.some(({ message }) => message.includes("there are no clusters with this name"));
    if (denied) known.set(spec.destination.name, false);
    else if (status.sync?.status === "Synced" && !known.has(spec.destination.name))
      known.set(spec.destination.name, true);
  }
  return known;
}
