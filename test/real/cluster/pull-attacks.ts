import { HOST, podSpec } from "./preview-fixture.ts";

/** What a pull request does to get out of its preview, or to keep it. */
export interface PullAttack {
  name: string;
  /** Files of the pull request, by their path. */
  files: Record<string, string | null>;
  /** A further push, once the preview is green. */
  later?: Record<string, string>;
  /** `hms/preview` says it in one line, that names the object or the file; or it has no effect at all, and all is well. */
  says: "green" | readonly (readonly [where: string, why: RegExp])[];
}

/** All that an attack may not get made is called so. */
export const EVIL = "evil";

type Made = Record<string, unknown> & { metadata?: Record<string, unknown> };

const object = (apiVersion: string, kind: string, rest: Made = {}): Made => ({
  apiVersion,
  kind,
  ...rest,
  metadata: { name: EVIL, ...rest.metadata },
});
/** JSON is YAML. */
const manifests = (...objects: Made[]): Record<string, string> => ({
  "deploy/web/attack.yaml": objects.map((made) => JSON.stringify(made)).join("\n---\n"),
});
const configMap = (metadata: Record<string, unknown> = {}, data = { key: "value" }): Made =>
  object("v1", "ConfigMap", { data, metadata });
const service = (spec: object, name: string): Made =>
  object("v1", "Service", { spec: { ports: [{ port: 80 }], ...spec }, metadata: { name } });
const rules = (host: string | undefined): object => ({
  ...(host === undefined ? {} : { host }),
  http: { paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: "web", port: { number: 80 } } } }] },
});
const ingress = (host: string | undefined, name: string): Made =>
  object("networking.k8s.io/v1", "Ingress", { spec: { rules: [rules(host)] }, metadata: { name } });
const hook = (phase: string) => ({ annotations: { "argocd.argoproj.io/hook": phase } });
const RBAC = "rbac.authorization.k8s.io/v1";
const ARGO = "argoproj.io/v1alpha1";
const adminRole = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" };
const NOT_PERMITTED = /not permitted in project/;
const runs = (name: string, spec: object): Made => object("v1", "Pod", { spec: podSpec(spec), metadata: { name } });
const deployment = (name: string, replicas: number, spec: object): Made =>
  object("apps/v1", "Deployment", {
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec },
    },
  });

/**
 * Every attack that a naive version fell for, as manifests of a pull request.
 *
 * @param victim another pull request's preview
 */
