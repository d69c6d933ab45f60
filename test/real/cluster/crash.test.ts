import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { PreviewRecord } from "../../../src/model/preview.ts";
import { noticed } from "../../crash/crash-stage.ts";
import { startHms } from "../../stage/process.ts";
import { type DeadlyProxy, deadlyProxy } from "./deadly-proxy.ts";
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
} from "./story.ts";

/*
 * `kill -9` at every single write to the cluster, before it arrives and after it had its effect, while a preview is made and while it is removed.
 * Each time the real process is started again on the same data. In the end it is what it would have been, and at no time was anything on
 * the cluster that the record did not know of.
 */

/** Each of these starts the process some thirty times, and each start has the time of one wait at most. */
const STARTS = { timeout: 300_000 };

let story: Story;
let proxy: DeadlyProxy;
let pull: Opened;
const directory = mkdtempSync(join(tmpdir(), "hms-deadly-"));

beforeAll(async () => {
  proxy = await deadlyProxy(inject("bed").hmsKubeconfig, directory);
  story = await setStory({ environment: { KUBECONFIG: proxy.kubeconfigPath } });
});
afterAll(async () => {
  await story?.close();
  await proxy?.close();
  rmSync(directory, { recursive: true, force: true });
});

/** What the dead process left in its store. */
function record(): PreviewRecord | undefined {
  const database = new DatabaseSync(`${story.stage.environment.HMS_DATA_DIR}/hms.db`, {
    readOnly: true,
    timeout: 10_000,
  });
  const key = `preview/${story.stage.installationId}/${pull.repository.id}/${pull.number}`;
  const value = database.prepare("SELECT value FROM records WHERE key = ?").get(key)?.value;
  database.close();
  return typeof value === "string" ? (JSON.parse(value) as PreviewRecord) : undefined;
}

/** Kills the process at each write until nothing is left to be written and `done`. What it was killed at. */
async function dieAtEachWrite(
  moments: readonly ("before" | "after")[],
  done: () => Promise<boolean>,
): Promise<string[]> {
  const killedAt: string[] = [];
  for (let at = 0; at < 200; at++) {
    const { stage } = story;
    const moment = moments[at % moments.length] ?? "after";
    const armed = proxy.atNextWrite(moment, () => process.kill(stage.hms.pid, "SIGKILL"));
    if (at > 0) stage.hms = await startHms(stage.environment, { dontWait: true });
    let died: string | undefined;
    void armed.then((write) => {
      died = write;
    });
    await until(
      async () => died !== undefined || (await done()),
      () => `it neither writes nor ends\n${stage.hms.output().slice(-5000)}`,
    );
    proxy.disarm();
    const what = died ?? "done";
    if (what === "done") {
      // It may not listen yet.
      await stage.hms.kill("SIGKILL");
      await stage.restart();
      return killedAt;
    }
    await stage.hms.exited;
    killedAt.push(what.replace(/pr-shop-[\w-]+/g, "…"));
    expect([what, record()?.made.length]).toEqual([what, 1]);
  }
  throw new Error(`it never ended: ${killedAt.join(", ")}`);
}

async function isHealthy(): Promise<boolean> {
  return runs(story.stage, pull.repository, pull.sha, "hms/preview").some(isGreen);
}

test("while it is made: it becomes healthy, with one environment and one comment", STARTS, async () => {
  await story.stage.github.deliveriesSettled();
  pull = await openPull(story);
  const killedAt = await dieAtEachWrite(["before", "after"], isHealthy);
  expect(killedAt.map((what) => what.split("/").at(-2))).toEqual(
    expect.arrayContaining(["namespaces", "resourcequotas", "appprojects", "applicationsets"]),
  );
  await preview(story, pull, isGreen);
  const shown = await deployments(story, pull);
  expect(shown.map(({ sha }) => sha)).toEqual([pull.sha]);
  await quiet(story);
  expect(comments(story, pull)).toHaveLength(1);
  expect(runs(story.stage, pull.repository, pull.sha, "hms/preview")).toHaveLength(1);
  expect(await onCluster(story, pull)).toHaveLength(4);
});

test("while it moves to the next commit, at what is told to GitHub", async () => {
  const { uid } = (await namespaceOf(story, pull)).metadata;
  const repository = `/repos/${pull.repository.fullName}`;
  const points = [/\/deployments$/, /\/deployments\/\d+\/statuses$/, /\/issues\/comments\/\d+$/].map((path) =>
    noticed(new RegExp(`^${repository}${path.source}`)),
  );
  for (const [at, { path, arrived }] of points.entries()) {
    const { stage } = story;
    const disarm = stage.github.fault({ method: at === 2 ? "PATCH" : "POST", path, times: 1, dropConnection: "after" });
    if (at === 0) await push(story, pull);
    await arrived;
    await stage.hms.kill("SIGKILL");
    disarm();
    stage.hms = await startHms(stage.environment);
  }
  await preview(story, pull, isGreen);
  await until(
    async () => (await deployments(story, pull))[0]?.statuses.at(-1)?.state === "success",
    () => "the deployment never became a success",
  );
  const shown = await deployments(story, pull);
  expect(shown.map(({ statuses }) => statuses.at(-1)?.state)).toEqual(["success", "inactive"]);
  expect(comments(story, pull)).toHaveLength(1);
  expect((await namespaceOf(story, pull)).metadata.uid).toBe(uid);
});

test("while it is removed: nothing of it is left, and nothing is said to be there", STARTS, async () => {
  await story.stage.github.closePull(pull.repository, pull.number);
  const killedAt = await dieAtEachWrite(["after", "before"], async () => (await onCluster(story, pull)).length === 0);
  expect(killedAt.length).toBeGreaterThan(3);
  await gone(story, pull);
  await until(
    async () => (await deployments(story, pull)).every(({ statuses }) => statuses.at(-1)?.state === "inactive"),
    () => "a deployment of what is gone is still active",
  );
  let last: PreviewRecord | undefined;
  await until(
    async () => {
      await quiet(story);
      // Nobody else can read the store of a process that runs.
      await story.stage.hms.kill("SIGTERM");
      last = record();
      await story.stage.restart();
      return last?.state === "gone" && last.made.length === 0;
    },
    () => `the record says ${last?.state}`,
  );
  expect(await onCluster(story)).toEqual([]);
});
