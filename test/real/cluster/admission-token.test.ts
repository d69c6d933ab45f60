import { describe, test } from "vitest";
import { NO_RIGHT, RBAC } from "./asker.ts";
import { ownWrites, refused, type TokenAttack } from "./own-writes.ts";
import {
  claim,
  configMap,
  deployment,
  expectDone,
  fences,
  freshSlug,
  HMS,
  labelsOf,
  marked,
  namespace,
  object,
  podSpec,
  secret,
  service,
} from "./preview-fixture.ts";

/*
 * A stolen token of HMS-SYS: attacks on what is not a preview, with the shipped rights. Where RBAC itself refuses, its words are expected;
 * all the rest is refused by admission.
 */
const { argocd, slug, neighbour, other, hms, elsewhere, cluster, applied, labelled } = ownWrites();

const withLabels = (labels: Record<string, string>) => () => hms.merge(namespace(slug), { metadata: { labels } });
const roleBinding = (role: string, subject: Record<string, string>) =>
  labelled(
    object(`${RBAC}/v1`, "RoleBinding", slug, "hms-evil", {
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: role },
      subjects: [subject],
    }),
  );

const PLACES: TokenAttack[] = [
  ["a namespace of others deleted", "touches only namespaces of its previews", () => hms.remove(elsewhere)],
  [
    "a namespace of others made its own",
    "touches only namespaces of its previews",
    () => hms.merge(elsewhere, { metadata: { labels: labelsOf(other) } }),
  ],
  [
    "kube-system deleted",
    /touches only|not allowed|forbidden/,
    () => hms.remove({ ...elsewhere, metadata: { name: "kube-system" } }),
  ],
  [
    "a namespace of another name",
    "touches only namespaces of its previews",
    applied(marked(namespace(slug), { name: `${other}-2` })),
  ],
  [
    "a namespace with another's label",
    "touches only namespaces of its previews",
    applied(marked(namespace(freshSlug()), { labels: labelsOf(slug) })),
  ],
  [
    "a preview without Pod Security",
    "restricted or baseline",
    withLabels({ "pod-security.kubernetes.io/enforce": "privileged" }),
  ],
  [
    "labels that others' network policies let in",
    "labels that HMS-SYS does not give",
    withLabels({ team: "production" }),
  ],
  [
    "a preview that reaches other previews",
    "labels that HMS-SYS does not give",
    withLabels({ "hms-sys.dev/role": "dast" }),
  ],
  ["a preview with another owner", "does not change its owner", withLabels({ "hms-sys.dev/repository": "99" })],
  [
    "Pods of a preview steered to other nodes",
    "annotations that HMS-SYS does not give",
    () =>
      hms.merge(namespace(slug), {
        metadata: { annotations: { "scheduler.alpha.kubernetes.io/node-selector": "a=b" } },
      }),
  ],
  [
    "a finalizer on a namespace",
    "adds no finalizers",
    () => hms.merge(namespace(slug), { metadata: { finalizers: ["a.b/c"] } }),
  ],
  ...(["default", "kube-system", argocd] as const).flatMap((place): TokenAttack[] => [
    [
      `a network policy in ${place}`,
      "does not write networkpolicies",
      applied(
        labelled(object("networking.k8s.io/v1", "NetworkPolicy", place, "hms-deny", { spec: { podSelector: {} } })),
      ),
    ],
    [
      `itself bound in ${place}`,
      "does not write rolebindings",
      applied(
        marked(roleBinding("hms-preview-sync", { kind: "User", apiGroup: RBAC, name: HMS }), { namespace: place }),
      ),
    ],
    [
      `a quota in ${place}`,
      "does not write resourcequotas",
      applied(labelled(object("v1", "ResourceQuota", place, "hms-quota", { spec: { hard: { pods: "0" } } }))),
    ],
    [
      `a ServiceAccount in ${place}`,
      "does not write serviceaccounts",
      () => hms.merge(object("v1", "ServiceAccount", place, "default", {}), { imagePullSecrets: [{ name: "x" }] }),
    ],
  ]),
  [
    "a Secret hms-pull in kube-system",
    /does not write secrets|which it did not make/,
    applied(fences("kube-system")[5] ?? cluster),
  ],
  ["every Secret of a cluster", NO_RIGHT, () => hms.ask("GET", "/api/v1/secrets")],
  ["Secrets beside Argo CD listed", NO_RIGHT, () => hms.ask("GET", `/api/v1/namespaces/${argocd}/secrets`)],
  ["a Secret beside Argo CD read", NO_RIGHT, () => hms.read(cluster)],
  ["a Secret of a preview read", NO_RIGHT, () => hms.read(secret(slug, "theirs"))],
  [
    "rights of its own",
    NO_RIGHT,
    () => hms.merge({ apiVersion: `${RBAC}/v1`, kind: "ClusterRole", metadata: { name: "hms-sys" } }, { rules: [] }),
  ],
  [
    "the policies taken away",
    NO_RIGHT,
    () =>
      hms.remove({
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: "ValidatingAdmissionPolicyBinding",
        metadata: { name: "hms-self-scope" },
      }),
  ],
  ["a Pod", NO_RIGHT, () => hms.create(object("v1", "Pod", slug, "p", { spec: podSpec() }))],
  ["a Pod entered", NO_RIGHT, () => hms.ask("POST", `/api/v1/namespaces/${slug}/pods/p/exec?command=sh`)],
  [
    "another's identity",
    NO_RIGHT,
    () => hms.ask("POST", `/api/v1/namespaces/${argocd}/serviceaccounts/default/token`, { spec: {} }),
  ],
];

