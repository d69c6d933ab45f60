import { expect, test, vi } from "vitest";
import type { KubeObject } from "../../../src/model/kubernetes.ts";
import { component, inventoryCluster } from "../../preview/plans.ts";
import { setScene } from "./coordinator-scene.ts";

const DELIVERY = { id: "d1", event: "pull_request", receivedAtMs: 0 };

test("a delivery that began a preview does not have GitHub read again at each of its steps", async () => {
  const scene = await setScene();
  await scene.run([DELIVERY]);
  expect(scene.world.enqueued).toEqual([{ key: "pull/2/3/7", causes: undefined, inMs: 0 }]);
});

test("what only the preview itself goes by brings no judgement about", async () => {
  const scene = await setScene();
  await scene.runUntil("healthy");
  const record = await scene.record();
  await scene.engine.records.put("preview/2/3/7", { ...record, operations: { "old pending": 1 } });
  scene.world.enqueued.length = 0;
  await scene.run();
  expect((await scene.record())?.operations).not.toHaveProperty("old pending");
  expect(scene.world.enqueued).toEqual([]);
});

test("a branch to deploy from is looked up once for many runs", async () => {
  const scene = await setScene();
  scene.world.inventory = {
    ...scene.world.inventory,
    deployRepositories: [{ repository: "acme/deploy", usedBy: ["acme/shop"] }],
  };
  scene.world.config = { ...scene.world.config, source: { repository: "acme/deploy", path: ".", revision: "main" } };
  await scene.runUntil("healthy");
  for (let round = 0; round < 5; round++) await scene.run();
  expect(scene.world.asked.filter((one) => one === "commit main")).toHaveLength(1);
  scene.clock.advance(60_000);
  await scene.run();
  expect(scene.world.asked.filter((one) => one === "commit main")).toHaveLength(2);
});

test("what does not become better is looked at less and less often", async () => {
  const scene = await setScene();
  scene.toy.behaviour = 1_000;
  await scene.runUntil("failed");
  const first = await scene.run();
  scene.clock.advance(1_800_000);
  const later = await scene.run();
  expect(first).toMatchObject({ kind: "requeue", afterMs: expect.toSatisfy((ms: number) => ms <= 5_000) });
  expect(later).toMatchObject({ kind: "requeue", afterMs: expect.toSatisfy((ms: number) => ms >= 30_000) });
});

test("a removal that is held for long is looked at less and less often", async () => {
  const scene = await setScene();
  await scene.runUntil("healthy");
  scene.world.pull = { ...scene.world.pull, state: "closed" };
  scene.toy.stopped = true;
  await scene.runUntil("tearing-down");
  const first = await scene.run();
  scene.clock.advance(1_800_000);
  const later = await scene.run();
  expect(first).toMatchObject({ kind: "requeue", afterMs: expect.toSatisfy((ms: number) => ms <= 2_000) });
  expect(later).toMatchObject({ kind: "requeue", afterMs: expect.toSatisfy((ms: number) => ms >= 30_000) });
});

test("what is in a namespace that goes is read only where that says that hooks hold it, or it takes very long", async () => {
  const scene = await setScene();
  await scene.runUntil("healthy");
  const { toy, world } = scene;
  const application = structuredClone(
    toy.get("in-cluster", "Application", `${scene.slug}-web`, "argocd"),
  ) as KubeObject;
  world.pull = { ...world.pull, state: "closed" };
  await scene.run();
  toy.stopped = true;
  const listed = async (): Promise<boolean> => {
    world.listed.length = 0;
    await scene.run();
    return world.listed.includes("Pod");
  };
  const namespace = toy.get("in-cluster", "Namespace", scene.slug) as KubeObject;
  expect(namespace.metadata.deletionTimestamp).toBeDefined();
  const says = (message: string): void => {
    namespace.status = { conditions: [{ type: "NamespaceFinalizersRemaining", status: "True", message }] };
  };
  says("Some content in the namespace has finalizers remaining: kubernetes.io/pvc-protection in 1 resource instances");
  for (let round = 0; round < 10; round++) expect(await listed()).toBe(false);
  says(
    "Some content in the namespace has finalizers remaining: argocd.argoproj.io/hook-finalizer in 1 resource instances",
  );
  expect(await listed()).toBe(true);
  namespace.status = {};
  expect(await listed()).toBe(false);
  toy.put("in-cluster", { ...application, status: { operationState: { phase: "Failed" } } });
  scene.clock.advance(15_000);
  expect(await listed()).toBe(true);
  toy.put("in-cluster", application);
  scene.clock.advance(16_000);
  expect(await listed()).toBe(false);
  scene.clock.advance(60_000);
  expect(await listed()).toBe(true);
});

