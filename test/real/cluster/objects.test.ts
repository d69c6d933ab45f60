import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { connectClusters } from "../../../src/adapters/kubernetes/clusters.ts";
import { KINDS, type KubeObject, type ObjectKind } from "../../../src/model/kubernetes.ts";
import type { Cluster } from "../../../src/ports/cluster.ts";
import { ClusterError } from "../../../src/ports/cluster.ts";
import { applicationsOf, isAsWanted, ownedBy, type PreviewPlan, previewObjects } from "../../../src/preview/preview.ts";
import { component, inventoryCluster, type PlanGiven, previewConfig, previewPlan } from "../../preview/plans.ts";
import { connectBed } from "../bed/connect.ts";
import { objectsIn } from "../bed/manifests.ts";

const argocd = "argocd";
const bed = connectBed(inject("bed"));
const made: PreviewPlan[] = [];
const folder = mkdtempSync(join(tmpdir(), "hms-objects-"));
/** No number of another test's. */
let number = 70_000 + (process.pid % 10_000);
let cluster: Cluster;
let sha: string;

const git = (...args: string[]) => execFileSync("git", ["-C", folder, ...args], { encoding: "utf8" }).trim();
const deployment = (name: string, image: string) =>
  JSON.stringify({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name },
    spec: {
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name, image }] } },
    },
  });
const FILES = {
  "plain/web.json": deployment("plain", "nginx:1"),
  "plain/more.jsonnet": "error 'read as a program'",
  "plain/readme.txt": "no manifest",
  "kustomized/kustomization.yaml": "namespace: elsewhere\nresources: [web.yaml]\n",
  "kustomized/web.yaml": deployment("kustomized", "shop"),
  "chart/Chart.yaml": "apiVersion: v2\nname: chart\nversion: 1.0.0\n",
  "chart/templates/web.yaml": deployment("{{ .Release.Name }}", "shop:{{ .Values.image.tag }}").replace(
    '"spec":{"selector"',
    '"spec":{"replicas":{{ .Values.replicas }},"selector"',
  ),
};

