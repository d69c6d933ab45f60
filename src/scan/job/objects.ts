import type { ClusterScans } from "../../config/clusters.ts";
import { CLUSTER_DNS } from "../../model/cluster-network.ts";
import { KINDS, type KubeObject } from "../../model/kubernetes.ts";
import type { DispatchedKind } from "../../model/scan-kind.ts";
import { namespaceLabels, type ScanOwner, scanLabels, scanNamespace } from "./labels.ts";

/** One scan as a Job: everything but its target is HMS-SYS's or the operator's own, and nothing of a repository is run. */
export interface JobPlan {
  owner: ScanOwner;
  kind: DispatchedKind;
  tool: string;
  target: string;
  /** The namespace of the preview that is attacked; absent: an image is looked into. */
  preview?: string;
  timeoutMs: number;
  /** Where the report goes. */
  reportUrl: string;
  token: string;
  nonce: string;
  operator: ClusterScans;
  /** Labels of the namespace of the ingress controller. */
  ingressLabels: Readonly<Record<string, string>>;
  /** Who HMS-SYS is on the cluster. */
  user: string;
}

export const JOB_NAME = "hms-scan";
const SECRET = "hms-scan-token";
const MANAGER = "hms-scan-manager";
const SECRETS_AT = "/var/run/hms-scan";
/** So that somebody can look at a Job that ended while HMS-SYS was away; HMS-SYS removes the whole namespace otherwise. */
const KEPT_S = 600;

/**
 * The namespace of one scan with all that is in it, in the order in which it is made: nothing runs before it is fenced.
 */
export function jobObjects(plan: JobPlan): KubeObject[] {
  const { owner, user } = plan;
  const namespace = scanNamespace(owner.id);
  const labels = scanLabels(owner);
  const inside = (kind: { apiVersion: string; kind: string }, name: string, rest: Record<string, unknown>) => ({
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    metadata: { name, namespace, labels },
    ...rest,
  });
  return [
    {
      apiVersion: KINDS.namespace.apiVersion,
      kind: KINDS.namespace.kind,
      metadata: {
        name: namespace,
        labels: {
          ...namespaceLabels(owner, plan.preview !== undefined),
          ...restricted("enforce"),
          ...restricted("warn"),
        },
      },
    },
    inside(KINDS.roleBinding, MANAGER, {
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: MANAGER },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }],
    }),
    inside(KINDS.serviceAccount, "default", { automountServiceAccountToken: false }),
    inside(KINDS.resourceQuota, "hms-quota", { spec: { hard: { pods: "1", "count/jobs.batch": "1", services: "0" } } }),
    inside(KINDS.networkPolicy, "hms-default-deny", {
      spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
    }),
    inside(KINDS.networkPolicy, "hms-egress", {
      spec: { podSelector: {}, policyTypes: ["Egress"], egress: [CLUSTER_DNS, ...egress(plan)] },
    }),
    inside(KINDS.secret, SECRET, {
      type: "Opaque",
      immutable: true,
      data: { token: base64(plan.token), nonce: base64(plan.nonce) },
    }),
    inside(KINDS.job, JOB_NAME, { spec: jobSpec(plan) }),
  ];
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");

function restricted(mode: string): Record<string, string> {
  return {
    [`pod-security.kubernetes.io/${mode}`]: "restricted",
    [`pod-security.kubernetes.io/${mode}-version`]: "latest",
  };
}

/** HMS-SYS where it takes reports; the preview, and what publishes it; or the registries. Nothing else, and nobody comes in. */
function egress({ preview, target, reportUrl, operator, ingressLabels }: JobPlan): unknown[] {
  const blocks = (cidrs: readonly string[], port: number) =>
    cidrs.length === 0
      ? []
      : [{ to: cidrs.map((cidr) => ({ ipBlock: { cidr } })), ports: [{ protocol: "TCP", port }] }];
  const report = blocks(operator.reportCidrs, portOf(reportUrl));
  if (preview === undefined) return [...report, ...blocks(operator.registryCidrs, 443)];
  const namespaces = [
    { matchLabels: { "kubernetes.io/metadata.name": preview, "hms-sys.dev/preview": preview } },
    // A selector without labels would stand for every namespace.
    ...(Object.keys(ingressLabels).length > 0 ? [{ matchLabels: ingressLabels }] : []),
  ];
  return [
    ...report,
    // Behind a Service's port any other may stand, and that is the one that counts here.
    { to: namespaces.map((namespaceSelector) => ({ namespaceSelector })), ports: [{ protocol: "TCP" }] },
    ...blocks(operator.targetCidrs, portOf(target)),
  ];
}

function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  return port === "" ? (protocol === "http:" ? 80 : 443) : Number(port);
}

/** https://kubernetes.io/docs/concepts/workloads/controllers/job/ */
function jobSpec(plan: JobPlan): Record<string, unknown> {
  const { owner, operator, timeoutMs } = plan;
  const resources = { cpu: operator.cpu, memory: operator.memory };
  return {
    backoffLimit: 0,
    completions: 1,
    parallelism: 1,
    activeDeadlineSeconds: Math.ceil(timeoutMs / 1000),
    ttlSecondsAfterFinished: KEPT_S,
    template: {
      metadata: { labels: scanLabels(owner) },
      spec: {
        restartPolicy: "Never",
        terminationGracePeriodSeconds: 5,
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
        containers: [
          {
            name: "scan",
            image: operator.image,
            imagePullPolicy: "IfNotPresent",
            env: environment(plan),
            resources: { requests: resources, limits: resources },
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ["ALL"] },
            },
            volumeMounts: [
              { name: "secrets", mountPath: SECRETS_AT, readOnly: true },
              { name: "scratch", mountPath: "/tmp" },
            ],
          },
        ],
        volumes: [
          { name: "secrets", secret: { secretName: SECRET } },
          { name: "scratch", emptyDir: { sizeLimit: "2Gi" } },
        ],
      },
    },
  };
}

function environment({ owner, kind, tool, target, reportUrl, timeoutMs }: JobPlan): { name: string; value: string }[] {
  const values = {
    HMS_REPORT_URL: reportUrl,
    HMS_TOKEN_FILE: `${SECRETS_AT}/token`,
    HMS_NONCE_FILE: `${SECRETS_AT}/nonce`,
    HMS_SCAN: owner.id,
    HMS_SHA: owner.sha,
    HMS_KIND: kind,
    HMS_TOOL: tool,
    HMS_TARGET: target,
    HMS_TIMEOUT_SECONDS: String(Math.ceil(timeoutMs / 1000)),
  };
  // Kubernetes puts variables in the place of `$(NAME)`: https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
  return Object.entries(values).map(([name, value]) => ({ name, value: value.replaceAll("$", "$$$$") }));
}