const OBJECTS: TokenAttack[] = [
  [
    "cluster-admin given",
    /attempting to grant RBAC|binds hms-preview-sync/,
    applied(roleBinding("cluster-admin", { kind: "User", apiGroup: RBAC, name: HMS })),
  ],
  [
    "the sync's rights to somebody else",
    "binds hms-preview-sync to hms-sync",
    applied(roleBinding("hms-preview-sync", { kind: "ServiceAccount", name: "default", namespace: slug })),
  ],
  [
    "its own rights to somebody else",
    "hms-preview-manager to itself",
    applied(roleBinding("hms-preview-manager", { kind: "Group", apiGroup: RBAC, name: "system:authenticated" })),
  ],
  ["another Secret in a preview", NO_RIGHT, applied(labelled(secret(slug, "mine")))],
  [
    "a token in the Secret for images",
    /only Secret that HMS-SYS writes|no Secrets with tokens/,
    async () => {
      const pull = object("v1", "Secret", neighbour, "hms-pull", { type: "kubernetes.io/service-account-token" });
      expectDone(await hms.remove(pull), "removal");
      const annotations = { "kubernetes.io/service-account.name": "default" };
      return hms.apply(marked(pull, { labels: labelsOf(neighbour), annotations }));
    },
  ],
  [
    "a ServiceAccount of another name",
    "only the ServiceAccounts default and hms-sync",
    applied(labelled(object("v1", "ServiceAccount", slug, "mine", {}))),
  ],
  [
    "what others deployed",
    "which it did not make",
    () => hms.merge(deployment(slug, "theirs"), { spec: { paused: true } }),
  ],
  [
    "what others configured",
    "which it did not make",
    () => hms.merge(configMap(slug, "theirs"), { data: { key: "evil" } }),
  ],
  [
    "what others made called its own",
    "which it did not make",
    () => hms.merge(service(slug, "theirs"), { metadata: { labels: labelsOf(slug) } }),
  ],
  [
    "a claim on a volume by name",
    "names no volume",
    applied(labelled(claim(slug, "seed", { volumeName: "production-data" }))),
  ],
  [
    "a Job with the identity that syncs",
    "no Pod runs as the ServiceAccount",
    applied(
      labelled(
        object("batch/v1", "Job", slug, "hms-seed", {
          spec: { template: { spec: podSpec({ restartPolicy: "Never", serviceAccountName: "hms-sync" }) } },
        }),
      ),
    ),
  ],
];

describe("with a stolen token of HMS-SYS nobody gets", () => {
  test.each(PLACES)("%s", async (_name, refusal, attack) => refused(refusal, attack));
  test.each(OBJECTS)("in a preview: %s", async (_name, refusal, attack) => refused(refusal, attack));
});
