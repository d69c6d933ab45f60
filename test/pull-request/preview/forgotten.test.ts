import { describe, expect, test } from "vitest";
import { storageKey } from "../../../src/model/storage-key.ts";
import { component } from "../../preview/plans.ts";
import { setScene } from "./coordinator-scene.ts";

test("a sweep leaves alone a preview that is on another than the first cluster", async () => {
  const scene = await setScene(["in-cluster", "west"]);
  scene.world.config = { ...scene.world.config, placement: { clusters: ["west"] } };
  await scene.runUntil("healthy");
  const namespace = scene.toy.get("west", "Namespace", scene.slug)?.metadata.uid;
  await scene.sweep();
  expect((await scene.record())?.made).toEqual([scene.place("west")]);
  await scene.run();
  expect(await scene.record()).toMatchObject({ state: "healthy" });
  expect(scene.toy.get("west", "Namespace", scene.slug)?.metadata).toMatchObject({ uid: namespace });
  expect(scene.toy.get("west", "Namespace", scene.slug)?.metadata.deletionTimestamp).toBeUndefined();
});

test("where Argo CD has moved, what the old one was told goes before anything is made at the new one", async () => {
  const scene = await setScene(["in-cluster", "west"]);
  scene.world.config = { ...scene.world.config, placement: { clusters: ["in-cluster"] } };
  await scene.runUntil("healthy");
  scene.world.inventory = { ...scene.world.inventory, argocd: { cluster: "west", namespace: "argocd" } };
  await scene.run();
  expect((await scene.record())?.made).toMatchObject([{ argocd: { cluster: "in-cluster" } }]);
  await scene.runUntil("gone");
  expect([...scene.toy.objects.keys()]).toEqual([]);
  await scene.run();
  expect((await scene.record())?.made).toEqual([scene.place("in-cluster")]);
});

test("what two Argo CDs deploy of one preview is all taken away", async () => {
  const scene = await setScene(["in-cluster", "west"]);
  scene.world.config = { ...scene.world.config, placement: { clusters: ["in-cluster"] } };
  await scene.runUntil("healthy");
  const old = await scene.record();
  for (const [key, object] of scene.toy.objects)
    if (["AppProject", "ApplicationSet"].includes(object.kind))
      scene.toy.put("west", { ...object, metadata: { ...object.metadata, resourceVersion: key } });
  scene.world.inventory = { ...scene.world.inventory, argocd: { cluster: "west", namespace: "argocd" } };
  await scene.sweep();
  expect((await scene.record())?.made).toEqual([...(old?.made ?? []), scene.place("in-cluster")]);
  scene.world.pull = { ...scene.world.pull, state: "closed" };
  await scene.runUntil("gone");
  expect([...scene.toy.objects.keys()]).toEqual([]);
});

test("a cluster that is added is written down before anything is made on it", async () => {
  const scene = await setScene(["in-cluster", "west"]);
  scene.world.config = { ...scene.world.config, placement: { clusters: ["in-cluster"] } };
  await scene.runUntil("healthy");
  scene.world.config = { ...scene.world.config, placement: { clusters: ["in-cluster", "west"] } };
  scene.world.diesAfter(1);
  await expect(scene.run()).rejects.toThrow("killed");
  expect(scene.toy.get("west", "Namespace", scene.slug)).toBeDefined();
  expect((await scene.record())?.made).toEqual([scene.place("in-cluster"), scene.place("west")]);
});

test("a process that ends while a preview is begun that waited for long does not make it late", async () => {
  const scene = await setScene();
  scene.world.images = false;
  scene.world.config = { ...scene.world.config, components: [component({ image: "ghcr.io/acme/web:{{head_sha}}" })] };
  await scene.run();
  expect(await scene.record()).toMatchObject({ state: "queued" });
  scene.clock.advance(3_600_000);
  scene.world.images = true;
  scene.world.diesAfter(1);
  await expect(scene.run()).rejects.toThrow("killed");
  await scene.run();
  expect(await scene.record()).toMatchObject({ state: "provisioning" });
});

describe("of a pull request that was closed while the store was lost, a sweep finds what is left", () => {
  async function lost() {
    const scene = await setScene();
    await scene.runUntil("healthy");
    await scene.engine.records.delete(storageKey.preview(2, 3, 7));
    scene.world.pull = { ...scene.world.pull, state: "closed" };
    return scene;
  }

  test("while a run is at it that knows of nothing", async () => {
    const scene = await lost();
    scene.world.meanwhile = scene.sweep;
    await scene.run();
    expect((await scene.record())?.made).toEqual([scene.place("in-cluster")]);
    scene.world.meanwhile = async () => undefined;
    await scene.runUntil("gone");
    expect([...scene.toy.objects.keys()]).toEqual([]);
  });

  test("while that run writes down that there is nothing", async () => {
    const scene = await lost();
    const { records } = scene.engine;
    const key = storageKey.preview(2, 3, 7);
    const swap = records.compareAndSwap.bind(records);
    let first = true;
    records.compareAndSwap = async (at, value, revision) => {
      if (at === key && first) {
        first = false;
        await scene.run();
      }
      return swap(at, value, revision);
    };
    await scene.sweep();
    expect((await scene.record())?.made).toEqual([scene.place("in-cluster")]);
    await scene.runUntil("gone");
    expect([...scene.toy.objects.keys()]).toEqual([]);
  });
});
