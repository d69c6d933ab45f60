import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../src/model/kubernetes.ts";
import { type ClusterBench, expectFault, namespaceOf, secret, secretRef } from "./cluster-bench.ts";

/** Server-side apply: https://kubernetes.io/docs/reference/using-api/server-side-apply/ */
export function writingContract(bench: () => ClusterBench): void {
  describe("apply", () => {
    test("makes an object, and answers it as the server has it", async () => {
      const { cluster } = bench();
      const namespace = await namespaceOf(bench());
      const made = await cluster.apply(secret(namespace, "a", { key: "one" }, { labels: { app: "x" } }));
      expect(made).toMatchObject({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "a", namespace, labels: { app: "x" } },
        data: { key: Buffer.from("one").toString("base64") },
      });
      expect(made.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
      expect(made.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT/);
      expect(made.metadata).not.toHaveProperty("managedFields");
      expect(await cluster.get(secretRef(namespace, "a"))).toEqual(made);
    });

    test("of the same changes nothing, not even the resource version", async () => {
      const { cluster } = bench();
      const namespace = await namespaceOf(bench());
      const object = secret(namespace, "a", { key: "one" });
      const first = await cluster.apply(object);
      expect(await cluster.apply(object)).toEqual(first);
    });

    test("changes what is ours, and takes away what we no longer say", async () => {
      const { cluster } = bench();
      const namespace = await namespaceOf(bench());
      const labels = { keep: "1", drop: "1" };
      const first = await cluster.apply(secret(namespace, "a", { keep: "1", change: "1", drop: "1" }, { labels }));
      const second = await cluster.apply(secret(namespace, "a", { keep: "1", change: "2" }, { labels: { keep: "1" } }));
      expect(second.metadata).toMatchObject({ uid: first.metadata.uid, labels: { keep: "1" } });
      expect(second.metadata.resourceVersion).not.toBe(first.metadata.resourceVersion);
      expect(second.metadata.labels).not.toHaveProperty("drop");
      expect(second.data).toEqual(secret(namespace, "a", { keep: "1", change: "2" }).data);
    });

    test("lets others' fields stand", async () => {
      const { cluster } = bench();
      const namespace = await namespaceOf(bench());
      await cluster.apply(secret(namespace, "a", { ours: "1" }));
      await cluster.patch(secretRef(namespace, "a"), "merge", {
        metadata: { labels: { theirs: "1" }, finalizers: ["test.hms-sys.dev/held"] },
        ...{ data: secret(namespace, "a", { theirs: "1" }).data },
      });
      const applied = await cluster.apply(secret(namespace, "a", { ours: "2" }));
      expect(Object.keys(applied.data as object).sort()).toEqual(["ours", "theirs"]);
      expect(applied.metadata).toMatchObject({ labels: { theirs: "1" }, finalizers: ["test.hms-sys.dev/held"] });
      await cluster.patch(secretRef(namespace, "a"), "merge", { metadata: { finalizers: null } });
    });

    test("of another manager's field is a conflict that names manager and field; force takes it over", async () => {
      const { cluster } = bench();
      const namespace = await namespaceOf(bench());
      const ref = secretRef(namespace, "a");
      await cluster.apply(secret(namespace, "a", { key: "ours" }));
      // A patch is another way of owning a field than an apply, also by the same name.
      await cluster.patch(ref, "merge", { data: secret(namespace, "a", { key: "theirs" }).data });
      const again = secret(namespace, "a", { key: "ours" });
      await expectFault(cluster.apply(again), "conflict", /hms-sys.*\.data\.key/s);
      expect((await cluster.get(ref))?.data).toEqual(secret(namespace, "a", { key: "theirs" }).data);
      expect((await cluster.apply(again, { force: true })).data).toEqual(again.data);
      // It is ours now.
      const changed = secret(namespace, "a", { key: "changed" });
      expect((await cluster.apply(changed)).data).toEqual(changed.data);
    });

    test.each<[string, (namespace: string) => KubeObject, RegExp]>([
      ["an unknown field", (namespace) => ({ ...secret(namespace, "bad"), surplus: true }), /surplus/],
      [
        "an unknown field deep inside",
        (namespace) => deployment(namespace, { strategy: { surplus: true } }),
        /surplus/,
      ],
      ["a value of another type", (namespace) => deployment(namespace, { replicas: "many" }), /replicas/],
      ["a value that is not allowed", (namespace) => deployment(namespace, { replicas: -1 }), /replicas/],
      ["a name that is none", (namespace) => secret(namespace, "Not_A_Name"), /Not_A_Name/],
      [
        "a label that is none",
        (namespace) => ({
          ...deployment(namespace),
          metadata: { name: "bad", namespace, labels: { a: "not a value" } },
        }),
        /not a value/,
      ],
    ])("refuses %s, and makes nothing", async (_what, object, words) => {
      const { cluster } = bench();
      const namespace = await namespaceOf(bench());
      await expectFault(cluster.apply(object(namespace)), "refused", words);
      expect(await cluster.get(secretRef(namespace, "bad"))).toBeUndefined();
    });

    test("into a namespace that is not there is a conflict, not a missing kind", async () => {
      await expectFault(bench().cluster.apply(secret("contract-missing", "a")), "conflict", /contract-missing/);
    });

    test("says nothing of what stands in a Secret that is refused", async () => {
      const { cluster } = bench();
      const namespace = await namespaceOf(bench());
      const hidden = "c3VwZXItc2VjcmV0";
      const refused = cluster.apply({ ...secret(namespace, "a"), data: { token: hidden, broken: "%" } });
      const error = await refused.catch((thrown: Error) => thrown);
      expect(error).toMatchObject({ fault: "refused" });
      expect(String(error)).not.toContain(hidden);
      await cluster.apply(secret(namespace, "a", { token: "super-secret" }));
      const patched = await cluster.patch(secretRef(namespace, "a"), "merge", { data: [1] }).catch((thrown) => thrown);
      expect(patched).toMatchObject({ fault: "refused" });
      expect(String(patched)).not.toContain(hidden);
    });
  });
}

export function deployment(namespace: string, spec: Record<string, unknown> = {}): KubeObject {
  const labels = { app: "web" };
  const template = { metadata: { labels }, spec: { containers: [{ name: "web", image: "web" }] } };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "bad", namespace },
    spec: { replicas: 0, selector: { matchLabels: labels }, template, ...spec },
  };
}
