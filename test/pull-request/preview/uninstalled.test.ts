import { expect, test } from "vitest";
import { storageKey } from "../../../src/model/storage-key.ts";
import type { InstallationState, InstallationStatus } from "../../../src/ports/life-cycle.ts";
import { UNINSTALLED_GRACE_MS } from "../../../src/pull-request/preview/take-down-uninstalled.ts";
import { type Scene, setScene } from "./coordinator-scene.ts";

async function became({ engine, clock }: Scene, status: InstallationStatus, agoMs: number): Promise<void> {
  const state: InstallationState = {
    installationId: 2,
    owner: "acme",
    status,
    sinceMs: clock.now() - agoMs,
    lacking: [],
  };
  await engine.records.put(storageKey.installationState(2), state);
}

test("an App that was uninstalled: nothing goes before its time of grace is over, and then all of it", async () => {
  const scene = await setScene();
  await scene.runUntil("healthy");
  const before = [...scene.toy.objects.keys()];
  await became(scene, "uninstalled", UNINSTALLED_GRACE_MS - 60_000);
  expect(await scene.runInstallation()).toEqual({ kind: "requeue", afterMs: 60_000 });
  expect([...scene.toy.objects.keys()]).toEqual(before);
  expect(await scene.record()).toMatchObject({ state: "healthy" });
  scene.clock.advance(60_000);
  for (let round = 0; round < 12; round++) await scene.runInstallation();
  expect(await scene.runInstallation()).toBeUndefined();
  expect([...scene.toy.objects.keys()]).toEqual([]);
  expect(await scene.record()).toMatchObject({ state: "gone", made: [] });
});

test.each<InstallationStatus>(["active", "suspended", "quarantined", "permissions-lacking"])(
  "one that is %s for long keeps its previews",
  async (status) => {
    const scene = await setScene();
    await scene.runUntil("healthy");
    const before = [...scene.toy.objects.keys()];
    await became(scene, status, 10 * UNINSTALLED_GRACE_MS);
    expect(await scene.runInstallation()).toBeUndefined();
    expect([...scene.toy.objects.keys()]).toEqual(before);
  },
);

test("a cluster that does not answer keeps what is there in the records, whoever is gone", async () => {
  const scene = await setScene();
  await scene.runUntil("healthy");
  await became(scene, "uninstalled", UNINSTALLED_GRACE_MS);
  scene.world.away.add("in-cluster");
  expect(await scene.runInstallation()).toMatchObject({ kind: "requeue" });
  expect((await scene.record())?.made).toEqual([scene.place("in-cluster")]);
});
