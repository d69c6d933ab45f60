import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import type { KubeObject } from "../../../src/model/kubernetes.ts";
import { askerOf } from "./asker.ts";
import {
  claim,
  configMap,
  deployment,
  expectDone,
  freshSlug,
  HMS,
  HOST,
  ingress,
  job,
  makePreview,
  marked,
  namespace,
  object,
  podSpec,
  removePreview,
  secret,
  service,
} from "./preview-fixture.ts";

/*
 * The fences let through what a preview is for: ordinary manifests, synced with the rights that are shipped, and the work that Kubernetes' own
 * controllers do with them.
 */
const bed = inject("bed");
const slug = freshSlug();
const admin = askerOf(bed);
const sync = askerOf(bed, `system:serviceaccount:${slug}:hms-sync`);

beforeAll(() => makePreview(bed, slug, bed.argocdNamespace));
afterAll(() => removePreview(bed, slug, bed.argocdNamespace));

const statusOf = async (made: KubeObject) => ((await admin.read(made)).body.status ?? {}) as Record<string, unknown>;
const pod = {
  template: { metadata: { labels: { app: "x" } }, spec: podSpec() },
  selector: { matchLabels: { app: "x" } },
};
const until = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 60_000, interval: 250 });

const ORDINARY: KubeObject[] = [
  configMap(slug, "settings"),
  marked(configMap(slug, "first"), {
    annotations: {
      "argocd.argoproj.io/sync-wave": "-1",
      "argocd.argoproj.io/sync-options": "Prune=true,PruneLast=true,ServerSideApply=true",
    },
  }),
  secret(slug, "password"),
  { ...secret(slug, "certificate"), type: "kubernetes.io/tls", stringData: { "tls.crt": "x", "tls.key": "y" } },
  object("v1", "ServiceAccount", slug, "web", {}),
  service(slug, "web"),
  service(slug, "headless", { clusterIP: "None" }),
  ingress(slug, "web", HOST),
  marked(ingress(slug, "body-size", HOST), { annotations: { "nginx.ingress.kubernetes.io/proxy-body-size": "8m" } }),
  claim(slug, "data"),
  deployment(slug, "web", { serviceAccountName: "web" }),
  object("apps/v1", "StatefulSet", slug, "db", { spec: { ...pod, serviceName: "headless", replicas: 1 } }),
  job(slug, "migrate"),
  marked(job(slug, "hook"), {
    annotations: { "argocd.argoproj.io/hook": "PreSync", "argocd.argoproj.io/hook-delete-policy": "HookSucceeded" },
    finalizers: ["argocd.argoproj.io/hook-finalizer"],
  }),
  marked(job(slug, "helm-hook"), {
    annotations: { "helm.sh/hook": "pre-install,pre-upgrade" },
    finalizers: ["argocd.argoproj.io/hook-finalizer"],
  }),
  object("batch/v1", "CronJob", slug, "nightly", {
    spec: { schedule: "0 3 * * *", jobTemplate: { spec: { template: { spec: podSpec({ restartPolicy: "Never" }) } } } },
  }),
  object("autoscaling/v2", "HorizontalPodAutoscaler", slug, "web", {
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
      minReplicas: 1,
      maxReplicas: 2,
    },
  }),
  object("policy/v1", "PodDisruptionBudget", slug, "web", {
    spec: { minAvailable: 0, selector: { matchLabels: { app: "web" } } },
  }),
];

describe("the manifests of a pull request", () => {
  test.each(ORDINARY.map((made) => [`${made.kind} ${made.metadata.name}`, made] as const))("%s", async (name, made) => {
    expectDone(await sync.create(made), name);
    expectDone(await sync.merge(made, { metadata: { labels: { "acme.dev/changed": "yes" } } }), `${name} changed`);
  });
});

describe("Kubernetes' own controllers", () => {
  test("make the Pods of a Deployment, and count them in the quota", async () => {
    await until(async () => expect(await statusOf(deployment(slug, "web"))).toMatchObject({ readyReplicas: 1 }));
    const quota = object("v1", "ResourceQuota", slug, "hms-quota", {});
    await until(async () => expect(Number(await usedPods(quota))).toBeGreaterThan(0));
  });

  test("make the Pods and claims of a StatefulSet, and endpoints of Services", async () => {
    await until(async () =>
      expect(await statusOf(object("apps/v1", "StatefulSet", slug, "db", {}))).toMatchObject({ readyReplicas: 1 }),
    );
    await until(async () => {
      const { body } = await admin.ask("GET", `/apis/discovery.k8s.io/v1/namespaces/${slug}/endpointslices`);
      expect(body.items?.flatMap((slice) => slice.endpoints as unknown[])).not.toEqual([]);
    });
  });

  test("finish a Job, with and without a hook's finalizer", async () => {
    for (const name of ["migrate", "hook"]) {
      await until(async () => expect(await statusOf(job(slug, name))).toMatchObject({ succeeded: 1 }));
    }
  });

  test("give what they gave before: the default ServiceAccount and the certificate of the API server", async () => {
    await until(async () => expect((await admin.read(configMap(slug, "kube-root-ca.crt"))).status).toBe(200));
  });

  test("let the namespace go, with all that is in it", async () => {
    for (const name of ["hook", "helm-hook"]) {
      expectDone(await askerOf(bed, HMS).merge(job(slug, name), { metadata: { finalizers: null } }), "finalizers");
    }
    expectDone(await askerOf(bed, HMS).remove(namespace(slug)), "deletion");
    await until(async () => expect((await admin.read(namespace(slug))).status).toBe(404));
  });
});

async function usedPods(quota: KubeObject): Promise<string> {
  const { used } = (await statusOf(quota)) as { used?: Record<string, string> };
  return used?.pods ?? "0";
}
