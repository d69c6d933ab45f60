import { randomBytes } from "node:crypto";
import type { KubeObject } from "../../../src/model/kubernetes.ts";
import { previewLabels } from "../../../src/model/preview.ts";
import { type Answer, askerOf, type Ground, RBAC } from "./asker.ts";

export const HMS = "system:serviceaccount:hms-system:hms-sys";
/** Somebody with every right that RBAC can give: what stops them is admission. */
export const ANYBODY = "hms-test:anybody";
export const HOST = "shop.preview.example.test";

export const freshSlug = (): string =>
  `pr-shop-${1 + (randomBytes(2).readUInt16BE() % 9_000)}-${randomBytes(4).toString("hex")}`;

export const labelsOf = (slug: string): Record<string, string> =>
  previewLabels({ appId: 7, installationId: 11, repositoryId: 13, number: 17 }, slug);

export function object(apiVersion: string, kind: string, namespace: string, name: string, rest: object): KubeObject {
  return { apiVersion, kind, metadata: { name, namespace }, ...rest };
}

/** The object with other metadata besides. */
export function marked(made: KubeObject, metadata: Record<string, unknown>): KubeObject {
  return { ...made, metadata: { ...made.metadata, ...metadata } };
}

export function namespace(slug: string): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name: slug,
      labels: { ...labelsOf(slug), "pod-security.kubernetes.io/enforce": "restricted" },
      annotations: { "hms-sys.dev/hosts": HOST },
    },
  };
}

/** What HMS-SYS puts into a preview's namespace before anything of the pull request. */
export function fences(slug: string): KubeObject[] {
  const labels = labelsOf(slug);
  const ours = (apiVersion: string, kind: string, name: string, rest: object) =>
    marked(object(apiVersion, kind, slug, name, rest), { labels });
  return [
    ours("v1", "ResourceQuota", "hms-quota", {
      spec: { hard: { "limits.cpu": "4", "requests.storage": "4Gi", pods: "20" } },
    }),
    ours("v1", "LimitRange", "hms-limits", {
      spec: { limits: [{ type: "Container", default: { cpu: "100m", memory: "64Mi" } }] },
    }),
    ours("networking.k8s.io/v1", "NetworkPolicy", "hms-deny", {
      spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
    }),
    ours("v1", "ServiceAccount", "default", { automountServiceAccountToken: false }),
    ours("v1", "ServiceAccount", "hms-sync", { automountServiceAccountToken: false }),
    ours("v1", "Secret", "hms-pull", {
      type: "kubernetes.io/dockerconfigjson",
      data: { ".dockerconfigjson": Buffer.from('{"auths":{}}').toString("base64") },
    }),
    ours(`${RBAC}/v1`, "RoleBinding", "hms-sync", {
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: "hms-preview-sync" },
      subjects: [{ kind: "ServiceAccount", name: "hms-sync", namespace: slug }],
    }),
    ours(`${RBAC}/v1`, "RoleBinding", "hms-manager", {
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: "hms-preview-manager" },
      subjects: [{ apiGroup: RBAC, kind: "User", name: HMS }],
    }),
  ];
}

export function appProject(slug: string, argocd: string): KubeObject {
  return marked(
    object("argoproj.io/v1alpha1", "AppProject", argocd, slug, {
      spec: {
        sourceRepos: ["https://git.example.test/acme/shop.git"],
        destinations: [{ name: "main", namespace: slug }],
        clusterResourceWhitelist: [],
        namespaceResourceWhitelist: [{ group: "apps", kind: "Deployment" }],
        destinationServiceAccounts: [{ server: "*", namespace: slug, defaultServiceAccount: "hms-sync" }],
      },
    }),
    { labels: labelsOf(slug), finalizers: ["resources-finalizer.argocd.argoproj.io"] },
  );
}

export function applicationSet(slug: string, argocd: string): KubeObject {
  return marked(
    object("argoproj.io/v1alpha1", "ApplicationSet", argocd, slug, {
      spec: {
        goTemplate: true,
        generators: [{ list: { elements: [] } }],
        template: {
          metadata: { name: "{{ .name }}", labels: labelsOf(slug) },
          spec: { project: slug, destination: { name: "main", namespace: slug } },
        },
      },
    }),
    { labels: labelsOf(slug) },
  );
}

