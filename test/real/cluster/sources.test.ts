import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { KubeObject } from "../../../src/model/kubernetes.ts";
import { type RegistryDouble, startRegistry } from "../../doubles/registry/registry.ts";
import { webManifests } from "./scene.ts";
import { gone, isGreen, openPull, preview, push, type Story, setStory, within, words } from "./story.ts";

/*
 * Every kind of source, rendered and synced by a real Argo CD: Kustomize and Helm with the commit's image as parameter, manifests of a deploy
 * repository, data that is put in before green, images that are waited for.
 */

let story: Story;
let registry: RegistryDouble;
const directory = mkdtempSync(join(tmpdir(), "hms-sources-"));
const CHART = {
  "chart/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
  "chart/values.yaml": "image: { tag: none }\nslug: none\n",
  "chart/templates/config.yaml":
    "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: shop }\ndata: { tag: {{ .Values.image.tag | quote }}, slug: {{ .Values.slug | quote }} }\n",
};

beforeAll(async () => {
  registry = await startRegistry();
  const clusters = join(directory, "clusters.yml");
  const { clusterName } = inject("bed");
  writeFileSync(
    clusters,
    `version: 1
argocd: { cluster: ${clusterName}, namespace: argocd }
clusters: [{ name: ${clusterName}, context: bed }]
deploy_repositories: [{ repository: acme/deploy, used_by: [acme/shop] }]
`,
  );
  const yml = `version: 1
preview:
  components:
    - { name: web, path: deploy/web }
    - { name: api, path: deploy/api, image: "${registry.host}/acme/api:{{head_sha}}", image_name: api }
    - { name: chart, path: chart, helm: { image.tag: "{{head_sha}}", slug: "{{slug}}" } }
  seed: { job: { image: "ghcr.io/acme/seed:1", command: [seed, --all] } }
`;
  story = await setStory({
    yml,
    files: {
      ...CHART,
      "deploy/api/kustomization.yaml":
        "resources: [../base]\nnamePrefix: api-\nimages: [{ name: api, newTag: none }]\n",
      "deploy/base/kustomization.yaml": "resources: [deployment.yaml]\n",
      "deploy/base/deployment.yaml": (webManifests({ image: "api" })["deploy/web/deployment.yaml"] ?? "").replaceAll(
        "web",
        "api",
      ),
    },
    environment: { HMS_CLUSTERS: clusters, HMS_EGRESS_ALLOW: registry.host },
  });
});
afterAll(async () => {
  await story?.close();
  await registry?.close();
  rmSync(directory, { recursive: true, force: true });
});

test("an image that is not there yet is waited for; then Kustomize, Helm and the seed are as the commit says", async () => {
  const pull = await openPull(story);
  const waiting = await preview(story, pull, (run) => words(run).includes("not there yet"));
  expect(waiting.status).toBe("in_progress");
  registry.images.set(`acme/api:${pull.sha}`, {});
  await preview(story, pull, isGreen);
  const api = await within(story, pull, "apps/v1 deployments/api-api");
  expect(JSON.stringify(api.spec)).toContain(`${registry.host}/acme/api:${pull.sha}`);
  const chart = await within<KubeObject & { data: Record<string, string> }>(story, pull, "v1 configmaps/shop");
  expect(chart.data.tag).toBe(pull.sha);
  expect(chart.data.slug).toBe(chart.metadata.namespace);
  const job = await within(story, pull, "batch/v1 jobs/hms-seed");
  expect((job.status as { succeeded: number }).succeeded).toBe(1);

  const next = await push(story, pull);
  registry.images.set(`acme/api:${next}`, {});
  await preview(story, pull, isGreen);
  expect(JSON.stringify((await within(story, pull, "apps/v1 deployments/api-api")).spec)).toContain(next);
  await story.stage.github.closePull(pull.repository, pull.number);
  await gone(story, pull);
});

test("manifests of a deploy repository, at the commit that was inspected, with the pull request's image", async () => {
  const { github } = story.stage;
  const deploy = await github.createRepository("acme", "deploy", {
    files: {
      "previews/shop/kustomization.yaml": "resources: [web.yaml]\nimages: [{ name: web, newTag: none }]\n",
      "previews/shop/web.yaml": webManifests({ image: "web" })["deploy/web/deployment.yaml"] ?? "",
    },
  });
  const yml = `version: 1
preview:
  source: { repo: acme/deploy, path: previews, revision: main }
  components: [{ name: web, path: shop, image: "${registry.host}/acme/web:{{head_sha}}", image_name: web }]
`;
  await github.commit(story.stage.repository, "main", {
    files: { ".github/hms.yml": yml },
    message: "Deploy repository",
    author: "linus",
  });
  const pull = await openPull(story);
  registry.images.set(`acme/web:${pull.sha}`, {});
  await preview(story, pull, isGreen);
  const web = await within(story, pull, "apps/v1 deployments/web");
  expect(JSON.stringify(web.spec)).toContain(`${registry.host}/acme/web:${pull.sha}`);
  expect(deploy.id).not.toBe(pull.repository.id);
  await github.closePull(pull.repository, pull.number);
  await gone(story, pull);
});
