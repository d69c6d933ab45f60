/** Group and kind, as Argo CD's projects name them; the group of the core is empty. */
export interface GroupKind {
  group: string;
  kind: string;
}

/**
 * What a preview may hold, besides what the operator adds. Nothing in it gives rights, reaches out of the namespace or lifts what holds a preview
 * there: the shipped ClusterRole `hms-preview-sync` grants these and no others.
 */
export const PREVIEW_KINDS: readonly GroupKind[] = [
  { group: "", kind: "ConfigMap" },
  { group: "", kind: "PersistentVolumeClaim" },
  { group: "", kind: "Pod" },
  { group: "", kind: "Secret" },
  { group: "", kind: "Service" },
  { group: "", kind: "ServiceAccount" },
  { group: "apps", kind: "Deployment" },
  { group: "apps", kind: "StatefulSet" },
  { group: "autoscaling", kind: "HorizontalPodAutoscaler" },
  { group: "batch", kind: "CronJob" },
  { group: "batch", kind: "Job" },
  { group: "networking.k8s.io", kind: "Ingress" },
  { group: "policy", kind: "PodDisruptionBudget" },
];
