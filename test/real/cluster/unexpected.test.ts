import { afterAll, beforeAll, expect, test } from "vitest";
import type { KubeObject } from "../../../src/model/kubernetes.ts";
import type { CheckRun } from "../../stage/stage.ts";
import { previewYml, webManifests } from "./scene.ts";
import {
  deployments,
  gone,
  isGreen,
  isRed,
  namespaceOf,
  newRepository,
  type Opened,
  onCluster,
  openPull,
  preview,
  push,
  runs,
  type Story,
  setStory,
  until,
  within,
  words,
} from "./story.ts";

/*
 * What Argo CD and Kubernetes do that nobody expects: Applications that stay behind when their set goes, or hang when their project went before
 * them; a health that is of the commit before; a namespace that comes back bare. Administrators do to a preview what people do by mistake.
 */

let story: Story;
beforeAll(async () => {
  story = await setStory();
});
afterAll(() => story?.close());

const MERGE = "application/merge-patch+json";

function hub(kind: "applications" | "applicationsets" | "appprojects", slug: string): string {
  const name = kind === "applications" ? `${slug}-web` : slug;
  return `/apis/argoproj.io/v1alpha1/namespaces/${story.bed.argocdNamespace}/${kind}/${name}`;
}

async function openGreen(): Promise<{ pull: Opened; slug: string }> {
  const pull = await openPull(story);
  await preview(story, pull, isGreen);
  return { pull, slug: (await namespaceOf(story, pull)).metadata.name };
}

/** While the process is not there: what it finds when it comes back. */
async function meanwhile(does: () => Promise<void>): Promise<void> {
  await story.stage.hms.kill("SIGKILL");
  await does();
  await story.stage.restart();
}

async function isThere(path: string): Promise<boolean> {
  return story.bed.api.call("GET", path).then(
    () => true,
    (error: unknown) => {
      if (String(error).includes(" 404")) return false;
      throw error;
    },
  );
}

const normal = (run: CheckRun): string => words(run).replaceAll(/[\\\u200b]/g, "");

test("a set that lets its Applications stay, as under the policy create-update: they go with the preview all the same", async () => {
  const { pull, slug } = await openGreen();
  await story.bed.api.call(
    "PATCH",
    hub("applicationsets", slug),
    { spec: { syncPolicy: { applicationsSync: "create-update" } } },
    MERGE,
  );
  await story.stage.github.closePull(pull.repository, pull.number);
  await gone(story, pull);
});

test("a set that somebody removed without its Applications: they go with the preview", async () => {
  const { pull, slug } = await openGreen();
  const set = hub("applicationsets", slug);
  await meanwhile(async () => {
    await story.bed.api.call("PATCH", set, { metadata: { finalizers: null } }, MERGE);
    await story.bed.api.call("DELETE", `${set}?propagationPolicy=Orphan`);
    await until(
      async () => !(await isThere(set)),
      () => "the set stays",
    );
    expect(await isThere(hub("applications", slug))).toBe(true);
    await story.stage.github.closePull(pull.repository, pull.number);
  });
  await gone(story, pull);
});

test("a project that somebody removed first, without which Argo CD lets no Application go: all of it goes", async () => {
  const { pull, slug } = await openGreen();
  const project = hub("appprojects", slug);
  await meanwhile(async () => {
    await story.bed.api.call("PATCH", project, { metadata: { finalizers: null } }, MERGE);
    if (await isThere(project)) await story.bed.api.call("DELETE", project);
    await until(
      async () => !(await isThere(project)),
      () => "the project stays",
    );
    await story.stage.github.closePull(pull.repository, pull.number);
  });
  await gone(story, pull);
});

test("a namespace that somebody removed comes back with its labels, quota and limits, and only then is green", async () => {
  const { pull, slug } = await openGreen();
  const before = (await namespaceOf(story, pull)).metadata;
  await story.bed.api.call("DELETE", `/api/v1/namespaces/${slug}`);
  await until(
    async () => {
      const uid = await namespaceOf(story, pull).then(
        ({ metadata }) => metadata.uid,
        () => undefined,
      );
      return uid !== undefined && uid !== before.uid;
    },
    () => `it does not come back\n${story.stage.hms.output().slice(-5000)}`,
  );
  await until(
    () => within(story, pull, "apps/v1 deployments/web").then(Boolean, () => false),
    () => "nothing runs in it",
  );
  await preview(story, pull, isGreen);
  const { labels } = (await namespaceOf(story, pull)).metadata;
  expect(labels).toEqual(before.labels);
  for (const path of ["v1 resourcequotas/hms-quota", "v1 limitranges/hms-limits"])
    expect((await within(story, pull, path)).metadata.labels).toMatchObject({ "hms-sys.dev/preview": slug });
});

