import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { KINDS } from "../../../src/model/kubernetes.ts";
import type { Cluster, ClusterError, Watch } from "../../../src/ports/cluster.ts";
import {
  connected,
  eventually,
  expectFault,
  namesOf,
  namespaceOf,
  secret,
  secretRef,
  uidOf,
} from "../../contract/cluster-bench.ts";
import { type CutOff, cutOff } from "../../contract/cut-off.ts";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";

let plane: ControlPlane;
let proxy: CutOff;
let cluster: Cluster;
let namespace: string;
const watches: Watch[] = [];

beforeAll(async () => {
  plane = await startControlPlane();
});
afterAll(() => plane?.stop());
beforeEach(async () => {
  proxy = await cutOff(plane.url);
  ({ cluster } = await connected(plane, proxy.url, { timeoutMs: 3_000 }));
  namespace = await namespaceOf(await connected(plane));
});
afterEach(async () => {
  for (const watch of watches.splice(0)) watch.stop();
  await proxy.close();
});

test("a server that stops and starts under a watch and under calls: unknown in between, and all is well again by itself", async () => {
  const told: string[] = [];
  const watch = cluster.watch({ kind: KINDS.secret, namespace }, (object, what) => {
    told.push(`${object.metadata.name} ${what}`);
  });
  watches.push(watch);
  for (const name of ["a", "b"]) await cluster.apply(secret(namespace, name));
  await eventually(() => expect(namesOf(watch.objects())).toEqual(["a", "b"]));

  await plane.stopApiServer();
  await eventually(() => expect(watch.objects()).toBeUndefined());
  // Whatever is asked, there is no answer that could be mistaken for one.
  await expectFault(cluster.get(secretRef(namespace, "a")), "unavailable");
  await expectFault(cluster.list({ kind: KINDS.secret, namespace }), "unavailable");
  await expectFault(cluster.apply(secret(namespace, "c")), "unavailable");
  await expectFault(cluster.delete(secretRef(namespace, "a"), { uid: "any" }), "unavailable");
  await expectFault(cluster.patch(secretRef(namespace, "a"), "merge", {}), "unavailable");
  await expectFault(cluster.may({ verb: "get", group: "", resource: "secrets" }), "unavailable");
  await expectFault(cluster.version(), "unavailable");
  expect(told).toEqual(["a changed", "b changed"]);

  await plane.startApiServer();
  await eventually(() => cluster.apply(secret(namespace, "c")));
  await eventually(() => expect(namesOf(watch.objects())).toEqual(["a", "b", "c"]));
  expect(told).toEqual(["a changed", "b changed", "c changed"]);
});

test("a server that starts under many calls gets none of them twice in effect", async () => {
  const names = Array.from({ length: 40 }, (_, i) => `many-${i}`);
  const applied = (name: string): Promise<void> =>
    eventually(async () => void (await cluster.apply(secret(namespace, name, { key: name }))));
  const work = Promise.all(names.map(applied));
  await plane.stopApiServer();
  await plane.startApiServer();
  await work;
  expect(namesOf(await cluster.list({ kind: KINDS.secret, namespace }))).toEqual([...names].sort());
});

test("after five failures in a row nobody is kept waiting, and one question finds out that it works again", async () => {
  proxy.silence();
  const asks = () => cluster.delete(secretRef(namespace, "a"), { uid: "any" }).catch((error: ClusterError) => error);
  const [first] = await Promise.all(Array.from({ length: 5 }, asks));
  expect(first).toMatchObject({ fault: "unavailable", message: expect.stringContaining("time-out") });
  expect(await asks()).toMatchObject({ fault: "unavailable", message: expect.stringContaining("left alone") });
  proxy.restore();
  await eventually(async () => expect(await asks()).toBe("gone"));
});

test("writes that got no answer may have had their effect: the same again is no harm", async () => {
  const made = await cluster.apply(secret(namespace, "a", { key: "1" }));
  proxy.cut();
  await expectFault(cluster.apply(secret(namespace, "a", { key: "2" })), "unavailable");
  proxy.restore();
  await eventually(() => cluster.apply(secret(namespace, "a", { key: "2" })));
  const ref = secretRef(namespace, "a");
  expect(uidOf((await cluster.get(ref)) ?? made)).toBe(uidOf(made));
  await eventually(() => cluster.delete(ref, { uid: uidOf(made) }));
  expect(await cluster.delete(ref, { uid: uidOf(made) })).toBe("gone");
});

test("what stopped leaves no connection of a watch", async () => {
  const watch = cluster.watch({ kind: KINDS.secret, namespace }, () => undefined);
  await eventually(() => expect(watch.objects()).toBeDefined());
  // The list left it one.
  expect(proxy.open).toBe(1);
  watch.stop();
  await eventually(() => expect(proxy.open).toBe(0));
});
