import { rmSync } from "node:fs";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { KubeObject } from "../../../src/model/kubernetes.ts";
import type { InstallationState } from "../../../src/ports/life-cycle.ts";
import { slugOf } from "../../../src/preview/preview.ts";
import { UNINSTALLED_GRACE_MS } from "../../../src/pull-request/preview/take-down-uninstalled.ts";
import { startHms } from "../../stage/process.ts";
import { freshSlug, makePreview, removePreview } from "./preview-fixture.ts";
import {
  changeRecord,
  gone,
  isGreen,
  namespaceOf,
  onCluster,
  openPull,
  preview,
  quiet,
  type Story,
  setStory,
  until,
  words,
} from "./story.ts";

/*
 * What a cluster shows and no record knows, and what records know and GitHub does not: it goes exactly where it is ours and its pull request is
 * known to be closed, or its installation has been gone for a week.
 */

let story: Story;
const foreign: KubeObject[] = [];
beforeAll(async () => {
  story = await setStory();
});
afterAll(async () => {
  for (const object of foreign) await story.bed.api.call("DELETE", await story.bed.api.path(object));
  await story?.close();
});

/** A namespace that an administrator made, whatever it is called. */
async function namespace(name: string, labels: Record<string, string> = {}): Promise<string> {
  const object = { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } };
  await story.bed.api.apply([object]);
  foreign.push(object);
  return uidOf(name);
}

async function uidOf(name: string): Promise<string> {
  const { metadata } = await story.bed.api.call("GET", `/api/v1/namespaces/${name}`);
  return metadata.deletionTimestamp === undefined ? String(metadata.uid) : "being removed";
}

/** The store is lost; `meanwhile` happens before the process is there again. */
async function forgetEverything(meanwhile: () => Promise<void>): Promise<void> {
  const { stage } = story;
  await stage.hms.kill("SIGKILL");
  for (const end of ["", "-wal", "-shm"]) rmSync(`${stage.environment.HMS_DATA_DIR}/hms.db${end}`, { force: true });
  await meanwhile();
  stage.hms = await startHms(stage.environment);
}

test("a store that is lost: what is open stays as it is, what was closed meanwhile goes, what is not ours is left", async () => {
  const open = await openPull(story);
  const closed = await openPull(story);
  for (const pull of [open, closed]) await preview(story, pull, isGreen);
  const { uid } = (await namespaceOf(story, open)).metadata;
  const theirs = freshSlug();
  onTestFinished(() => removePreview(story.bed, theirs, story.bed.argocdNamespace));
  await makePreview(story.bed, theirs, story.bed.argocdNamespace);
  const nobodys = `pr-nobody-${story.stage.app.id}`;
  const before = [await uidOf(theirs), await namespace(nobodys)];
  await forgetEverything(() => story.stage.github.closePull(closed.repository, closed.number));
  await gone(story, closed);
  await preview(story, open, isGreen);
  await quiet(story);
  expect((await namespaceOf(story, open)).metadata).toMatchObject({ uid });
  expect(await onCluster(story, open)).toHaveLength(4);
  expect([await uidOf(theirs), await uidOf(nobodys)]).toEqual(before);
  await story.stage.github.closePull(open.repository, open.number);
  await gone(story, open);
});

test("a namespace of our name that is not ours: told and untouched, also once the pull request is closed", async () => {
  const { stage } = story;
  const number = 3;
  const { installationId, repository } = stage;
  const slug = slugOf({ appId: stage.app.id, installationId, repositoryId: repository.id, number }, repository.name);
  const uid = await namespace(slug, { team: "payments" });
  const pull = await openPull(story);
  expect(pull.number).toBe(number);
  const said = await preview(story, pull, (run) => words(run).includes(slug) && run.conclusion === "failure");
  expect(words(said)).toContain("Namespace");
  expect(await uidOf(slug)).toBe(uid);
  await stage.github.closePull(pull.repository, pull.number);
  await until(
    async () => (await onCluster(story, pull)).length === 0,
    () => "something of it is left",
  );
  await quiet(story);
  expect(await uidOf(slug)).toBe(uid);
});

test("an App that was uninstalled: nothing goes for a week, and then all of it", async () => {
  const pull = await openPull(story);
  await preview(story, pull, isGreen);
  const before = await onCluster(story, pull);
  story.stage.github.uninstall(story.stage.installationId);
  await story.stage.github.deliveriesSettled();
  await until(
    () => story.stage.hms.output().includes("keys of an uninstalled App dropped"),
    () => "nobody noticed that the App was uninstalled",
  );
  const key = `installation-state/${story.stage.installationId}`;
  const passes = (ms: number) =>
    changeRecord<InstallationState>(story, key, (state) => ({ ...state, sinceMs: Date.now() - ms }));
  await passes(UNINSTALLED_GRACE_MS - 60_000);
  await quiet(story);
  expect(await onCluster(story, pull)).toEqual(before);
  await passes(UNINSTALLED_GRACE_MS);
  await gone(story, pull);
});
