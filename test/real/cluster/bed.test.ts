import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, inject, test, vi } from "vitest";
import type { KubeObject } from "../../../src/model/kubernetes.ts";
import { type GitHub, type RepositoryHandle, startGitHub } from "../../doubles/github/github.ts";
import { connectBed } from "../bed/connect.ts";

/** The bed itself: Argo CD brings what stands in a repository of the GitHub double into a namespace, by SHA, as somebody else. */

const bed = connectBed(inject("bed"));
const run = randomBytes(3).toString("hex");
const made: KubeObject[] = [];
let github: GitHub;

beforeAll(async () => {
  github = await startGitHub();
  for (const login of ["ada", "mallory"]) github.createUser(login);
  github.createOrg("acme");
});
afterAll(async () => {
  // An Application goes as its project lets it, and with the ServiceAccount of its namespace.
  for (const kind of ["Application", "AppProject", "Namespace"]) await remove(made.filter((one) => one.kind === kind));
  bed.api.close();
  await github?.close();
});

async function remove(objects: KubeObject[]): Promise<void> {
  const paths = await Promise.all(objects.map((object) => bed.api.path(object)));
  for (const path of paths) await bed.api.call("DELETE", path);
  await vi.waitFor(
    async () => {
      for (const path of paths) await expect(bed.api.call("GET", path)).rejects.toThrow(" 404");
    },
    { timeout: 60_000, interval: 100 },
  );
}

async function make(...objects: KubeObject[]): Promise<void> {
  await bed.api.apply(objects);
  made.push(...objects.filter(({ kind }) => ["Namespace", "AppProject", "Application"].includes(kind)));
}

const DEPLOYMENT = JSON.stringify({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "shop" },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: "shop" } },
    template: {
      metadata: { labels: { app: "shop" } },
      // A namespace with pods in it goes only when half of their grace period is over, twice.
      spec: { terminationGracePeriodSeconds: 0, containers: [{ name: "shop", image: "registry.invalid/shop:1" }] },
    },
  },
});

/** A namespace, a project of its own that syncs as the namespace's ServiceAccount, and what the repository says at `sha`. */
async function preview(
  name: string,
  repoURL: string,
  sha: string,
  source: Record<string, unknown> = {},
): Promise<void> {
  const rbac = "rbac.authorization.k8s.io";
  const argocd = { name, namespace: bed.argocdNamespace };
  await make(
    { apiVersion: "v1", kind: "Namespace", metadata: { name } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "syncer", namespace: name } },
    {
      apiVersion: `${rbac}/v1`,
      kind: "RoleBinding",
      metadata: { name: "syncer", namespace: name },
      roleRef: { apiGroup: rbac, kind: "ClusterRole", name: "edit" },
      subjects: [{ kind: "ServiceAccount", name: "syncer", namespace: name }],
    },
    {
      apiVersion: "argoproj.io/v1alpha1",
      kind: "AppProject",
      metadata: argocd,
      spec: {
        sourceRepos: [repoURL],
        destinations: [{ name: bed.clusterName, namespace: name }],
        destinationServiceAccounts: [
          { server: bed.apiServer, namespace: name, defaultServiceAccount: `${name}:syncer` },
        ],
      },
    },
    {
      apiVersion: "argoproj.io/v1alpha1",
      kind: "Application",
      metadata: { ...argocd, finalizers: ["resources-finalizer.argocd.argoproj.io"] },
      spec: {
        project: name,
        source: { repoURL, targetRevision: sha, path: "deploy", ...source },
        destination: { name: bed.clusterName, namespace: name },
        syncPolicy: { automated: {} },
      },
    },
  );
}

type Status = {
  sync?: { status: string; revision: string };
  health?: { status: string };
  operationState?: { phase: string; message: string };
  conditions?: unknown[];
};

async function statusOf(name: string): Promise<Status> {
  const path = `/apis/argoproj.io/v1alpha1/namespaces/${bed.argocdNamespace}/applications/${name}`;
  return (await bed.api.call<{ status?: Status }>("GET", path)).status ?? {};
}

async function expectHealthyAt(name: string, sha: string): Promise<void> {
  await vi.waitFor(
    async () =>
      expect(await statusOf(name)).toMatchObject({
        sync: { status: "Synced", revision: sha },
        health: { status: "Healthy" },
        operationState: { phase: "Succeeded" },
      }),
    { timeout: 45_000, interval: 100 },
  );
  const { items } = await bed.api.call<{ items: { status: { phase: string } }[] }>(
    "GET",
    `/api/v1/namespaces/${name}/pods`,
  );
  expect(items.map(({ status }) => status.phase)).toEqual(["Running", "Running"]);
}

const commit = (repository: RepositoryHandle, branch: string, author: string, message: string) =>
  github.commit(repository, branch, { files: { "README.md": `# ${message}\n` }, author, message, from: "main" });

test("a commit that a branch has left behind is synced by its SHA and its pods run", async () => {
  const repository = await github.createRepository("acme", "shop", { files: { "deploy/shop.json": DEPLOYMENT } });
  const sha = await commit(repository, "feature", "ada", "first");
  await commit(repository, "feature", "ada", "second");
  const name = `bed-${run}-sha`;
  await preview(name, repository.cloneUrl, sha);
  await expectHealthyAt(name, sha);
});

test("a fork's commit is found in the base repository, where only refs/pull/N/head has it", async () => {
  const repository = await github.createRepository("acme", "open", { files: { "deploy/shop.json": DEPLOYMENT } });
  const fork = await github.fork(repository, "mallory");
  const sha = await commit(fork, "patch", "mallory", "from outside");
  await github.openPull(repository, { head: "mallory:patch" });
  const name = `bed-${run}-fork`;
  await preview(name, repository.cloneUrl, sha);
  await expectHealthyAt(name, sha);
});

test("a private repository is read with the credential of its project, and not without it", async () => {
  const repository = await github.createRepository("acme", "secret", {
    files: { "deploy/shop.json": DEPLOYMENT },
    private: true,
  });
  const reader = github.createUser("robot");
  github.setCollaborator(repository, "robot", "read");
  const sha = await commit(repository, "feature", "ada", "private");
  const name = `bed-${run}-private`;
  await preview(name, repository.cloneUrl, sha);
  await vi.waitFor(
    async () => expect(JSON.stringify((await statusOf(name)).conditions)).toContain("could not read Username"),
    { timeout: 45_000, interval: 100 },
  );
  await bed.api.apply([
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: {
        name: `${name}-repo`,
        namespace: bed.argocdNamespace,
        labels: { "argocd.argoproj.io/secret-type": "repository" },
      },
      stringData: { type: "git", url: repository.cloneUrl, project: name, username: "robot", password: reader.token },
    },
  ]);
  await bed.api.call(
    "PATCH",
    `/apis/argoproj.io/v1alpha1/namespaces/${bed.argocdNamespace}/applications/${name}`,
    { metadata: { annotations: { "argocd.argoproj.io/refresh": "hard" } } },
    "application/merge-patch+json",
  );
  await expectHealthyAt(name, sha);
});
