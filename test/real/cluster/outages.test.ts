import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import type { KubeObject } from "../../../src/model/kubernetes.ts";
import type { CheckRun } from "../../stage/stage.ts";
import { type OwnBed, startBed } from "../bed/bed.ts";
import type { Program } from "../bed/connect.ts";
import { objectsIn } from "../bed/manifests.ts";
import { toolSource } from "../tools.ts";
import { previewYml } from "./scene.ts";
import {
  comments,
  gone,
  isGreen,
  namespaceOf,
  type Opened,
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

/*
 * What previews stand on is taken away and given back, on a Kubernetes of this file's own. Meanwhile nothing is green that was not seen to be, nothing
 * counts as gone, and nothing is deleted; afterwards everything comes right by itself.
 */
let bed: OwnBed;
let story: Story;
/** Nothing happens to it but what happens to all. */
let settled: Opened;
let uid: string | undefined;
let pushed: Opened;

beforeAll(async () => {
  bed = await startBed();
  story = await setStory({ yml: previewYml("  required: true\n") }, bed.description);
  settled = await openPull(story);
  pushed = await openPull(story);
  for (const pull of [settled, pushed]) await preview(story, pull, isGreen);
  uid = (await namespaceOf(story, settled)).metadata.uid;
});
afterAll(async () => {
  await story?.close();
  await bed?.stop();
});

/** A closed pull request that is not gone is not said to be, and the check of what was pushed says what is the matter. */
async function neitherGreenNorGone(closed: Opened | undefined, why: RegExp): Promise<void> {
  const told = await preview(story, pushed, (run) => why.test(words(run).replaceAll("\\", "")));
  expect(told).toMatchObject({ status: "in_progress", conclusion: null });
  const gate = await preview(story, pushed, (run) => words(run).includes("preview"), "hms/gate");
  expect(gate.conclusion).not.toBe("success");
  if (closed) expect(comments(story, closed).join()).not.toMatch(/Removed|no preview of this/);
}

/** Argo CD looks once a minute at what it lost from sight. */
const BY_ITSELF_MS = 150_000;
vi.setConfig({ testTimeout: 4 * BY_ITSELF_MS });

async function healed(closed?: Opened): Promise<void> {
  await preview(story, pushed, isGreen, "hms/preview", BY_ITSELF_MS);
  await preview(story, pushed, isGreen, "hms/gate");
  if (closed) await gone(story, closed, BY_ITSELF_MS);
  for (const name of ["hms/preview", "hms/gate"])
    for (const run of runs(story.stage, pushed.repository, pushed.sha, name).slice(0, -1))
      expect(run.conclusion).not.toBe("success");
  expect((await namespaceOf(story, settled)).metadata.uid).toBe(uid);
}

async function openGreen(): Promise<Opened> {
  const pull = await openPull(story);
  await preview(story, pull, isGreen);
  return pull;
}

/** It comes back with the test, also when that fails: the next one starts from what is whole. */
async function without(program: Program, does: () => Promise<void>): Promise<void> {
  onTestFinished(() => bed.startProgram(program));
  await bed.stopProgram(program);
  await does();
  await bed.startProgram(program);
}

const close = (pull: Opened): Promise<void> => story.stage.github.closePull(pull.repository, pull.number);

test("the API server is down while one is made, one is moved, and one is removed", async () => {
  const closed = await openGreen();
  let opened: Opened | undefined;
  await without("kube-apiserver", async () => {
    await close(closed);
    await push(story, pushed);
    opened = await openPull(story);
    await neitherGreenNorGone(closed, /in-cluster.*(?:cannot be read|no answer|ECONNREFUSED|not answer)/);
    const waits = (run: CheckRun) => run.status === "in_progress" && /Not known|cannot be read/.test(words(run));
    await preview(story, opened, waits);
  });
  await healed(closed);
  if (!opened) throw new Error("none was opened");
  await preview(story, opened, isGreen, "hms/preview", BY_ITSELF_MS);
  await close(opened);
  await gone(story, opened, BY_ITSELF_MS);
});

test("the API server answers nothing", async () => {
  onTestFinished(() => bed.resumeProgram("kube-apiserver"));
  await bed.pauseProgram("kube-apiserver");
  await push(story, pushed);
  await neitherGreenNorGone(undefined, /in-cluster.*(?:cannot be read|left alone|could not do it)/);
  await bed.resumeProgram("kube-apiserver");
  await healed();
});

test("rights are taken away and given back", async () => {
  const closed = await openGreen();
  onTestFinished(() => bed.applyManifests());
  const rbac = "/apis/rbac.authorization.k8s.io/v1";
  await bed.api.call("DELETE", `${rbac}/clusterrolebindings/hms-sys`);
  await bed.api.call("DELETE", `${rbac}/namespaces/${bed.argocdNamespace}/rolebindings/hms-sys`);
  await close(closed);
  await push(story, pushed);
  await neitherGreenNorGone(closed, /cannot (?:patch|list|get) resource/);
  await bed.applyManifests();
  await healed(closed);
});

test("kinds of Argo CD are taken away and given back", async () => {
  const closed = await openGreen();
  const kinds = await objectsIn(join(await toolSource("argocd"), "manifests/crds"));
  onTestFinished(() => bed.api.apply(kinds));
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/applicationsets.argoproj.io";
  await bed.api.call("DELETE", path);
  await until(
    async () =>
      bed.api.call("GET", path).then(
        () => false,
        () => true,
      ),
    () => "the kind is still there",
  );
  await close(closed);
  await push(story, pushed);
  await neitherGreenNorGone(closed, /does not know the kind/);
  await bed.api.apply(kinds);
  await healed(closed);
});

test("Argo CD forgets the cluster: it lets the Application go, and what it deployed is not gone", async () => {
  const closed = await openGreen();
  const path = `/api/v1/namespaces/${bed.argocdNamespace}/secrets/cluster-in-cluster`;
  const { data, type, metadata } = await bed.api.call<KubeObject & { data: object; type: string }>("GET", path);
  const { name, labels = {} } = metadata;
  const remember = () =>
    bed.api.apply([{ apiVersion: "v1", kind: "Secret", metadata: { name, labels }, data, type }], bed.argocdNamespace);
  onTestFinished(remember);
  // So that the workload stays to be seen; a finalizer that the shipped policies let nobody write.
  onTestFinished(() => bed.applyManifests());
  const policies = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings";
  await bed.api.call("DELETE", `${policies}/hms-preview-leftovers`);
  const { metadata: namespace } = await namespaceOf(story, closed);
  const workload = `/apis/apps/v1/namespaces/${namespace.name}/deployments/web`;
  const hold = (finalizers: string[] | null) =>
    bed.api.call("PATCH", workload, { metadata: { finalizers } }, "application/merge-patch+json");
  await until(
    () =>
      hold(["example.test/hold"]).then(
        () => true,
        () => false,
      ),
    () => "the policy still refuses it",
  );
  await bed.applyManifests();
  await bed.api.call("DELETE", path);
  await close(closed);
  await push(story, pushed);
  await until(
    async () => !(await onCluster(story, closed)).some((one) => one.startsWith("Application ")),
    () => "Argo CD keeps the Application",
  );
  await neitherGreenNorGone(closed, /there are no clusters with this name: in-cluster/);
  expect((await bed.api.call("GET", workload)).metadata.name).toBe("web");
  expect((await onCluster(story, closed)).join()).toMatch(/AppProject .*Namespace /);
  await hold(null);
  await remember();
  await healed(closed);
});

test("the controllers of Kubernetes are down: a namespace that nobody empties is not gone", async () => {
  const closed = await openGreen();
  await without("kube-controller-manager", async () => {
    await close(closed);
    await until(
      async () => (await namespaceOf(story, closed)).metadata.deletionTimestamp !== undefined,
      () => "its namespace is not being removed",
    );
    await until(
      () => comments(story, closed).join().includes("Being removed"),
      () => comments(story, closed).join(),
    );
    expect((await onCluster(story, closed)).join()).toMatch(/AppProject .*Namespace /);
    expect(comments(story, closed).join()).not.toContain("Removed");
  });
  await healed(closed);
});

test("Argo CD's repository server and its Redis are down", () =>
  without("redis", async () => {
    await without("argocd-repo-server", async () => {
      await push(story, pushed);
      await neitherGreenNorGone(undefined, /connection refused|no such host|dial tcp/);
    });
    await bed.startProgram("redis");
    await healed();
  }));

test("Argo CD's application controller is down: what it does not let go goes once its namespace is gone", async () => {
  const closed = await openGreen();
  await without("argocd-application-controller", async () => {
    await push(story, pushed);
    await neitherGreenNorGone(undefined, /Being made/);
    await close(closed);
    await gone(story, closed);
    await neitherGreenNorGone(undefined, /Is its application controller running/);
  });
  await healed(closed);
});

test.each([
  ["not to be there", { status: 404, body: { message: "Not Found" } }],
  ["that it is broken", { status: 500, body: { message: "Server Error" } }],
  ["nothing", { status: 200, body: {} }],
  ["that all are gone", { status: 200, body: [] }],
])("GitHub says of the pull request: %s", async (what, answer) => {
  const { github, repository } = story.stage;
  const asked = () => github.requests.list({ path: new RegExp(`/pulls/${settled.number}$`) }).length;
  const before = asked();
  const heal = github.fault({ path: new RegExp(`/pulls(?:/${settled.number})?(?:\\?|$)`), ...answer });
  onTestFinished(heal);
  await github.addLabel(repository, settled.number, `while GitHub says ${what}`);
  await until(
    () => asked() - before >= 2,
    () => "it was not asked for",
  );
  expect((await namespaceOf(story, settled)).metadata).toMatchObject({ uid });
  expect((await namespaceOf(story, settled)).metadata.deletionTimestamp).toBeUndefined();
  heal();
  await github.addLabel(repository, settled.number, `after GitHub said ${what}`);
  await preview(story, settled, isGreen);
  await preview(story, settled, isGreen, "hms/gate");
  expect((await namespaceOf(story, settled)).metadata).toMatchObject({ uid });
});
