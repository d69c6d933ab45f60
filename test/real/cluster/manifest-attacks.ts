import type { KubeObject } from "../../../src/model/kubernetes.ts";
import { type Attack, created } from "./fence-attacks.ts";
import {
  claim,
  configMap,
  deployment,
  HOST,
  ingress,
  job,
  labelsOf,
  marked,
  object,
  podSpec,
  secret,
  service,
} from "./preview-fixture.ts";

const annotated = (made: KubeObject, annotations: Record<string, string>) => marked(made, { annotations });
const hook = (value: string) => ({ "argocd.argoproj.io/hook": value });

/** Attacks with kinds that RBAC lets the manifests of a pull request hold. */
export function manifestAttacks(slug: string): Attack[] {
  const escaping = {
    path: "/x){return 200;}",
    pathType: "ImplementationSpecific",
    backend: { service: { name: "web", port: { number: 80 } } },
  };
  const token = marked(object("v1", "Secret", slug, "token", { type: "kubernetes.io/service-account-token" }), {
    annotations: { "kubernetes.io/service-account.name": "default" },
  });
  const account = object("v1", "ServiceAccount", slug, "hms-sync", {});
  const hostPath = { volumes: [{ name: "root", hostPath: { path: "/" } }] };
  const nfs = { volumes: [{ name: "share", nfs: { server: "10.1.2.3", path: "/" } }] };
  return [
    ["a Secret with a token for the API server", "no Secrets with tokens", created(token)],
    [
      "a bootstrap token",
      "no Secrets with tokens",
      created({ ...secret(slug, "boot"), type: "bootstrap.kubernetes.io/token" }),
    ],
    ["a LoadBalancer", "of type ClusterIP", created(service(slug, "lb", { type: "LoadBalancer" }))],
    ["a NodePort", "of type ClusterIP", created(service(slug, "np", { type: "NodePort" }))],
    [
      "an ExternalName",
      "of type ClusterIP",
      created(service(slug, "en", { type: "ExternalName", externalName: "db.prod.svc.cluster.local" })),
    ],
    ["external addresses", "no externalIPs", created(service(slug, "ei", { externalIPs: ["192.0.2.7"] }))],
    [
      "an Ingress for another host",
      "may not answer for shop.example.test",
      created(ingress(slug, "i", "shop.example.test")),
    ],
    ["an Ingress for every host", "may not answer for every host", created(ingress(slug, "i", undefined))],
    ["an Ingress for a wildcard", "may not answer for *.example.test", created(ingress(slug, "i", "*.example.test"))],
    [
      "an Ingress with another host's certificate",
      "may not answer for shop.example.test",
      created({
        ...ingress(slug, "i", HOST),
        spec: { ...(ingress(slug, "i", HOST).spec as object), tls: [{ hosts: ["shop.example.test"] }] },
      }),
    ],
    [
      "an Ingress with a default backend",
      "no default backend",
      created({
        ...ingress(slug, "i", HOST),
        spec: {
          ...(ingress(slug, "i", HOST).spec as object),
          defaultBackend: { service: { name: "web", port: { number: 80 } } },
        },
      }),
    ],
    [
      "an Ingress with an alias",
      "nginx.ingress.kubernetes.io/server-alias",
      created(annotated(ingress(slug, "i", HOST), { "nginx.ingress.kubernetes.io/server-alias": "shop.example.test" })),
    ],
    [
      "an Ingress with configuration of its own",
      "nginx.ingress.kubernetes.io/configuration-snippet",
      created(
        annotated(ingress(slug, "i", HOST), { "nginx.ingress.kubernetes.io/configuration-snippet": "return 200;" }),
      ),
    ],
    [
      "an Ingress whose annotation is more than a value",
      "configuration of their own",
      created(annotated(ingress(slug, "i", HOST), { "nginx.ingress.kubernetes.io/proxy-body-size": "8m;}" })),
    ],
    [
      "an Ingress whose path is more than a path",
      "configuration of their own",
      created({ ...ingress(slug, "i", HOST), spec: { rules: [{ host: HOST, http: { paths: [escaping] } }] } }),
    ],
    [
      "a name in the DNS",
      "no names in the DNS",
      created(annotated(service(slug, "dns"), { "external-dns.alpha.kubernetes.io/hostname": "shop.example.test" })),
    ],
    [
      "a Pod with the identity that syncs",
      "no Pod runs as the ServiceAccount",
      created(object("v1", "Pod", slug, "p", { spec: podSpec({ serviceAccountName: "hms-sync" }) })),
    ],
    [
      "a Deployment with the identity that syncs",
      "no Pod runs as the ServiceAccount",
      created(deployment(slug, "d", { serviceAccountName: "hms-sync" })),
    ],
    [
      "a CronJob with the identity that syncs",
      "no Pod runs as the ServiceAccount",
      created(
        object("batch/v1", "CronJob", slug, "c", {
          spec: {
            schedule: "0 0 1 1 *",
            jobTemplate: { spec: job(slug, "j", { serviceAccountName: "hms-sync" }).spec },
          },
        }),
      ),
    ],
    [
      "a Pod with the node's files",
      /hostPath|volumes of a preview/,
      created(object("v1", "Pod", slug, "p", { spec: podSpec(hostPath) })),
    ],
    ["a Deployment with a network volume", "volumes of a preview", created(deployment(slug, "d", nfs))],
    [
      "a Deployment with system priority",
      "no system priority",
      created(deployment(slug, "d", { priorityClassName: "system-node-critical" })),
    ],
    [
      "a Deployment on a node of its choice",
      "no nodeName",
      created(deployment(slug, "d", { nodeName: "control-plane" })),
    ],
    [
      "finalizers for the Pods of a Deployment",
      "templates of a preview have no finalizers",
      created({
        ...deployment(slug, "d"),
        spec: {
          ...(deployment(slug, "d").spec as object),
          template: { metadata: { labels: { app: "d" }, finalizers: ["evil.example.test/forever"] }, spec: podSpec() },
        },
      }),
    ],
    ["a claim on a volume by name", "names no volume", created(claim(slug, "v", { volumeName: "production-data" }))],
    [
      "a claim that names a volume later",
      "names no volume",
      (who) => who.merge(claim(slug, "unbound"), { spec: { volumeName: "production-data" } }),
    ],
    [
      "a foreign finalizer",
      "may not have: evil.example.test/forever",
      created(marked(configMap(slug, "f"), { finalizers: ["evil.example.test/forever"] })),
    ],
    [
      "a foreign finalizer later",
      "may not have: evil.example.test/forever",
      (who) => who.merge(secret(slug, "plain"), { metadata: { finalizers: ["evil.example.test/forever"] } }),
    ],
    [
      "a finalizer of Kubernetes where nothing takes it away",
      "may not have: kubernetes.io/pvc-protection",
      created(marked(configMap(slug, "f"), { finalizers: ["kubernetes.io/pvc-protection"] })),
    ],
    [
      "Argo CD's finalizer for hooks on what is no hook",
      "may not have: argocd.argoproj.io/hook-finalizer",
      created(marked(configMap(slug, "f"), { finalizers: ["argocd.argoproj.io/hook-finalizer"] })),
    ],
    ...["Delete=confirm", "Prune=confirm", "Delete=false", "Prune=false", "ServerSideApply=true, Delete=confirm"].map(
      (option): Attack => [
        `the sync option ${option}`,
        "may not keep itself from deletion",
        created(annotated(configMap(slug, "s"), { "argocd.argoproj.io/sync-options": option })),
      ],
    ),
    [
      "Helm's policy keep",
      "may not keep itself from deletion",
      created(annotated(configMap(slug, "s"), { "helm.sh/resource-policy": "keep" })),
    ],
    ["a PostDelete hook", "no hooks for its own deletion", created(annotated(job(slug, "h"), hook("PostDelete")))],
    [
      "a PostDelete hook among others",
      "no hooks for its own deletion",
      created(annotated(job(slug, "h"), hook("Sync, PostDelete"))),
    ],
    ["a PreDelete hook", "no hooks for its own deletion", created(annotated(job(slug, "h"), hook("PreDelete")))],
    [
      "Helm's hook post-delete",
      "no hooks for its own deletion",
      created(annotated(job(slug, "h"), { "helm.sh/hook": "post-install,post-delete" })),
    ],
    [
      "health that does not count",
      "the health of every object of a preview counts",
      created(annotated(deployment(slug, "d"), { "argocd.argoproj.io/ignore-healthcheck": "true" })),
    ],
    [
      "labels of HMS-SYS",
      "written by HMS-SYS alone",
      created(marked(configMap(slug, "l"), { labels: labelsOf(slug) })),
    ],
    [
      "labels of HMS-SYS later",
      "written by HMS-SYS alone",
      (who) => who.merge(secret(slug, "plain"), { metadata: { labels: labelsOf(slug) } }),
    ],
    [
      "labels of HMS-SYS taken off",
      /written by HMS-SYS alone|only HMS-SYS changes/,
      (who) =>
        who.merge(account, {
          metadata: { labels: { "hms-sys.dev/preview": null, "app.kubernetes.io/managed-by": "me" } },
        }),
    ],
    [
      "the ServiceAccount that syncs changed",
      "only HMS-SYS changes what HMS-SYS made",
      (who) => who.merge(account, { secrets: [{ name: "plain" }] }),
    ],
    ["the ServiceAccount that syncs deleted", "only HMS-SYS changes what HMS-SYS made", (who) => who.remove(account)],
    [
      "the credential for images changed",
      "only HMS-SYS changes what HMS-SYS made",
      (who) => who.merge(secret(slug, "hms-pull"), { metadata: { annotations: { a: "b" } } }),
    ],
    ["a name of HMS-SYS", "names that begin with hms- belong to HMS-SYS", created(configMap(slug, "hms-mine"))],
  ];
}
