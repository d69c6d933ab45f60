import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { KINDS, type KubeObject } from "../../src/model/kubernetes.ts";
import type { Selection, Watch } from "../../src/ports/cluster.ts";
import {
  type ClusterBench,
  connected,
  eventually,
  expectFault,
  namesOf,
  namespaceOf,
  QUICK,
  secret,
  secretRef,
  uidOf,
} from "./cluster-bench.ts";
import { type CutOff, cutOff } from "./cut-off.ts";

export function watchingContract(bench: () => ClusterBench): void {
  describe("watch", () => {
    const watches: Watch[] = [];
    let told: string[];
    let namespace: string;
    beforeEach(async () => {
      told = [];
      namespace = await namespaceOf(bench());
    });
    afterEach(() => {
      for (const watch of watches.splice(0)) watch.stop();
    });

    const all = (): Selection => ({ kind: KINDS.secret, namespace });
    const note = (object: KubeObject, what: string) => void told.push(`${object.metadata.name} ${what}`);

    function watched(cluster = bench().cluster, selection = all(), changed = note, groupedBy?: string): Watch {
      const watch = cluster.watch(selection, changed, groupedBy);
      watches.push(watch);
      return watch;
    }

    const ready = (watch: Watch) => eventually(() => expect(watch.objects()).toBeDefined());
    const remove = async (name: string) => {
      const { cluster } = bench();
      const ref = secretRef(namespace, name);
      const object = await cluster.get(ref);
      if (object !== undefined) await cluster.delete(ref, { uid: uidOf(object) });
    };

    test("knows nothing before its first list; then all that is there, told once", async () => {
      const { cluster } = bench();
      const made = await cluster.apply(secret(namespace, "a", { key: "1" }));
      await cluster.apply(secret(namespace, "b"));
      const watch = watched();
      expect(watch.objects()).toBeUndefined();
      await ready(watch);
      expect(namesOf(watch.objects())).toEqual(["a", "b"]);
      expect(watch.objects()?.find(({ metadata }) => metadata.name === "a")).toEqual(made);
      expect(told.sort()).toEqual(["a changed", "b changed"]);
    });

    test("an empty selection is known to be empty", async () => {
      const watch = watched();
      await ready(watch);
      expect(watch.objects()).toEqual([]);
      expect(told).toEqual([]);
    });

    test("sees what is made, changed and deleted, in that order, and nothing of elsewhere", async () => {
      const { cluster } = bench();
      const watch = watched();
      await ready(watch);
      await cluster.apply(secret(await namespaceOf(bench()), "elsewhere"));
      await cluster.apply(secret(namespace, "a"));
      const changed = await cluster.apply(secret(namespace, "a", { key: "1" }));
      await eventually(() => expect(watch.objects()).toEqual([changed]));
      await remove("a");
      await eventually(() => expect(watch.objects()).toEqual([]));
      expect(told).toEqual(["a changed", "a changed", "a gone"]);
    });

    test("what is known is looked up by a label, wherever it moves", async () => {
      const { cluster } = bench();
      const of = (name: string, team: string) => {
        const made = secret(namespace, name);
        return { ...made, metadata: { ...made.metadata, labels: { ...made.metadata.labels, team } } };
      };
      await cluster.apply(of("a", "red"));
      await cluster.apply(of("b", "red"));
      await cluster.apply(secret(namespace, "c"));
      const watch = watched(cluster, all(), note, "team");
      await ready(watch);
      expect(namesOf(watch.objects("red"))).toEqual(["a", "b"]);
      expect(watch.objects("blue")).toEqual([]);
      await cluster.apply(of("a", "blue"));
      await eventually(() => expect(namesOf(watch.objects("blue"))).toEqual(["a"]));
      expect(namesOf(watch.objects("red"))).toEqual(["b"]);
      await remove("b");
      await eventually(() => expect(watch.objects("red")).toEqual([]));
      expect(namesOf(watch.objects())).toEqual(["a", "c"]);
    });

    test("an object whose deletion waits is changed, not gone", async () => {
      const { cluster } = bench();
      const watch = watched();
      await cluster.apply(secret(namespace, "a", {}, { finalizers: ["test.hms-sys.dev/held"] }));
      await eventually(() => expect(namesOf(watch.objects())).toEqual(["a"]));
      await remove("a");
      await eventually(() => expect(watch.objects()?.[0]?.metadata.deletionTimestamp).toBeDefined());
      expect(told).not.toContain("a gone");
      await cluster.patch(secretRef(namespace, "a"), "merge", { metadata: { finalizers: null } });
      await eventually(() => expect(told.at(-1)).toBe("a gone"));
    });

    test("what no longer has the labels has left the selection", async () => {
      const { cluster } = bench();
      const watch = watched(cluster, { ...all(), labels: { mark: "yes" } });
      await ready(watch);
      await cluster.apply(secret(namespace, "never"));
      await cluster.apply(secret(namespace, "a", {}, { labels: { mark: "yes" } }));
      await eventually(() => expect(namesOf(watch.objects())).toEqual(["a"]));
      await cluster.apply(secret(namespace, "a", {}, { labels: { mark: "no" } }));
      await eventually(() => expect(watch.objects()).toEqual([]));
      expect(told).toEqual(["a changed", "a gone"]);
    });

    test("a listener that fails misses nothing that comes after", async () => {
      const { cluster } = bench();
      const watch = watched(cluster, all(), (object, what) => {
        note(object, what);
        throw new Error("planted");
      });
      await ready(watch);
      await cluster.apply(secret(namespace, "a"));
      await cluster.apply(secret(namespace, "b"));
      await eventually(() => expect(told).toEqual(["a changed", "b changed"]));
      expect(namesOf(watch.objects())).toEqual(["a", "b"]);
    });

    test("one that was stopped tells nothing, and knows nothing", async () => {
      const { cluster } = bench();
      const [stopped, other] = [watched(), watched(cluster, all(), () => undefined)];
      await ready(stopped);
      stopped.stop();
      await cluster.apply(secret(namespace, "a"));
      await eventually(() => expect(namesOf(other.objects())).toEqual(["a"]));
      expect(told).toEqual([]);
      expect(stopped.objects()).toBeUndefined();
    });

    test("without rights it knows nothing, and tells nothing as gone", async () => {
      await bench().cluster.apply(secret(namespace, "a"));
      const watch = watched(bench().nobody);
      await expectFault(bench().nobody.list(all()), "forbidden");
      expect(watch.objects()).toBeUndefined();
      expect(told).toEqual([]);
    });

    describe("whose connection is lost", () => {
      let proxy: CutOff;
      let watch: Watch;
      beforeEach(async () => {
        proxy = await cutOff(bench().api.url);
        const through = await connected(bench().api, proxy.url, { ...QUICK, silenceMs: 2_000 });
        for (const name of ["stays", "goes", "changes"]) await bench().cluster.apply(secret(namespace, name));
        watch = watched(through.cluster);
        await eventually(() => expect(told).toHaveLength(3));
        told = [];
      });
      afterEach(async () => {
        watch.stop();
        await proxy.close();
      });

      const changeAll = async () => {
        await remove("goes");
        await bench().cluster.apply(secret(namespace, "changes", { key: "1" }));
        await bench().cluster.apply(secret(namespace, "comes"));
      };
      const hasAllChanges = () =>
        eventually(() => {
          expect(namesOf(watch.objects())).toEqual(["changes", "comes", "stays"]);
          expect([...new Set(told)].sort()).toEqual(["changes changed", "comes changed", "goes gone"]);
        });

      test("soon no longer says what is there, tells nothing as gone, and hears later what it missed", async () => {
        proxy.cut();
        await eventually(() => expect(watch.objects()).toBeUndefined());
        await changeAll();
        expect(told).toEqual([]);
        proxy.restore();
        await hasAllChanges();
      });

      test("notices also when it is only silent", async () => {
        proxy.silence();
        await changeAll();
        await eventually(() => expect(watch.objects()).toBeUndefined());
        expect(told).toEqual([]);
        proxy.restore();
        await hasAllChanges();
      });

      test("lists anew where the server no longer knows what it missed", async () => {
        proxy.cut();
        await changeAll();
        await bench().api.forget();
        expect(told).toEqual([]);
        proxy.restore();
        await hasAllChanges();
      });

      test("tells an object that was replaced as gone and as there", async () => {
        proxy.cut();
        await remove("stays");
        const again = await bench().cluster.apply(secret(namespace, "stays"));
        await bench().api.forget();
        proxy.restore();
        await eventually(() => expect(watch.objects()).toContainEqual(again));
        expect(told).toEqual(["stays gone", "stays changed"]);
      });
    });
  });
}
