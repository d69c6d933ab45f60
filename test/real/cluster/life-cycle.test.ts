import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { KubeObject } from "../../../src/model/kubernetes.ts";
import { previewYml } from "./scene.ts";
import {
  comments,
  deployments,
  gone,
  isGreen,
  namespaceOf,
  type Opened,
  onCluster,
  openPull,
  preview,
  push,
  quiet,
  runs,
  type Story,
  setStory,
  until,
  within,
  words,
} from "./story.ts";

/*
 * One pull request from the day it is opened to its end, and all that people see of it. What its address answers is told by a server of
 * ours: KWOK's pods run nothing.
 */

let story: Story;
let server: Server;
let answer = 503;
let port = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    response.statusCode = request.url === "/healthz" ? answer : 404;
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
  story = await setStory({
    yml: previewYml(
      `  url: "http://pr-{{number}}.localhost:${port}"\n  readiness: { path: /healthz }\n  required: true\n`,
    ),
    environment: { HMS_EGRESS_ALLOW: [1, 2].map((n) => `pr-${n}.localhost:${port}`).join(",") },
  });
});
afterAll(async () => {
  await story?.close();
  server.close();
});

let pull: Opened;
let namespace: KubeObject;
const url = (): string => `http://pr-${pull.number}.localhost:${port}`;

test("opened: a preview that does not answer at its address yet is no green one, and the gate waits", async () => {
  pull = await openPull(story);
  const waiting = await preview(story, pull, (run) => words(run).includes("answers 503, not 200"));
  expect(waiting).toMatchObject({ status: "in_progress", conclusion: null });
  namespace = await namespaceOf(story, pull);
  const gate = await preview(story, pull, (run) => words(run).includes("preview"), "hms/gate");
  expect(gate).toMatchObject({ status: "in_progress", conclusion: null });
  const [deployment, ...more] = await deployments(story, pull);
  expect(more).toEqual([]);
  expect(deployment).toMatchObject({ sha: pull.sha, environment: `preview/pr-${pull.number}` });
  expect(deployment?.statuses.map(({ state }) => state)).not.toContain("success");
  expect(deployment?.statuses.at(-1)?.state).toBe("in_progress");
});

test("it answers: green with the address, in GitHub's environment, in one comment, at the gate", async () => {
  answer = 200;
  const green = await preview(story, pull, isGreen);
  expect(words(green)).toContain(url());
  expect(runs(story.stage, pull.repository, pull.sha, "hms/preview")).toHaveLength(1);
  await preview(story, pull, isGreen, "hms/gate");
  await until(
    async () => (await deployments(story, pull))[0]?.statuses.at(-1)?.state === "success",
    () => "the deployment never became a success",
  );
  const [deployment] = await deployments(story, pull);
  expect(deployment?.statuses.at(-1)).toMatchObject({ environment_url: url() });
  expect(comments(story, pull)).toEqual([expect.stringContaining(url())]);
  const web = await within(story, pull, "apps/v1 deployments/web");
  expect(web.status).toMatchObject({ availableReplicas: 1 });
});

test("pushed: the same namespace moves to the new commit, and the comment is the same one", async () => {
  const before = pull.sha;
  const after = await push(story, pull, { "deploy/web/extra.yaml": configMap("second") });
  await preview(story, pull, isGreen);
  expect((await namespaceOf(story, pull)).metadata.uid).toBe(namespace.metadata.uid);
  expect(await within(story, pull, "v1 configmaps/extra")).toMatchObject({ data: { which: "second" } });
  await until(
    async () => (await deployments(story, pull))[0]?.statuses.at(-1)?.state === "success",
    () => "the new deployment never became a success",
  );
  expect((await deployments(story, pull)).map(({ sha, statuses }) => [sha, statuses.at(-1)?.state])).toEqual([
    [after, "success"],
    [before, "inactive"],
  ]);
  expect(comments(story, pull)).toHaveLength(1);
  expect(comments(story, pull)[0]).toContain(after.slice(0, 7));
});

test("a push that takes an object out of the manifests takes it out of the preview", async () => {
  await push(story, pull, { "deploy/web/extra.yaml": null });
  await preview(story, pull, isGreen);
  await expect(within(story, pull, "v1 configmaps/extra")).rejects.toThrow("404");
});

test("closed: an administrator finds nothing of it, and nothing is said to be there", async () => {
  expect(await onCluster(story, pull)).toHaveLength(4);
  await story.stage.github.closePull(pull.repository, pull.number);
  await gone(story, pull);
  await until(
    async () => (await deployments(story, pull)).every(({ statuses }) => statuses.at(-1)?.state === "inactive"),
    () => "a deployment of what is gone is still active",
  );
  await until(
    () => /removed|gone|no preview/i.test(comments(story, pull)[0] ?? ""),
    () => `the comment says: ${comments(story, pull)[0]}`,
  );
  expect(comments(story, pull)).toHaveLength(1);
});

test("reopened: it comes back, in a namespace of its own", async () => {
  await story.stage.github.reopenPull(pull.repository, pull.number);
  await until(
    async () => (await deployments(story, pull))[0]?.statuses.at(-1)?.state === "success",
    () => `it did not come back\n${story.stage.hms.output().slice(-5000)}`,
  );
  await preview(story, pull, isGreen);
  expect((await namespaceOf(story, pull)).metadata.uid).not.toBe(namespace.metadata.uid);
  await quiet(story);
  expect(comments(story, pull)).toEqual([expect.stringContaining(url())]);
});

test("merged: it goes like any other, while another pull request's stays", async () => {
  const other = await openPull(story);
  await preview(story, other, isGreen);
  const path = `/repos/${pull.repository.fullName}/pulls/${pull.number}/merge`;
  expect((await story.stage.as("linus", "PUT", path)).status).toBe(200);
  await gone(story, pull);
  expect(runs(story.stage, other.repository, other.sha, "hms/preview").at(-1)).toMatchObject({ conclusion: "success" });
  expect(await onCluster(story, other)).toHaveLength(4);
  await story.stage.github.closePull(other.repository, other.number);
  await gone(story, other);
  expect(await onCluster(story)).toEqual([]);
});

function configMap(which: string): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: extra }\ndata: { which: ${which} }\n`;
}