beforeAll(async () => {
  await bed.api.apply(await objectsIn(join(import.meta.dirname, "../../../manifests/argocd")), argocd);
  const clusters = await connectClusters([{ name: "in-cluster" }], {
    kubeconfigPath: bed.hmsKubeconfig,
    clock: { now: () => Date.now() },
    log: pino({ level: "silent" }),
  });
  const found = clusters.cluster("in-cluster");
  if (!found) throw new Error("the bed's cluster is not there");
  cluster = found;
  git("init", "-q", "-b", "main");
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  git("add", "-A");
  git("-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "manifests");
  sha = git("rev-parse", "HEAD");
});

afterAll(async () => {
  for (const plan of made) await remove(plan);
  bed.api.close();
  rmSync(folder, { recursive: true });
});

const at = (kind: ObjectKind, name: string, namespace?: string) => ({
  kind,
  name,
  ...(namespace === undefined ? {} : { namespace }),
});

async function remove({ slug }: PreviewPlan): Promise<void> {
  for (const ref of [
    at(KINDS.applicationSet, slug, argocd),
    at(KINDS.namespace, slug),
    at(KINDS.appProject, slug, argocd),
  ]) {
    const there = await cluster.get(ref);
    if (there?.metadata.uid) await cluster.delete(ref, { uid: there.metadata.uid, propagation: "foreground" });
  }
}

function plan(given: PlanGiven = {}): PreviewPlan {
  number += 1;
  const one = previewPlan({
    owner: { appId: 1, installationId: 2, repositoryId: 3, number },
    source: { repoUrl: `file://${folder}`, revision: sha },
    sha,
    ...given,
  });
  made.push(one);
  return one;
}

/** Makes all objects as the shipped rights of HMS-SYS let it; rights that were bound a moment ago may need another moment. */
async function make(one: PreviewPlan): Promise<KubeObject[]> {
  const answers: KubeObject[] = [];
  for (const { object, ownedByProject } of previewObjects(one)) {
    const project = answers.find(({ kind }) => kind === "AppProject");
    const whole = ownedByProject && project ? ownedBy(object, project) : object;
    await expect
      .poll(() => cluster.apply(whole).then((answer) => answers.push(answer) && "applied", faultOf))
      .toBe("applied");
  }
  return answers;
}

function faultOf(error: unknown): string {
  if (error instanceof ClusterError) return error.message;
  throw error;
}

async function application(name: string) {
  const ref = at(KINDS.application, name, argocd);
  await expect.poll(() => cluster.get(ref)).toBeDefined();
  return (await cluster.get(ref)) as KubeObject & {
    spec: { source: Record<string, unknown>; [field: string]: unknown };
  };
}

/** What stands on the cluster of each object that was wanted. Secrets of Argo CD may be read by nobody but the administrator. */
async function differing(one: PreviewPlan): Promise<string[]> {
  const differences: string[] = [];
  for (const { object } of previewObjects(one)) {
    const there = await bed.api.call<KubeObject>("GET", await bed.api.path(object));
    if (!isAsWanted(there, object)) differences.push(`${object.kind} ${object.metadata.name}`);
  }
  return differences;
}

const THREE = previewConfig({
  components: [
    component({ name: "plain", path: "plain" }),
    component({ name: "kustomized", path: "kustomized", image: "ghcr.io/acme/shop:{{head_sha}}", imageName: "shop" }),
    component({ name: "chart", path: "chart", helm: { "image.tag": "{{head_sha}}", replicas: "2" } }),
  ],
  egress: [{ cidr: "10.2.0.0/16", ports: [5432] }],
});
const TOOLS = { plain: "directory", kustomized: "kustomize", chart: "helm" } as const;

describe("objects of a preview on a real API server", () => {
  test.each<[string, PlanGiven]>([
    ["plain, Kustomize and Helm", { config: THREE, tools: TOOLS }],
    [
      "with credentials",
      {
        credentials: {
          git: { username: "u", password: "p" },
          images: [{ registry: "ghcr.io", username: "u", password: "p" }],
        },
      },
    ],
    ["of a fork", { fork: true, config: THREE, tools: TOOLS }],
    ["asleep", { awake: false }],
    [
      "small, with fractions",
      { config: previewConfig({ quota: { cpu: "0.5", memory: "1.5Gi", storage: "1G", pods: 1 } }) },
    ],
    [
      "fenced off",
      { clusters: [inventoryCluster({ forbiddenCidrs: ["203.0.113.0/24", "2001:db8::/32", "10.0.0.0/8"] })] },
    ],
  ])("are accepted whole and stay as wanted: %s", async (_name, given) => {
    const one = plan(given);
    await make(one);
    await application(applicationsOf(one)[0]?.name ?? "");
    expect(await differing(one)).toEqual([]);
  });

  test("the set's controller renders the Applications that were meant, and they sync", async () => {
    const one = plan({ config: THREE, tools: TOOLS });
    await make(one);
    const [plain, kustomized, chart] = await Promise.all(applicationsOf(one).map(({ name }) => application(name)));
    const common = { repoURL: `file://${folder}`, targetRevision: sha };
    expect(plain?.spec).toEqual({
      project: one.slug,
      destination: { name: "in-cluster", namespace: one.slug },
      revisionHistoryLimit: 2,
      source: { ...common, path: "plain", directory: { include: "*.{yaml,yml,json}", jsonnet: {} } },
      syncPolicy: {
        automated: { prune: true, selfHeal: true },
        syncOptions: ["CreateNamespace=false", "FailOnSharedResource=true", "PruneLast=true"],
        retry: { limit: 2, backoff: { duration: "2s", factor: 2, maxDuration: "10s" } },
      },
    });
    expect(plain?.metadata.finalizers).toEqual(["resources-finalizer.argocd.argoproj.io"]);
    expect(kustomized?.spec.source).toEqual({
      ...common,
      path: "kustomized",
      kustomize: { namespace: one.slug, images: [`shop=ghcr.io/acme/shop:${sha}`] },
    });
    expect(chart?.spec.source).toMatchObject({ ...common, path: "chart", helm: { releaseName: "chart" } });
    // The bed has neither Kustomize nor Helm, which Argo CD calls as programs: of these two it is seen that each was called for.
    const images = async () => {
      const there = await cluster.list({ kind: KINDS.deployment, namespace: one.slug });
      return there.map(({ metadata, spec }) => [metadata.name, JSON.stringify(spec).match(/"image":"([^"]*)"/)?.[1]]);
    };
    await expect.poll(images).toContainEqual(["plain", "nginx:1"]);
    const status = async () =>
      ((await application(plain?.metadata.name ?? "")).status ?? {}) as { sourceType?: string };
    await expect.poll(status).toMatchObject({
      sourceType: "Directory",
      sync: { status: "Synced", revision: sha },
      operationState: { phase: "Succeeded", syncResult: { revision: sha } },
    });
  });

  test("a fork's commit is deployed from the base repository, where only the pull request's ref has it", async () => {
    git("checkout", "-q", "--detach");
    writeFileSync(join(folder, "plain/web.json"), deployment("of-the-fork", "nginx:1"));
    git("-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qam", "from a fork");
    const head = git("rev-parse", "HEAD");
    git("update-ref", "refs/pull/9/head", head);
    git("checkout", "-q", "main");
    const one = plan({
      fork: true,
      sha: head,
      source: { repoUrl: `file://${folder}`, revision: head },
      config: previewConfig({ components: [component({ name: "plain", path: "plain" })] }),
      tools: TOOLS,
    });
    await make(one);
    const deployments = async () =>
      (await cluster.list({ kind: KINDS.deployment, namespace: one.slug })).map(({ metadata }) => metadata.name);
    await expect.poll(deployments).toEqual(["of-the-fork"]);
  });

  test("Applications of a preview that sleeps are not synced by themselves", async () => {
    const one = plan({ awake: true });
    await make(one);
    const name = applicationsOf(one)[0]?.name ?? "";
    await application(name);
    await make({ ...one, awake: false });
    const policy = async () => (await application(name)).spec.syncPolicy;
    await expect.poll(policy).not.toHaveProperty("automated");
  });

  test("texts that are templates elsewhere reach the Application as they are", async () => {
    const path = "de{{ .name }}ploy";
    const one = plan({
      config: previewConfig({ components: [component({ name: "web", path, helm: { x: '"{{ fail "no" }}$(id)' } })] }),
    });
    await make(one);
    const { spec } = await application(applicationsOf(one)[0]?.name ?? "");
    expect(spec.source).toMatchObject({ path, helm: { parameters: [{ name: "x", value: '"{{ fail "no" }}$(id)' }] } });
  });
});