test("the steps by which a preview comes to be are not all said on GitHub", async () => {
  const scene = await setScene();
  scene.toy.behaviour = "hangs";
  await scene.run();
  expect(scene.world.told).toEqual(["in_progress", "comment"]);
  expect(scene.world.enqueued).toMatchObject([{ key: "pull/2/3/7", inMs: 0 }]);
  scene.world.told.length = 0;
  scene.world.enqueued.length = 0;
  await scene.run();
  expect(scene.world.enqueued).toMatchObject([{ key: "pull/2/3/7", inMs: 2_000 }]);
  const { afterMs } = (await scene.run()) as { afterMs: number };
  expect(scene.world.told).toEqual([]);
  expect(afterMs).toBeLessThanOrEqual(15_000);
});

test("what takes long is said", async () => {
  const scene = await setScene();
  scene.toy.behaviour = "hangs";
  await scene.run();
  scene.clock.advance(15_000);
  scene.world.told.length = 0;
  await scene.run();
  expect(scene.world.told).toContain("comment");
});

test("a change of state is said at once", async () => {
  const scene = await setScene();
  await scene.run();
  scene.world.told.length = 0;
  scene.world.enqueued.length = 0;
  await scene.runUntil("healthy");
  expect(scene.world.told).toEqual(["success", "comment"]);
  expect(scene.world.enqueued.at(-1)).toMatchObject({ key: "pull/2/3/7", inMs: 0 });
});

test("a cluster that cannot be read is said at once, and that it can be again", async () => {
  const scene = await setScene();
  scene.toy.behaviour = "hangs";
  await scene.run();
  await scene.run();
  for (const away of [true, false]) {
    scene.world.told.length = 0;
    if (away) scene.world.away.add("in-cluster");
    else scene.world.away.clear();
    await scene.run();
    expect(scene.world.told).toContain("comment");
  }
});

test("what a run that failed did not come to say, the next one says", async () => {
  const scene = await setScene();
  scene.toy.behaviour = "hangs";
  scene.world.mute = true;
  await expect(scene.run()).rejects.toThrow("GitHub is away");
  scene.world.mute = false;
  await scene.run([], 1);
  expect(scene.world.told).toEqual(["in_progress", "comment"]);
});

test("clusters are counted once in a while for a preview that is there", async () => {
  const scene = await setScene();
  await scene.runUntil("healthy");
  const { records } = scene.engine;
  const list = vi.spyOn(records, "list");
  for (let round = 0; round < 9; round++) await scene.run();
  expect(list.mock.calls.filter(([prefix]) => prefix === "preview/").length).toBeLessThanOrEqual(1);
});

test("a place that somebody took a moment ago is not given away once more", async () => {
  const scene = await setScene();
  scene.world.images = false;
  scene.world.config = { ...scene.world.config, components: [component({ image: "ghcr.io/acme/web:{{sha}}" })] };
  scene.world.inventory.clusters.splice(0, 1, inventoryCluster({ capacity: 1 }));
  await scene.run();
  const other = { ...(await scene.record()), made: [scene.place("in-cluster")] };
  scene.world.images = true;
  await scene.run();
  expect((await scene.record())?.made).toHaveLength(1);
  await scene.engine.records.put("preview/2/3/7", { ...(await scene.record()), made: [] });
  await scene.engine.records.put("preview/2/3/8", other);
  await scene.run();
  expect(await scene.record()).toMatchObject({ made: [], reasons: [{ cause: "placement" }] });
});