test("a set that somebody took a key from: it makes nothing of what it lacks, and who has it is told until it is back", async () => {
  const { pull, slug } = await openGreen();
  const path = hub("applicationsets", slug);
  const { generators } = (await story.bed.api.call<KubeObject>("GET", path)).spec as { generators: unknown };
  const application = async () => (await story.bed.api.call<KubeObject>("GET", hub("applications", slug))).metadata.uid;
  const before = await application();
  await story.bed.api.call("PATCH", path, { spec: { generators: [{ list: { elements: [{}] } }] } }, MERGE);
  await until(
    async () => JSON.stringify((await story.bed.api.call<KubeObject>("GET", path)).status).includes("map has no entry"),
    () => "Argo CD does not mind",
  );
  const said = await preview(story, pull, (run) => normal(run).includes(`ApplicationSet ${slug}`));
  expect(said.conclusion).not.toBe("success");
  expect(normal(said)).toMatch(/conflict.*spec\.generators/);
  expect(await application()).toBe(before);
  await story.bed.api.call("PATCH", path, { spec: { generators } }, MERGE);
  await preview(story, pull, isGreen);
});

test("another revision given to an Application from outside does not last", async () => {
  const { pull, slug } = await openGreen();
  const path = hub("applications", slug);
  const { github } = story.stage;
  const other = await github.commit(pull.repository, "elsewhere", {
    files: webManifests({ replicas: 3 }),
    author: "ada",
    message: "Elsewhere",
    from: "main",
  });
  await story.bed.api.call("PATCH", path, { spec: { source: { targetRevision: other } } }, MERGE);
  await until(
    async () => {
      const { spec, status } = await story.bed.api.call<KubeObject>("GET", path);
      const { source } = spec as { source: { targetRevision: string } };
      return (
        source.targetRevision === pull.sha && (status as { sync: { revision: string } }).sync.revision === pull.sha
      );
    },
    () => "it is still of the other commit",
  );
  await preview(story, pull, isGreen);
  const { replicas } = (await within(story, pull, "apps/v1 deployments/web")).spec as { replicas: number };
  expect(replicas).toBe(1);
});

test("a commit that Argo CD cannot get, while it calls what is left of the one before healthy", async () => {
  const { pull, slug } = await openGreen();
  const healed = story.stage.github.fault({ path: /\/git-upload-pack$|\/info\/refs\?/, status: 503 });
  const sha = await push(story, pull);
  await preview(story, pull, (run) => /unable to|failed to|503|unavailable/i.test(normal(run)));
  const { status } = await story.bed.api.call<KubeObject>("GET", hub("applications", slug));
  expect(status).toMatchObject({ health: { status: "Healthy" } });
  healed();
  await preview(story, pull, isGreen);
  const [, ...earlier] = runs(story.stage, pull.repository, sha, "hms/preview").toReversed();
  expect(earlier.map(({ conclusion }) => conclusion)).not.toContain("success");
  expect((await deployments(story, pull))[0]).toMatchObject({ sha });
});

test("one object in two components: each Application says that it is not its own, and neither is green", async () => {
  const repository = await newRepository(story, previewYml().replace("}]", "}, { name: api, path: deploy/api }]"));
  const twice = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: both }\n";
  const files = { "deploy/web/both.yaml": twice, "deploy/api/both.yaml": twice };
  const pull = await openPull(story, files, { repository });
  const said = await preview(story, pull, (run) => isRed(run) && /ConfigMap.{0,4}both/.test(normal(run)));
  expect(normal(said)).toMatch(/part of applications?|shared/i);
  await push(story, pull, { "deploy/api/both.yaml": twice.replace("both", "one") });
  await preview(story, pull, isGreen);
  await story.stage.github.closePull(repository, pull.number);
  await gone(story, pull);
  expect(await onCluster(story, pull)).toEqual([]);
});
