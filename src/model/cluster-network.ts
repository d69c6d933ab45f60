/*
 * What network policies of several kinds of namespaces share: https://kubernetes.io/docs/concepts/services-networking/network-policies/
 */

/**
 * Of a namespace that dynamic scans run in: one of a scan of ours, or one that the operator marked. Previews let its Pods in. Pods' own labels would
 * be anybody's to set.
 */
export const DAST_LABELS = { "hms-sys.dev/role": "dast" } as const;

/** A rule for egress: to the cluster's DNS. */
export const CLUSTER_DNS = {
  to: [
    {
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
      podSelector: {
        matchExpressions: [{ key: "k8s-app", operator: "In", values: ["kube-dns", "coredns", "node-local-dns"] }],
      },
    },
    // The caches of https://kubernetes.io/docs/tasks/administer-cluster/nodelocaldns/, at the address that all set-ups use.
    { ipBlock: { cidr: "169.254.20.10/32" } },
  ],
  ports: [
    { protocol: "UDP", port: 53 },
    { protocol: "TCP", port: 53 },
  ],
};
