import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, test, vi } from "vitest";
import type { KubeObject } from "../../../src/model/kubernetes.ts";
import { askerOf } from "./asker.ts";
import {
  applicationSet,
  appProject,
  configMap,
  expectDone,
  fences,
  freshSlug,
  HMS,
  labelsOf,
  marked,
  namespace,
  object,
  removePreview,
} from "./preview-fixture.ts";

/*
 * Argo CD makes PostDelete hooks with all of its rights: neither sync impersonation nor the AppProject is asked, and the hook may name any
 * namespace. A pull request would have the cluster by closing. Here a real Argo CD deploys such a source and lets it go.
 */
const bed = inject("bed");
const slug = freshSlug();
const admin = askerOf(bed);
const hms = askerOf(bed, HMS);
const escaped = configMap("kube-system", `escaped-${slug}`);
const application = object("argoproj.io/v1alpha1", "Application", bed.argocdNamespace, `${slug}-web`, {});
let directory = "";
const git = (...args: string[]) => execFileSync("git", args, { cwd: directory, encoding: "utf8" });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "hms-hook-"));
  await mkdir(join(directory, "app"));
  const hook = marked(escaped, { annotations: { "argocd.argoproj.io/hook": "PostDelete" } });
  const { namespace: _own, ...metadata } = configMap(slug, "ordinary").metadata;
  const ordinary = { ...configMap(slug, "ordinary"), metadata };
  await writeFile(
    join(directory, "app", "all.json"),
    JSON.stringify({ apiVersion: "v1", kind: "List", items: [ordinary, hook] }),
  );
  git("init", "--quiet");
  git("add", ".");
  git("-c", "user.name=a", "-c", "user.email=a@example.test", "commit", "--quiet", "--message=x");
  const sha = git("rev-parse", "HEAD").trim();

  const project = appProject(slug, bed.argocdNamespace);
  const set = applicationSet(slug, bed.argocdNamespace);
  const destination = { name: bed.clusterName, namespace: slug };
  const objects: KubeObject[] = [
    namespace(slug),
    ...fences(slug),
    {
      ...project,
      spec: {
        ...(project.spec as object),
        sourceRepos: [`file://${directory}`],
        destinations: [destination],
        namespaceResourceWhitelist: [{ group: "", kind: "ConfigMap" }],
      },
    },
    {
      ...set,
      spec: {
        goTemplate: true,
        generators: [{ list: { elements: [{ name: application.metadata.name }] } }],
        template: {
          metadata: {
            name: "{{ .name }}",
            labels: labelsOf(slug),
            finalizers: ["resources-finalizer.argocd.argoproj.io"],
          },
          spec: {
            project: slug,
            source: { repoURL: `file://${directory}`, path: "app", targetRevision: sha },
            destination,
            syncPolicy: { automated: {} },
          },
        },
      },
    },
  ];
  for (const made of objects) expectDone(await hms.apply(made), made.kind);
});
afterAll(async () => {
  await admin.remove(escaped);
  await removePreview(bed, slug, bed.argocdNamespace);
  await rm(directory, { recursive: true, force: true });
});

const until = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 90_000, interval: 250 });

test("a PostDelete hook of a preview never runs", async () => {
  await until(async () => {
    const { body } = await admin.read(application);
    expect(body.status).toMatchObject({ sync: { status: "Synced" }, operationState: { phase: "Succeeded" } });
  });
  expect((await admin.read(configMap(slug, "ordinary"))).status).toBe(200);
  // After the second look Argo CD has done all that follows from the first.
  for (const _look of [1, 2]) {
    const refresh = "argocd.argoproj.io/refresh";
    expectDone(await hms.merge(application, { metadata: { annotations: { [refresh]: "normal" } } }), "refresh");
    await until(async () =>
      expect((await admin.read(application)).body.metadata.annotations ?? {}).not.toHaveProperty([refresh]),
    );
  }
  expect((await admin.read(application)).body.metadata.finalizers).toEqual(["resources-finalizer.argocd.argoproj.io"]);

  expectDone(await hms.remove(applicationSet(slug, bed.argocdNamespace)), "deletion");
  await until(async () => expect((await admin.read(application)).status).toBe(404));
  expect((await admin.read(configMap(slug, "ordinary"))).status).toBe(404);
  expect((await admin.read(escaped)).status).toBe(404);
});
