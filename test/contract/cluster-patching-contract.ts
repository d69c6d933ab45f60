import { describe, expect, test } from "vitest";
import { KINDS, type ObjectRef } from "../../src/model/kubernetes.ts";
import { type ClusterBench, eventually, expectFault, namespaceOf, secret, secretRef } from "./cluster-bench.ts";
import { deployment } from "./cluster-writing-contract.ts";

export function patchingContract(bench: () => ClusterBench): void {
  describe("patch", () => {
    test("merges: sets, changes, and takes away what is null", async () => {
      const { cluster } = bench();
      const namespace = await namespaceOf(bench());
      await cluster.apply(secret(namespace, "a", { change: "1", drop: "1", keep: "1" }));
      const data = { ...(secret(namespace, "a", { change: "2", set: "1" }).data as object), drop: null };
      const patched = await cluster.patch(secretRef(namespace, "a"), "merge", { data });
      expect(patched?.data).toEqual(secret(namespace, "a", { change: "2", set: "1", keep: "1" }).data);
      expect(await cluster.get(secretRef(namespace, "a"))).toEqual(patched);
    });

    test("by JSON patch does all of its operations, or where one of them fails nothing", async () => {
      const { cluster } = bench();
      const namespace = await namespaceOf(bench());
      const ref = secretRef(namespace, "a");
      const made = await cluster.apply(secret(namespace, "a", { one: "1", two: "2" }));
      const isOf = (uid: string | undefined) => ({ op: "test", path: "/metadata/uid", value: uid });
      const remove = { op: "remove", path: "/data/one" };
      await expectFault(cluster.patch(ref, "json", [remove, isOf("another")]), "refused");
      await expectFault(cluster.patch(ref, "json", [remove, { op: "remove", path: "/data/missing" }]), "refused");
      expect(await cluster.get(ref)).toEqual(made);
      const patched = await cluster.patch(ref, "json", [isOf(made.metadata.uid), remove]);
      expect(patched?.data).toEqual(secret(namespace, "a", { two: "2" }).data);
    });

    test("is undefined of an object that is not there", async () => {
      const { cluster } = bench();
      const namespace = await namespaceOf(bench());
      const ref = secretRef(namespace, "missing");
      expect(await cluster.patch(ref, "merge", { data: {} })).toBeUndefined();
      expect(await cluster.patch(ref, "json", [{ op: "remove", path: "/data" }])).toBeUndefined();
      const web = { kind: KINDS.deployment, namespace, name: "missing" };
      expect(await cluster.patch(web, "merge", { spec: { replicas: 0 } }, { subresource: "scale" })).toBeUndefined();
    });

    test("of another resource version is a conflict", async () => {
      const { cluster } = bench();
      const namespace = await namespaceOf(bench());
      const ref = secretRef(namespace, "a");
      const first = await cluster.apply(secret(namespace, "a", { key: "1" }));
      await cluster.apply(secret(namespace, "a", { key: "2" }));
      const stale = { metadata: { resourceVersion: first.metadata.resourceVersion, labels: { stale: "1" } } };
      await expectFault(cluster.patch(ref, "merge", stale), "conflict");
      expect((await cluster.get(ref))?.metadata.labels).toBeUndefined();
    });

    test.each<[string, unknown]>([
      ["an unknown field", { surplus: true }],
      ["a value of another type", { data: [1] }],
    ])("refuses %s", async (_what, patch) => {
      const { cluster } = bench();
      const namespace = await namespaceOf(bench());
      const made = await cluster.apply(secret(namespace, "a"));
      await expectFault(cluster.patch(secretRef(namespace, "a"), "merge", patch), "refused");
      expect(await cluster.get(secretRef(namespace, "a"))).toEqual(made);
    });

    test("of scale sets the replicas of a workload, and nothing else", async () => {
      const { cluster } = bench();
      const namespace = await namespaceOf(bench());
      const web = { ...deployment(namespace), metadata: { name: "web", namespace } };
      await cluster.apply(web);
      const ref: ObjectRef = { kind: KINDS.deployment, namespace, name: "web" };
      const scaled = await cluster.patch(ref, "merge", { spec: { replicas: 3 } }, { subresource: "scale" });
      expect(scaled).toMatchObject({ kind: "Scale", metadata: { name: "web", namespace }, spec: { replicas: 3 } });
      expect(await cluster.get(ref)).toMatchObject({ kind: "Deployment", spec: { replicas: 3 } });
    });

    test("of status changes the status alone, and a plain patch never does", async () => {
      const { cluster } = bench();
      const namespace = await namespaceOf(bench());
      const ref: ObjectRef = { kind: KINDS.pod, namespace, name: "web" };
      const spec = { automountServiceAccountToken: false, containers: [{ name: "web", image: "web" }] };
      // Its ServiceAccount comes a moment after the namespace.
      await eventually(() =>
        cluster.apply({ apiVersion: "v1", kind: "Pod", metadata: { name: "web", namespace }, spec }),
      );
      const both = (message: string) => ({ metadata: { labels: { message } }, status: { message } });
      const status = await cluster.patch(ref, "merge", both("told"), { subresource: "status" });
      expect(status).toMatchObject({ kind: "Pod", status: { message: "told" } });
      await cluster.patch(ref, "merge", both("plain"));
      expect(await cluster.get(ref)).toMatchObject({
        metadata: { labels: { message: "plain" } },
        status: { message: "told" },
      });
    });

    test("of a subresource that the kind does not have is no success", async () => {
      const { cluster } = bench();
      const namespace = await namespaceOf(bench());
      await cluster.apply(secret(namespace, "a"));
      const scaled = cluster.patch(secretRef(namespace, "a"), "merge", { spec: {} }, { subresource: "scale" });
      await expectFault(scaled, "no-such-kind");
    });
  });
}