export function pullAttacks(victim: { namespace: string; host: string }): PullAttack[] {
  const own = (host: string): RegExp => new RegExp(`may not answer for ${host.replaceAll(".", "\\.")}`);
  return [
    {
      name: "other namespaces, rights, fences, and what belongs to the cluster",
      files: manifests(
        configMap({ namespace: victim.namespace }),
        configMap({ name: "evil-too", namespace: "kube-system" }),
        object(RBAC, "RoleBinding", { roleRef: adminRole, subjects: [{ kind: "ServiceAccount", name: "default" }] }),
        object(RBAC, "ClusterRoleBinding", { roleRef: adminRole, subjects: [] }),
        object("v1", "ResourceQuota", { metadata: { name: "hms-quota" }, spec: { hard: { pods: "9999" } } }),
        object("v1", "ResourceQuota", { spec: { hard: { pods: "9999" } } }),
        object("v1", "LimitRange", { metadata: { name: "hms-limits" }, spec: { limits: [] } }),
        object("networking.k8s.io/v1", "NetworkPolicy", { spec: { podSelector: {}, egress: [{}], ingress: [{}] } }),
        object("v1", "Namespace"),
        object("v1", "PersistentVolume", {
          spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/" } },
        }),
        ...["Application", "ApplicationSet", "AppProject"].map((kind) =>
          object(ARGO, kind, { metadata: { namespace: "argocd" }, spec: { project: "default" } }),
        ),
      ),
      says: [
        ["ConfigMap evil`", /namespace .* is not permitted in project/],
        ["ConfigMap evil-too", /namespace kube-system is not permitted in project/],
        ...(
          [
            ...["RoleBinding evil", "ClusterRoleBinding evil", "ResourceQuota hms-quota", "ResourceQuota evil"],
            ...["LimitRange hms-limits", "NetworkPolicy evil", "Namespace evil", "PersistentVolume evil"],
            ...["Application evil", "ApplicationSet evil", "AppProject evil"],
          ] as const
        ).map((where) => [where, NOT_PERMITTED] as const),
      ],
    },
    {
      name: "objects of permitted kinds that reach further or stay longer",
      files: manifests(
        object("v1", "Secret", {
          type: "kubernetes.io/service-account-token",
          metadata: { annotations: { "kubernetes.io/service-account.name": "hms-sync" } },
        }),
        object("v1", "ServiceAccount", { metadata: { name: "hms-sync" }, automountServiceAccountToken: true }),
        object("v1", "Secret", { metadata: { name: "hms-pull" }, stringData: { key: "value" } }),
        runs("evil-syncs", { serviceAccountName: "hms-sync" }),
        runs("evil-reads", { volumes: [{ name: "root", hostPath: { path: "/" } }] }),
        configMap({ name: "evil-a", annotations: { "argocd.argoproj.io/sync-options": "Delete=confirm" } }),
        configMap({ name: "evil-b", annotations: { "argocd.argoproj.io/sync-options": "Prune=confirm" } }),
        configMap({ name: "evil-c", finalizers: ["evil.example.test/forever"] }),
        configMap({ name: "evil-d", labels: { "hms-sys.dev/preview": victim.namespace } }),
        configMap({ name: "evil-e", annotations: { "argocd.argoproj.io/ignore-healthcheck": "true" } }),
        service({ type: "LoadBalancer" }, "evil-lb"),
        service({ type: "NodePort" }, "evil-np"),
        service({ type: "ExternalName", externalName: "db.prod.svc.cluster.local" }, "evil-en"),
        service({ externalIPs: ["192.0.2.7"] }, "evil-ip"),
        ingress(HOST, "evil-a"),
        ingress(victim.host, "evil-b"),
        ingress(undefined, "evil-c"),
        ingress("*.localhost", "evil-d"),
      ),
      says: [
        ["Secret evil", /no Secrets with tokens/],
        ["ServiceAccount hms-sync", /only HMS-SYS changes what HMS-SYS made/],
        ["Secret hms-pull", /names that begin with hms- belong to HMS-SYS/],
        ["Pod evil-syncs", /no Pod runs as the ServiceAccount/],
        ["Pod evil-reads", /violates PodSecurity .*hostPath/],
        ["ConfigMap evil-a", /may not keep itself from deletion/],
        ["ConfigMap evil-b", /may not keep itself from deletion/],
        ["ConfigMap evil-c", /finalizers that an object of a preview may not have: evil\.example\.test\/forever/],
        ["ConfigMap evil-d", /labels of HMS-SYS are written by HMS-SYS alone/],
        ["ConfigMap evil-e", /the health of every object of a preview counts/],
        ["Service evil-lb", /of type ClusterIP/],
        ["Service evil-np", /of type ClusterIP/],
        ["Service evil-en", /of type ClusterIP/],
        ["Service evil-ip", /no externalIPs/],
        ["Ingress evil-a", own(HOST)],
        ["Ingress evil-b", own(victim.host)],
        ["Ingress evil-c", /may not answer for every host/],
        ["Ingress evil-d", /may not answer for \*\.localhost/],
      ],
    },
    {
      name: "a finalizer that nobody takes away, on what is there already",
      files: manifests(configMap({ name: "settled" })),
      later: manifests(configMap({ name: "settled", finalizers: ["evil.example.test/forever"] })),
      says: [["ConfigMap settled", /finalizers that an object of a preview may not have/]],
    },
    {
      name: "a hook for its own deletion, in another namespace and in its own",
      files: manifests(
        configMap({ namespace: "kube-system", ...hook("PostDelete") }),
        object("batch/v1", "Job", {
          spec: { template: { spec: podSpec({ restartPolicy: "Never" }) } },
          metadata: hook("PostDelete"),
        }),
      ),
      // Argo CD makes such hooks when it lets the Application go, and at no other time.
      says: "green",
    },
    {
      name: "all rights on the node, and more pods than there may be, by controllers",
      files: manifests(
        deployment("privileged", 1, {
          containers: [{ name: "a", image: "a", securityContext: { privileged: true } }],
          hostPID: true,
        }),
        deployment("many", 40, podSpec()),
      ),
      says: [
        ["Deployment privileged", /violates PodSecurity .*hostPID.*privileged/],
        ["Deployment many", /exceeded quota: hms-quota/],
      ],
    },
    {
      name: "names that are more than names",
      files: manifests(
        configMap({ name: "{{ .evil }}" }),
        configMap({ name: "../../evil" }),
        configMap({ name: "$(evil)" }),
        configMap({ name: "e".repeat(300) }),
        configMap({ name: "evil-🚀" }),
      ),
      says: [["ConfigMap ../../evil", /invalid resource name/]],
    },
    {
      name: "its own hms.yml",
      files: {
        ".github/hms.yml": JSON.stringify({
          version: 1,
          preview: {
            components: [{ name: "evil", path: "deploy/web" }],
            quota: { pods: 500 },
            pod_security: "baseline",
          },
        }),
      },
      says: "green",
    },
    {
      name: "an override of the source",
      files: {
        "deploy/web/.argocd-source.yaml": '{"directory":{"recurse":true}}',
        "deploy/web/.argocd-source-web.yaml": '{"directory":{"recurse":true}}',
      },
      says: [
        ["deploy/web/.argocd-source.yaml", /would override what the preview is made of/],
        ["deploy/web/.argocd-source-web.yaml", /would override what the preview is made of/],
      ],
    },
    {
      name: "a Kustomize base from elsewhere, and a plugin",
      files: {
        "deploy/web/kustomization.yaml": JSON.stringify({
          resources: ["deployment.yaml", "https://github.com/evil/base//all?ref=main"],
          generators: ["evil.yaml"],
        }),
      },
      says: [
        ["deploy/web/kustomization.yaml", /remote sources are not previewed/],
        ["deploy/web/kustomization.yaml", /generators runs plugins/],
      ],
    },
    {
      name: "a Helm chart from elsewhere",
      files: {
        "deploy/web/Chart.yaml": JSON.stringify({
          apiVersion: "v2",
          name: "web",
          version: "1.0.0",
          dependencies: [{ name: "evil", version: "1.0.0", repository: "https://charts.evil.example.test" }],
        }),
      },
      says: [["deploy/web/Chart.yaml", /which the operator has not allowed/]],
    },
    {
      name: "manifests that are none, which Argo CD calls healthy",
      files: { "deploy/web/broken.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: [\n" },
      says: [["broken.yaml", /yaml/i]],
    },
    {
      name: "a folder that is not there, of which Argo CD says healthy too",
      files: { "deploy/web/deployment.yaml": null, "deploy/web/service.yaml": null },
      says: [["deploy/web", /is not a folder at this commit/]],
    },
  ];
}
