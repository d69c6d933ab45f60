import { expect, test } from "vitest";
import { ToyClusters } from "../../preview/toy-clusters.ts";
import { setScene } from "./coordinator-scene.ts";

test("what a watch does not show is not gone for that: the API server itself has to show nothing", async () => {
  const scene = await setScene();
  await scene.runUntil("healthy");
  const { toy, world } = scene;
  toy.stopped = true;
  for (const [key, one] of toy.objects) if (one.kind !== "Application") toy.objects.delete(key);
  world.watched = new ToyClusters();
  world.pull = { ...world.pull, state: "closed" };
  await scene.run();
  expect(await scene.record()).toMatchObject({ state: "tearing-down", made: [scene.place("in-cluster")] });
  toy.objects.clear();
  await scene.run();
  expect(await scene.record()).toMatchObject({ state: "gone", made: [] });
});

test("an API server that does not answer has nothing removed, and nothing gone", async () => {
  const scene = await setScene();
  await scene.runUntil("healthy");
  const { world, toy } = scene;
  const before = [...toy.objects.keys()];
  world.away.add("in-cluster");
  world.pull = { ...world.pull, state: "closed" };
  for (let round = 0; round < 3; round++) await scene.run();
  expect(await scene.record()).toMatchObject({
    state: "tearing-down",
    made: [scene.place("in-cluster")],
    unknown: expect.stringContaining("in-cluster cannot be read"),
  });
  expect([...toy.objects.keys()]).toEqual(before);
  world.away.clear();
  await scene.runUntil("gone");
  expect([...toy.objects.keys()]).toEqual([]);
});

test("an AppProject that Argo CD keeps is let go, but not while an Application of anybody uses it", async () => {
  const scene = await setScene();
  await scene.runUntil("healthy");
  scene.toy.ghost = true;
  scene.world.pull = { ...scene.world.pull, state: "closed" };
  const there = (kind: string) => scene.toy.get("in-cluster", kind, scene.slug, "argocd");
  for (let round = 0; round < 20 && there("ApplicationSet"); round++) await scene.run();
  scene.toy.put("in-cluster", {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Application",
    metadata: { name: "theirs", namespace: "argocd" },
    spec: { project: scene.slug, source: {} },
  });
  for (let round = 0; round < 20; round++) await scene.run();
  const record = await scene.record();
  expect(record).toMatchObject({ state: "tearing-down", reasons: [{ cause: "held", awaits: "people" }] });
  expect(record?.reasons[0]?.message).toContain("used by Application theirs");
  expect(there("AppProject")).toBeDefined();
  scene.toy.objects.delete("in-cluster/Application/argocd/theirs");
  await scene.runUntil("gone");
  expect(there("AppProject")).toBeUndefined();
});
