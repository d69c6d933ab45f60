import { lesser, nanosOf } from "../config/quantity.ts";
import { KINDS, type KubeObject } from "../model/kubernetes.ts";
import { previewLabels } from "../model/preview.ts";
import type { PreviewPlan } from "./plan.ts";

/** The service account whose rights Argo CD has when it syncs a preview, and no others. */
export const SYNC_ACCOUNT = "hms-sync";
export const PULL_SECRET = "hms-pull";
/** What HMS-SYS is called on a cluster that its manifests were applied to as they are. */
const OWN_USER = "system:serviceaccount:hms-system:hms-sys";
/** Hosts that Ingresses of the namespace may name, with commas between: an admission policy reads it. */
export const HOSTS_ANNOTATION = "hms-sys.dev/hosts";

/** The namespace and what stands in it before anything of the pull request does; whom it lets in and out is told by `networkPolicies`. */
export function namespaceObjects(plan: PreviewPlan, at: PreviewPlan["places"][number]): KubeObject[] {
  const { namespace } = at.place;
  const labels = previewLabels(plan.owner, plan.slug);
  const inside = (kind: { apiVersion: string; kind: string }, name: string, rest: Record<string, unknown>) => ({
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    metadata: { name, namespace, labels },
    ...rest,
  });
  const pull = pullSecret(plan);
  return [
    {
      apiVersion: KINDS.namespace.apiVersion,
      kind: KINDS.namespace.kind,
      metadata: {
        name: namespace,
        labels: { ...labels, ...podSecurityLabels(plan) },
        annotations: { [HOSTS_ANNOTATION]: plan.hosts.join(",") },
      },
    },
    inside(KINDS.resourceQuota, "hms-quota", { spec: { hard: hardLimits(plan) } }),
    inside(KINDS.limitRange, "hms-limits", { spec: { limits: limitsOfOne(plan) } }),
    // Every namespace has this one: pods that name no other get what images need, and no token of the API.
    inside(KINDS.serviceAccount, "default", {
      automountServiceAccountToken: false,
      ...(pull ? { imagePullSecrets: [{ name: PULL_SECRET }] } : {}),
    }),
    inside(KINDS.serviceAccount, SYNC_ACCOUNT, { automountServiceAccountToken: false }),
    inside(KINDS.roleBinding, SYNC_ACCOUNT, {
      roleRef: clusterRole("hms-preview-sync"),
      subjects: [{ kind: "ServiceAccount", name: SYNC_ACCOUNT, namespace }],
    }),
    inside(KINDS.roleBinding, "hms-manager", {
      roleRef: clusterRole("hms-preview-manager"),
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: at.user ?? OWN_USER }],
    }),
    ...(pull ? [inside(KINDS.secret, PULL_SECRET, pull)] : []),
  ];
}

const clusterRole = (name: string) => ({ apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name });

/** https://kubernetes.io/docs/concepts/security/pod-security-admission/ */
function podSecurityLabels({ fork, config }: PreviewPlan): Record<string, string> {
  const label = (mode: string, level: string) => ({
    [`pod-security.kubernetes.io/${mode}`]: level,
    [`pod-security.kubernetes.io/${mode}-version`]: "latest",
  });
  return {
    ...label("enforce", fork ? "restricted" : config.podSecurity),
    ...label("warn", "restricted"),
    ...label("audit", "restricted"),
  };
}

/** https://kubernetes.io/docs/concepts/policy/resource-quotas/ */
function hardLimits({ config: { quota } }: PreviewPlan): Record<string, string> {
  return {
    "requests.cpu": quota.cpu,
    "limits.cpu": quota.cpu,
    "requests.memory": quota.memory,
    "limits.memory": quota.memory,
    "requests.storage": quota.storage,
    pods: String(quota.pods),
    persistentvolumeclaims: "20",
    configmaps: "100",
    secrets: "100",
    services: "50",
    "services.loadbalancers": "0",
    "services.nodeports": "0",
    "count/serviceaccounts": "50",
    "count/deployments.apps": "50",
    "count/replicasets.apps": "500",
    "count/statefulsets.apps": "50",
    "count/jobs.batch": "100",
    "count/cronjobs.batch": "20",
    "count/ingresses.networking.k8s.io": "20",
  };
}

/** So that pods that say nothing of what they need start under the quota, and none takes more than there is for all. */
function limitsOfOne({ config: { quota } }: PreviewPlan): unknown[] {
  // An eighth of the quota each lets several containers without limits run side by side; less than a request would be no limit.
  const cpu = lesser("500m", eighth(quota.cpu, 1_000_000n, "m"));
  const memory = lesser("512Mi", eighth(quota.memory, 1_000_000_000n, ""));
  return [
    {
      type: "Container",
      default: { cpu, memory },
      defaultRequest: { cpu: lesser(cpu, "50m"), memory: lesser(memory, "64Mi") },
      max: { cpu: quota.cpu, memory: quota.memory },
    },
    { type: "PersistentVolumeClaim", max: { storage: quota.storage } },
  ];
}

function eighth(quantity: string, unitNanos: bigint, suffix: string): string {
  const part = (nanosOf(quantity) ?? 0n) / 8n / unitNanos;
  return part === 0n ? quantity : `${part}${suffix}`;
}

/** What the kubelet pulls private images with; never given to a fork. https://kubernetes.io/docs/concepts/containers/images/ */
function pullSecret({ fork, credentials }: PreviewPlan): Record<string, unknown> | undefined {
  const images = fork ? [] : (credentials.images ?? []);
  if (images.length === 0) return undefined;
  const auths = Object.fromEntries(
    images.map(({ registry, username, password }) => [
      registry,
      { username, password, auth: Buffer.from(`${username}:${password}`).toString("base64") },
    ]),
  );
  const text = JSON.stringify({ auths });
  return {
    type: "kubernetes.io/dockerconfigjson",
    data: { ".dockerconfigjson": Buffer.from(text).toString("base64") },
  };
}
