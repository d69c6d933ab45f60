import { describe, expect, test } from "vitest";
import { KINDS, type KubeObject } from "../../src/model/kubernetes.ts";
import { type ClusterBench, namesOf, namespaceOf, secret, secretRef } from "./cluster-bench.ts";

export function readingContract(bench: () => ClusterBench): void {
  describe("get", () => {
    test("is undefined of an object that is not there, also where its namespace is not there", async () => {
      const { cluster } = bench();
      const namespace = await namespaceOf(bench());
      expect(await cluster.get(secretRef(namespace, "missing"))).toBeUndefined();
      expect(await cluster.get(secretRef("contract-missing", "missing"))).toBeUndefined();
      expect(await cluster.get({ kind: KINDS.namespace, name: "contract-missing" })).toBeUndefined();
      expect(await cluster.get({ kind: KINDS.deployment, namespace, name: "missing" })).toBeUndefined();
    });

    test("asks for one object, whatever the name", async () => {
      const { cluster } = bench();
      await expect(cluster.get(secretRef("default", ""))).rejects.toThrow(TypeError);
      await expect(cluster.get(secretRef("..", "a"))).rejects.toThrow(TypeError);
      await expect(cluster.get({ kind: KINDS.secret, name: "a" })).rejects.toThrow("namespace");
      await expect(cluster.get(secretRef("default", "a/../../b"))).rejects.toThrow(TypeError);
      await expect(cluster.delete(secretRef("default", "%2e%2e"), { uid: "any" })).rejects.toThrow(TypeError);
      expect(await cluster.get(secretRef("default", "a?b#c"))).toBeUndefined();
    });
  });

  describe("list", () => {
    test("selects by kind, namespace and labels, all of which must be so", async () => {
      const { cluster } = bench();
      const [one, two] = [await namespaceOf(bench()), await namespaceOf(bench())];
      const mark = { mark: one };
      await cluster.apply(secret(one, "both", {}, { labels: { ...mark, app: "x" } }));
      await cluster.apply(secret(one, "first", {}, { labels: mark }));
      await cluster.apply(secret(two, "elsewhere", {}, { labels: { ...mark, app: "x" } }));
      const kind = KINDS.secret;
      expect(namesOf(await cluster.list({ kind, labels: mark }))).toEqual(["both", "elsewhere", "first"]);
      expect(namesOf(await cluster.list({ kind, labels: { ...mark, app: "x" } }))).toEqual(["both", "elsewhere"]);
      expect(namesOf(await cluster.list({ kind, namespace: one }))).toEqual(["both", "first"]);
      expect(namesOf(await cluster.list({ kind, namespace: two, labels: mark }))).toEqual(["elsewhere"]);
      expect(await cluster.list({ kind, namespace: one, labels: { mark: "other" } })).toEqual([]);
      expect(await cluster.list({ kind: KINDS.deployment, namespace: one })).toEqual([]);
      expect(await cluster.list({ kind, namespace: "contract-missing" })).toEqual([]);
    });

    test("takes no label for more than one condition", async () => {
      const { cluster } = bench();
      const labels = { mark: "x,app!=y" };
      await expect(cluster.list({ kind: KINDS.secret, labels })).rejects.toThrow(TypeError);
    });

    test("gives whole objects that say what they are", async () => {
      const { cluster } = bench();
      const namespace = await namespaceOf(bench());
      const made = await cluster.apply(secret(namespace, "a", { key: "one" }));
      expect(await cluster.list({ kind: KINDS.secret, namespace })).toEqual([made]);
    });

    test("sees what was written just now, and no longer what is gone", async () => {
      const { cluster } = bench();
      const namespace = await namespaceOf(bench());
      const selection = { kind: KINDS.secret, namespace };
      for (let round = 0; round < 5; round++) {
        const { metadata } = await cluster.apply(secret(namespace, `round-${round}`));
        expect(namesOf(await cluster.list(selection))).toEqual([`round-${round}`]);
        await cluster.delete(secretRef(namespace, `round-${round}`), { uid: metadata.uid ?? "" });
        expect(await cluster.list(selection)).toEqual([]);
      }
    });

    test("gives all of many, each once", async () => {
      const { cluster } = bench();
      const namespace = await namespaceOf(bench());
      const names = Array.from({ length: 520 }, (_, i) => `many-${String(i).padStart(3, "0")}`);
      await Promise.all(names.map((name) => cluster.apply(secret(namespace, name))));
      const listed: KubeObject[] = await cluster.list({ kind: KINDS.secret, namespace });
      expect(namesOf(listed)).toEqual(names);
    });
  });
}
