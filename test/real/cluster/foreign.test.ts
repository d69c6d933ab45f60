import { afterAll, beforeAll, expect, test } from "vitest";
import { KINDS, type KubeObject, type ObjectKind } from "../../../src/model/kubernetes.ts";
import { slugOf } from "../../../src/preview/preview.ts";
import { previewYml } from "./scene.ts";
import {
  comments,
  gone,
  isGreen,
  isRed,
  namespaceOf,
  onCluster,
  openPull,
  preview,
  push,
  runs,
  type Story,
  setStory,
  until,
  words,
} from "./story.ts";

/* Objects that somebody else has made, with names of a preview: they stay as they are, whatever happens to the preview, and people are told. */
let story: Story;
/** The number of the newest pull request. */
let last: number;

beforeAll(async () => {
  story = await setStory({ yml: previewYml("  required: true\n") });
  const pull = await openPull(story);
  last = pull.number;
  await preview(story, pull, isGreen);
});
afterAll(() => story?.close());

const destination = { name: "in-cluster", namespace: "default" };
const source = { repoURL: "https://example.test/theirs.git", path: "theirs", targetRevision: "main" };
const template = { metadata: { name: "theirs" }, spec: { project: "default", source, destination } };

const THEIRS: readonly { kind: ObjectKind; suffix?: string; spec?: object; labels?: Record<string, string> }[] = [
  { kind: KINDS.namespace },
  // Labels that anybody may copy are not those of this very preview.
  { kind: KINDS.namespace, labels: { "app.kubernetes.io/managed-by": "hms-sys" } },
  { kind: KINDS.appProject, spec: { destinations: [destination], sourceRepos: ["https://example.test/theirs.git"] } },
  { kind: KINDS.applicationSet, spec: { generators: [{ list: { elements: [] } }], template } },
  { kind: KINDS.application, suffix: "-web", spec: template.spec },
];

test.each(THEIRS)(
  "a $kind.kind of somebody else with the name of ours",
  async ({ kind, suffix = "", spec, labels = {} }) => {
    const { bed, stage } = story;
    const owner = { appId: stage.app.id, installationId: stage.installationId, repositoryId: stage.repository.id };
    const name = `${slugOf({ ...owner, number: last + 1 }, "shop")}${suffix}`;
    const namespace = kind === KINDS.namespace ? undefined : bed.argocdNamespace;
    const theirs: KubeObject = {
      apiVersion: kind.apiVersion,
      kind: kind.kind,
      metadata: { name, labels: { theirs: "yes", ...labels }, ...(namespace === undefined ? {} : { namespace }) },
      ...(spec ? { spec } : {}),
    };
    await bed.api.apply([theirs], namespace);
    const path = await bed.api.path(theirs);
    const before = shownOf(await bed.api.call("GET", path));

    const pull = await openPull(story);
    expect(pull.number).toBe(++last);
    const untouched = async () => expect(shownOf(await bed.api.call("GET", path))).toEqual(before);
    const told = (run: Parameters<typeof words>[0]) =>
      plain(words(run)).includes(`${kind.kind} ${name} is there and not of this preview`);
    await preview(story, pull, (run) => isRed(run) && told(run));
    await untouched();
    await push(story, pull);
    await preview(story, pull, (run) => isRed(run) && told(run));
    for (const { conclusion } of runs(stage, pull.repository, pull.sha, "hms/gate"))
      expect(conclusion).not.toBe("success");
    await untouched();

    await stage.github.closePull(pull.repository, pull.number);
    await gone(story, pull);
    await until(
      () => comments(story, pull).some((text) => text.includes("Removed")),
      () => `it is not said to be gone: ${comments(story, pull).join("\n")}`,
    );
    await untouched();

    // Nobody has to tell HMS-SYS that it was taken out of the way.
    await stage.github.reopenPull(pull.repository, pull.number);
    await preview(story, pull, (run) => isRed(run) && told(run));
    await bed.api.call("DELETE", path);
    await preview(story, pull, isGreen);
    await stage.github.closePull(pull.repository, pull.number);
    await gone(story, pull);
  },
);

test("an Application of somebody else in the AppProject of a preview keeps that, and is named", async () => {
  const { bed, stage } = story;
  const pull = await openPull(story);
  last = pull.number;
  await preview(story, pull, isGreen);
  const { metadata } = await namespaceOf(story, pull);
  const theirs: KubeObject = {
    apiVersion: KINDS.application.apiVersion,
    kind: "Application",
    metadata: { name: "theirs", namespace: bed.argocdNamespace },
    spec: { project: metadata.name, source, destination },
  };
  await bed.api.apply([theirs], bed.argocdNamespace);
  await stage.github.closePull(pull.repository, pull.number);
  const told = () => comments(story, pull).map(plain).join("\n");
  await until(() => told().includes("used by Application theirs"), told);
  expect(await onCluster(story, pull)).toEqual([`AppProject ${metadata.name}`]);
  await bed.api.call("DELETE", await bed.api.path(theirs));
  await gone(story, pull);
});

test("a set that Argo CD's controller wrote back whole, with an empty template in it, is removed all the same", async () => {
  const { bed, stage } = story;
  const pull = await openPull(story);
  last = pull.number;
  await preview(story, pull, isGreen);
  const { name } = (await namespaceOf(story, pull)).metadata;
  const { apiVersion, kind } = KINDS.applicationSet;
  const path = await bed.api.path({ apiVersion, kind, metadata: { name, namespace: bed.argocdNamespace } });
  const refresh = { metadata: { annotations: { "argocd.argoproj.io/application-set-refresh": "true" } } };
  await bed.api.call("PATCH", path, refresh, "application/merge-patch+json");
  await until(
    async () => JSON.stringify((await bed.api.call<KubeObject>("GET", path)).spec).includes('"project":""'),
    () => "Argo CD's controller did not write the set back",
  );
  await stage.github.closePull(pull.repository, pull.number);
  await gone(story, pull);
});

/** Without what Kubernetes and Argo CD write on what is there. */
function shownOf({ kind, metadata, spec }: KubeObject): object {
  const { uid, labels, annotations, ownerReferences, finalizers, deletionTimestamp } = metadata;
  return { kind, uid, labels, annotations, ownerReferences, finalizers, deletionTimestamp, spec };
}

function plain(markdown: string): string {
  return markdown.replace(/\\(?=[^\w\s])|\u200b/g, "");
}
