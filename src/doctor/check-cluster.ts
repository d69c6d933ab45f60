import type { InventoryCluster } from "../config/clusters.ts";
import type { RoleRule } from "../config/shipped-manifests.ts";
import type { Diagnosis } from "../model/diagnosis.ts";
import { checkFences } from "./check-fences.ts";
import type { ClusterFacts, ClustersFacts } from "./cluster-facts.ts";
import { applyCommand, OR_OVERLAY, placeOf, some } from "./cluster-words.ts";
import { findingsAt, plain } from "./finding.ts";

/** CEL and admission policies as the shipped ones use them; docs/kubernetes.md says the same. */
const OLDEST_MINOR = 31;

/** One declared cluster: that it answers, who we are there, what we may do, and what holds previews and us. */
export function checkCluster(cluster: ClusterFacts, facts: ClustersFacts): Diagnosis[] {
  const { declared, version } = cluster;
  const at = findingsAt(placeOf(declared));
  if (!version.ok)
    return [
      at.unknown(
        "cluster",
        `It does not answer, and nothing of it could be looked at: ${plain(version.problem)}`,
        "Until it does, its previews stay as they are. Look at its API server, and at the address and credentials in KUBECONFIG.",
      ),
    ];
  return [
    checkVersion(version.value, declared),
    ...checkRights(cluster),
    ...checkFences(cluster, facts),
    ...checkExtraKinds(cluster, facts),
    ...checkIngress(cluster),
  ];
}

function checkVersion(version: string, declared: InventoryCluster): Diagnosis {
  const at = findingsAt(placeOf(declared));
  const told = plain(version);
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  // A build of one's own says 0.0.
  if (major === undefined || minor === undefined || major === "0")
    return at.unknown(
      "cluster",
      `It answers, but its version tells nothing: ${told}`,
      `It has to be Kubernetes 1.${OLDEST_MINOR} or newer.`,
    );
  if (version.includes("simulated"))
    return at.warn(
      "cluster",
      `It is simulated (${told}): it runs nothing, and no admission policy holds anything there`,
      "Declare a real one for more than a look around.",
    );
  return Number(major) > 1 || Number(minor) >= OLDEST_MINOR
    ? at.ok("cluster", `It answers, with Kubernetes ${told}`)
    : at.fail(
        "cluster",
        `Kubernetes ${told} is too old: what holds previews needs 1.${OLDEST_MINOR}`,
        "Upgrade the cluster, or take it out of HMS_CLUSTERS.",
      );
}

function checkRights(cluster: ClusterFacts): Diagnosis[] {
  const { rights, declared } = cluster;
  const at = findingsAt(placeOf(declared));
  if (!rights.ok)
    return [at.unknown("cluster-rights", `What HMS-SYS may do could not be asked: ${plain(rights.problem)}`)];
  const { missing, unneeded } = rights.value;
  return [
    missing.length === 0
      ? at.ok("cluster-rights", "HMS-SYS has every right that the manifests give")
      : at.fail("cluster-rights", `HMS-SYS lacks rights: ${some(missing)}`, OR_OVERLAY, applyCommand(cluster)),
    ...(unneeded.length === 0
      ? []
      : [
          at.warn(
            "cluster-rights-unneeded",
            unneeded.includes("everything")
              ? "HMS-SYS is an administrator of the cluster: whoever gets hold of its credential has all of it"
              : `HMS-SYS may do more than it needs: ${some(unneeded)}`,
            "Give KUBECONFIG the ServiceAccount of the manifests (hms-sys in hms-system), and take away what else is bound to this user.",
          ),
        ]),
  ];
}

function checkExtraKinds({ declared, syncRules }: ClusterFacts, { inventory: { extraKinds } }: ClustersFacts) {
  if (extraKinds.length === 0) return [];
  const at = findingsAt(placeOf(declared));
  if (!syncRules.ok)
    return [at.unknown("extra-kinds", `What previews may hold could not be read: ${plain(syncRules.problem)}`)];
  const rules = syncRules.value ?? [];
  const missing = extraKinds.filter((kind) => !rules.some((rule) => mayHold(rule, kind)));
  if (missing.length === 0)
    return [at.ok("extra-kinds", "The ClusterRole hms-preview-sync has a rule for every kind of extra_kinds")];
  const words = missing.map(({ group, kind }) => `${kind}${group === "" ? "" : ` of ${group}`}`);
  return [
    at.fail(
      "extra-kinds",
      `The ClusterRole hms-preview-sync has no rule for ${some(words)}, so that no sync can make them`,
      `Add to its rules, in your overlay, with the plural of each kind: ${JSON.stringify({
        apiGroups: [...new Set(missing.map(({ group }) => group))],
        resources: missing.map(({ kind }) => pluralsOf(kind)[0]),
        verbs: ["get", "list", "watch", "create", "update", "patch", "delete"],
      })}`,
    ),
  ];
}

const MAKING = ["create", "patch", "delete"];

/** Roles name plurals and inventories kinds; of the usual spellings any one will do. */
function mayHold({ apiGroups, resources, verbs }: RoleRule, { group, kind }: { group: string; kind: string }): boolean {
  return (
    [group, "*"].some((one) => apiGroups.includes(one)) &&
    ["*", ...pluralsOf(kind)].some((one) => resources.includes(one)) &&
    (verbs.includes("*") || MAKING.every((verb) => verbs.includes(verb)))
  );
}

function pluralsOf(kind: string): string[] {
  const word = kind.toLowerCase();
  const usual = /[^aeiou]y$/.test(word)
    ? `${word.slice(0, -1)}ies`
    : /(?:s|x|z|ch|sh)$/.test(word)
      ? `${word}es`
      : `${word}s`;
  return [usual, `${word}s`, word];
}

function checkIngress({ declared, ingressNamespaces, ingressClasses }: ClusterFacts): Diagnosis[] {
  const at = findingsAt(placeOf(declared));
  if (!ingressNamespaces.ok)
    return [at.unknown("ingress-controller", `Namespaces could not be listed: ${plain(ingressNamespaces.problem)}`)];
  if (!ingressClasses.ok)
    return [at.unknown("ingress-controller", `IngressClasses could not be listed: ${plain(ingressClasses.problem)}`)];
  const labels = Object.entries(declared.ingressNamespaceLabels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
  if (ingressNamespaces.value.length === 0)
    return [
      at.warn(
        "ingress-controller",
        `No namespace has the labels ${plain(labels)}: previews let nobody in but themselves, and no URL answers`,
        "Set ingress_namespace_labels of the cluster in HMS_CLUSTERS to labels of the namespace that your ingress controller runs in.",
      ),
    ];
  if (ingressClasses.value === 0)
    return [
      at.warn(
        "ingress-controller",
        "The cluster has no IngressClass: nothing serves the Ingresses of previews",
        "Install an ingress controller, or do without url in hms.yml.",
      ),
    ];
  return [at.ok("ingress-controller", `Previews let in ${some(ingressNamespaces.value)}`)];
}
