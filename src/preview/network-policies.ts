import { CLUSTER_DNS, DAST_LABELS } from "../model/cluster-network.ts";
import { KINDS, type KubeObject } from "../model/kubernetes.ts";
import { previewLabels } from "../model/preview.ts";
import { isIpv6Range, liesIn } from "./cidr.ts";
import type { PreviewPlan } from "./plan.ts";

/**
 * Never open to a preview, not even as a declared exception: link-local addresses with the clouds' metadata services, the node itself, and addresses
 * that carry one of IPv4 inside. The API server takes none that are written as `::ffff:…`; no network carries them.
 */
const NEVER = [
  "169.254.0.0/16",
  "100.100.100.200/32",
  "168.63.129.16/32",
  "192.0.0.192/32",
  "127.0.0.0/8",
  "0.0.0.0/8",
  "fe80::/10",
  "fd00:ec2::/32",
  "fd20:ce::/32",
  "::/127",
  "64:ff9b::/96",
];
/** Private and other ranges that are not the internet: the API server, nodes and services stand in them. */
const PRIVATE = [
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "100.64.0.0/10",
  "192.0.0.0/24",
  "198.18.0.0/15",
  "224.0.0.0/4",
  "240.0.0.0/4",
  "fc00::/7",
  "ff00::/8",
  "64:ff9b:1::/48",
];
/** Who may reach a preview and whom it may reach: https://kubernetes.io/docs/concepts/services-networking/network-policies/ */
export function networkPolicies(plan: PreviewPlan, at: PreviewPlan["places"][number]): KubeObject[] {
  const policy = (name: string, spec: Record<string, unknown>): KubeObject => ({
    apiVersion: KINDS.networkPolicy.apiVersion,
    kind: KINDS.networkPolicy.kind,
    metadata: { name, namespace: at.place.namespace, labels: previewLabels(plan.owner, plan.slug) },
    spec: { podSelector: {}, ...spec },
  });
  const own = [{ podSelector: {} }];
  const forbidden = at.cluster.forbiddenCidrs;
  const internet = ["0.0.0.0/0", "::/0"].flatMap((all) => opened(all, [...NEVER, ...PRIVATE, ...forbidden]));
  // What is private stays closed to a fork's code, as credentials do.
  const declared = (plan.fork ? [] : plan.config.egress).flatMap(({ cidr, ports }) =>
    opened(cidr, [...NEVER, ...forbidden]).map((ipBlock) => ({
      to: [{ ipBlock }],
      ports: ports.map((port) => ({ protocol: "TCP", port })),
    })),
  );
  return [
    policy("hms-default-deny", { policyTypes: ["Ingress", "Egress"] }),
    policy("hms-ingress", {
      policyTypes: ["Ingress"],
      ingress: [{ from: [...own, ...ingressControllers(at.cluster.ingressNamespaceLabels), dast()] }],
    }),
    policy("hms-egress", {
      policyTypes: ["Egress"],
      egress: [
        { to: own },
        CLUSTER_DNS,
        ...(internet.length > 0 ? [{ to: internet.map((ipBlock) => ({ ipBlock })) }] : []),
      ],
    }),
    // Also without any: an exception that is taken back is closed by the same apply.
    policy("hms-egress-declared", { policyTypes: ["Egress"], egress: declared }),
  ];
}

const dast = () => ({ namespaceSelector: { matchLabels: DAST_LABELS } });

/** A selector without labels would stand for every namespace. */
function ingressControllers(labels: Readonly<Record<string, string>>): unknown[] {
  return Object.keys(labels).length === 0 ? [] : [{ namespaceSelector: { matchLabels: labels } }];
}

/** The range without what is closed; nothing where all of it is. Of two ranges that meet, one lies in the other. */
function opened(cidr: string, closed: readonly string[]): { cidr: string; except?: string[] }[] {
  if (closed.some((one) => liesIn(cidr, one))) return [];
  const inside = closed.filter((one) => isIpv6Range(one) === isIpv6Range(cidr) && liesIn(one, cidr));
  const except = inside
    .filter((one, index) => !inside.some((other, at) => liesIn(one, other) && !(liesIn(other, one) && at >= index)))
    .sort();
  return [{ cidr, ...(except.length > 0 ? { except } : {}) }];
}