export function application(slug: string, argocd: string): KubeObject {
  return marked(
    object("argoproj.io/v1alpha1", "Application", argocd, `${slug}-web`, {
      spec: {
        project: slug,
        source: { repoURL: "https://git.example.test/acme/shop.git", path: ".", targetRevision: "0".repeat(40) },
        destination: { name: "main", namespace: slug },
      },
    }),
    { labels: labelsOf(slug) },
  );
}

export function repositorySecret(slug: string, argocd: string): KubeObject {
  return marked(
    object("v1", "Secret", argocd, `${slug}-repo`, {
      type: "Opaque",
      data: {
        type: Buffer.from("git").toString("base64"),
        url: Buffer.from("https://git.example.test/acme/shop.git").toString("base64"),
        project: Buffer.from(slug).toString("base64"),
      },
    }),
    { labels: { ...labelsOf(slug), "argocd.argoproj.io/secret-type": "repository" } },
  );
}

const restricted = {
  securityContext: {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
    runAsNonRoot: true,
    runAsUser: 1_000,
    seccompProfile: { type: "RuntimeDefault" },
  },
};

/** A Pod that Pod Security `restricted` lets in. */
export const podSpec = (more: object = {}) => ({
  containers: [
    {
      name: "web",
      image: "registry.example.test/web:1",
      resources: { limits: { cpu: "50m", memory: "16Mi" } },
      ...restricted,
    },
  ],
  ...more,
});

export function deployment(slug: string, name: string, more: object = {}): KubeObject {
  const labels = { app: name };
  return object("apps/v1", "Deployment", slug, name, {
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: podSpec(more) },
    },
  });
}

export const job = (slug: string, name: string, more: object = {}): KubeObject =>
  object("batch/v1", "Job", slug, name, {
    spec: { template: { spec: podSpec({ restartPolicy: "Never", ...more }) } },
  });

export const configMap = (slug: string, name: string): KubeObject =>
  object("v1", "ConfigMap", slug, name, { data: { key: "value" } });

export const secret = (slug: string, name: string): KubeObject =>
  object("v1", "Secret", slug, name, { stringData: { key: "value" } });

export const ingress = (slug: string, name: string, host: string | undefined): KubeObject =>
  object("networking.k8s.io/v1", "Ingress", slug, name, {
    spec: {
      rules: [
        {
          ...(host === undefined ? {} : { host }),
          http: {
            paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: "web", port: { number: 80 } } } }],
          },
        },
      ],
    },
  });

export const service = (slug: string, name: string, more: object = {}): KubeObject =>
  object("v1", "Service", slug, name, { spec: { selector: { app: name }, ports: [{ port: 80 }], ...more } });

export const claim = (slug: string, name: string, more: object = {}): KubeObject =>
  object("v1", "PersistentVolumeClaim", slug, name, {
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, ...more },
  });

export function expectDone(answer: Answer, what: string): void {
  if (answer.status >= 300) throw new Error(`${what}: ${answer.status} ${answer.message}`);
}

/** Makes a preview as HMS-SYS does, with the rights that are shipped. */
export async function makePreview(ground: Ground, slug: string, argocd: string): Promise<void> {
  const hms = askerOf(ground, HMS);
  const parts = [
    namespace(slug),
    ...fences(slug),
    appProject(slug, argocd),
    repositorySecret(slug, argocd),
    applicationSet(slug, argocd),
  ];
  for (const part of parts) expectDone(await hms.apply(part), `${part.kind} ${part.metadata.name}`);
}

/** Everything that carries the labels of a preview goes. Applications lose their finalizers: there may be no Argo CD. */
export async function removePreview(ground: Ground, slug: string, argocd: string): Promise<void> {
  const hms = askerOf(ground, HMS);
  const admin = askerOf(ground);
  const project = appProject(slug, argocd);
  await hms.remove(applicationSet(slug, argocd));
  const app = application(slug, argocd);
  await admin.merge(app, { metadata: { finalizers: null } });
  await admin.remove(app);
  await hms.remove(repositorySecret(slug, argocd));
  await hms.merge(project, { metadata: { finalizers: null } });
  await hms.remove(project);
  await hms.remove(namespace(slug));
}

/** A user that RBAC lets do everything. */
export async function makeAnybody(ground: Ground): Promise<void> {
  const binding = {
    apiVersion: `${RBAC}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name: "hms-test-anybody" },
    roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ apiGroup: RBAC, kind: "User", name: ANYBODY }],
  };
  expectDone(await askerOf(ground).apply(binding), "binding");
}
