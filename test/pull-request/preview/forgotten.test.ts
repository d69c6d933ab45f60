import { expect, test } from "vitest";
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
