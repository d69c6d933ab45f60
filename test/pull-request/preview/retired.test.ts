import { expect, test } from "vitest";
import { setScene } from "./coordinator-scene.ts";

test("a cluster that is not declared any more holds a removal up, until the operator says that it is no more", async () => {
  const scene = await setScene(["in-cluster", "west"]);
  scene.world.config = { ...scene.world.config, placement: { clusters: ["west"] } };
  await scene.runUntil("healthy");
  const { inventory } = scene.world;
  scene.world.inventory = { ...inventory, clusters: inventory.clusters.filter(({ name }) => name !== "west") };
  scene.world.pull = { ...scene.world.pull, state: "closed" };
  for (let i = 0; i < 3; i++) await scene.run();
  const record = await scene.record();
  expect(record).toMatchObject({ state: "tearing-down", made: [scene.place("west")] });
  expect(record?.unknown).toContain("list it under retired");
  scene.world.inventory = { ...scene.world.inventory, retired: ["west"] };
  await scene.runUntil("gone");
  expect((await scene.record())?.made).toEqual([]);
  const left = [...scene.toy.objects.values()].map(({ kind }) => kind);
  for (const kind of ["AppProject", "ApplicationSet", "Application"]) expect(left).not.toContain(kind);
});

test("a preview of an open pull request leaves a cluster that is no more for another", async () => {
  const scene = await setScene(["in-cluster", "west"]);
  scene.world.config = { ...scene.world.config, placement: { clusters: ["west"] } };
  await scene.runUntil("healthy");
  const { inventory } = scene.world;
  const clusters = inventory.clusters.filter(({ name }) => name !== "west");
  scene.world.inventory = { ...inventory, clusters, retired: ["west"] };
  scene.world.config = { ...scene.world.config, placement: { clusters: ["in-cluster"] } };
  await scene.runUntil("gone");
  await scene.runUntil("healthy");
  expect((await scene.record())?.made).toEqual([scene.place("in-cluster")]);
});
