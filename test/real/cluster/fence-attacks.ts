import type { KubeObject } from "../../../src/model/kubernetes.ts";
import { type Answer, type Asker, RBAC } from "./asker.ts";
import { freshSlug, labelsOf, namespace, object } from "./preview-fixture.ts";

export type Attack = [name: string, refusal: string | RegExp, attack: (who: Asker) => Promise<Answer>];
export const created = (made: KubeObject) => (who: Asker) => who.create(made);

export const bindingToAdmin = (slug: string) =>
  object(`${RBAC}/v1`, "RoleBinding", slug, "mine", {
    roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ kind: "ServiceAccount", name: "default", namespace: slug }],
  });

/** Attacks on what holds a preview in its place. RBAC stops the manifests of a pull request; admission stops everybody. */
export function fenceAttacks(slug: string): Attack[] {
  const quota = object("v1", "ResourceQuota", slug, "hms-quota", {});
  const deny = object("networking.k8s.io/v1", "NetworkPolicy", slug, "hms-deny", {});
  const open = object("networking.k8s.io/v1", "NetworkPolicy", slug, "open", {
    spec: { podSelector: {}, egress: [{}] },
  });
  const endpoints = object("v1", "Endpoints", slug, "web", {
    subsets: [{ addresses: [{ ip: "10.1.2.3" }], ports: [{ port: 80 }] }],
  });
  const slice = object("discovery.k8s.io/v1", "EndpointSlice", slug, "web", {
    addressType: "IPv4",
    endpoints: [{ addresses: ["10.1.2.3"] }],
    ports: [{ port: 80 }],
  });
  return [
    ["a RoleBinding to cluster-admin", "only HMS-SYS writes rolebindings", created(bindingToAdmin(slug))],
    [
      "a Role",
      "only HMS-SYS writes roles",
      created(
        object(`${RBAC}/v1`, "Role", slug, "mine", {
          rules: [{ apiGroups: [""], resources: ["secrets"], verbs: ["get"] }],
        }),
      ),
    ],
    [
      "the quota lifted",
      "only HMS-SYS writes resourcequotas",
      (who) => who.merge(quota, { spec: { hard: { pods: "9999" } } }),
    ],
    [
      "the quota's count",
      "only HMS-SYS writes resourcequotas",
      (who) => who.merge(quota, { status: { used: { pods: "0" } } }, "status"),
    ],
    ["the quota deleted", "only HMS-SYS writes resourcequotas", (who) => who.remove(quota)],
    [
      "all quotas deleted at once",
      "only HMS-SYS writes resourcequotas",
      (who) => who.ask("DELETE", `/api/v1/namespaces/${slug}/resourcequotas`),
    ],
    [
      "limits of one's own",
      "only HMS-SYS writes limitranges",
      created(object("v1", "LimitRange", slug, "mine", { spec: { limits: [{ type: "Pod", max: { cpu: "99" } }] } })),
    ],
    ["a network policy that opens", "only HMS-SYS writes networkpolicies", created(open)],
    ["the network policy deleted", "only HMS-SYS writes networkpolicies", (who) => who.remove(deny)],
    [
      "another Pod Security level",
      "only HMS-SYS changes labels",
      (who) =>
        who.merge(namespace(slug), { metadata: { labels: { "pod-security.kubernetes.io/enforce": "privileged" } } }),
    ],
    [
      "the namespace's label taken off",
      "only HMS-SYS changes labels",
      (who) => who.merge(namespace(slug), { metadata: { labels: { "hms-sys.dev/preview": null } } }),
    ],
    [
      "its label taken off through its status",
      "only HMS-SYS changes labels",
      (who) => who.merge(namespace(slug), { metadata: { labels: { "hms-sys.dev/preview": null } } }, "status"),
    ],
    [
      "more hosts",
      "only HMS-SYS changes what a preview's namespace allows",
      (who) => who.merge(namespace(slug), { metadata: { annotations: { "hms-sys.dev/hosts": "shop.example.test" } } }),
    ],
    [
      "the hosts' annotation taken off",
      "only HMS-SYS changes what a preview's namespace allows",
      (who) => who.merge(namespace(slug), { metadata: { annotations: { "hms-sys.dev/hosts": null } } }),
    ],
    [
      "a finalizer on the namespace",
      "takes no finalizers",
      (who) => who.merge(namespace(slug), { metadata: { finalizers: ["evil.example.test/forever"] } }),
    ],
    ["a namespace that says it is a preview", "only HMS-SYS makes namespaces", created(namespace(freshSlug()))],
    [
      "another namespace made a preview",
      "only HMS-SYS changes labels",
      (who) =>
        who.merge(
          { apiVersion: "v1", kind: "Namespace", metadata: { name: "default" } },
          { metadata: { labels: labelsOf("default") } },
        ),
    ],
    [
      "a token for the ServiceAccount that syncs",
      "no tokens for the ServiceAccount",
      (who) =>
        who.ask("POST", `/api/v1/namespaces/${slug}/serviceaccounts/hms-sync/token`, {
          apiVersion: "authentication.k8s.io/v1",
          kind: "TokenRequest",
          spec: {},
        }),
    ],
    ["endpoints elsewhere", "only Kubernetes writes endpoints", created(endpoints)],
    ["endpoint slices elsewhere", "only Kubernetes writes endpoints", created(slice)],
  ];
}
