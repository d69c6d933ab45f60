import { describe, expect, test } from "vitest";
import { KINDS, type KubeObject } from "../../src/model/kubernetes.ts";
import {
  type ClusterBench,
  eventually,
  expectFault,
  expectGone,
  namesOf,
  namespaceOf,
  secret,
  secretRef,
  uidOf,
} from "./cluster-bench.ts";

const HELD = { finalizers: ["test.hms-sys.dev/held"] };
const RELEASED = { metadata: { finalizers: null } };

export function deletingContract(bench: () => ClusterBench): void {
  describe("delete", () => {
    test("removes the object, and is `gone` where it is not there", async () => {
      const { cluster } = bench();
      const namespace = await namespaceOf(bench());
      const ref = secretRef(namespace, "a");
      const made = await cluster.apply(secret(namespace, "a"));
      expect(await cluster.delete(ref, { uid: uidOf(made) })).toBe("deleting");
      expect(await cluster.get(ref)).toBeUndefined();
      expect(await cluster.delete(ref, { uid: uidOf(made) })).toBe("gone");
      expect(await cluster.delete(secretRef("contract-missing", "a"), { uid: uidOf(made) })).toBe("gone");
    });

    test("never removes another object of the same name", async () => {
      const { cluster } = bench();
      const namespace = await namespaceOf(bench());
      const ref = secretRef(namespace, "a");
      const first = await cluster.apply(secret(namespace, "a"));
      await cluster.delete(ref, { uid: uidOf(first) });
      const second = await cluster.apply(secret(namespace, "a"));
      expect(uidOf(second)).not.toBe(uidOf(first));
      await expectFault(cluster.delete(ref, { uid: uidOf(first) }), "conflict");
      expect(await cluster.get(ref)).toEqual(second);
    });

    test("waits for finalizers: the object stays, marked, until they are taken off", async () => {
      const { cluster } = bench();
      const namespace = await namespaceOf(bench());
      const ref = secretRef(namespace, "a");
      const made = await cluster.apply(secret(namespace, "a", {}, HELD));
      expect(await cluster.delete(ref, { uid: uidOf(made) })).toBe("deleting");
      const held = await cluster.get(ref);
      expect(held?.metadata).toMatchObject({ uid: uidOf(made), ...HELD });
      expect(held?.metadata.deletionTimestamp).toMatch(/^\d{4}-/);
      expect(await cluster.delete(ref, { uid: uidOf(made) })).toBe("deleting");
      await cluster.patch(ref, "merge", RELEASED);
      await expectGone(cluster, ref);
    });

    test("in the background removes the owner at once, and what it owns after it", async () => {
      const { cluster } = bench();
      const namespace = await namespaceOf(bench());
      const owner = await cluster.apply(secret(namespace, "owner"));
      await cluster.apply(secret(namespace, "owned", {}, ownedBy(owner)));
      await cluster.apply(secret(namespace, "free"));
      await cluster.delete(secretRef(namespace, "owner"), { uid: uidOf(owner) });
      expect(await cluster.get(secretRef(namespace, "owner"))).toBeUndefined();
      await expectGone(cluster, secretRef(namespace, "owned"));
      expect(namesOf(await cluster.list({ kind: KINDS.secret, namespace }))).toEqual(["free"]);
    });

    test("in the foreground keeps the owner until all that it owns is gone", async () => {
      const { cluster } = bench();
      const namespace = await namespaceOf(bench());
      const [owner, owned] = [secretRef(namespace, "owner"), secretRef(namespace, "owned")];
      const made = await cluster.apply(secret(namespace, "owner"));
      await cluster.apply(secret(namespace, "owned", {}, { ...ownedBy(made), ...HELD }));
      expect(await cluster.delete(owner, { uid: uidOf(made), propagation: "foreground" })).toBe("deleting");
      await eventually(async () => expect((await cluster.get(owned))?.metadata.deletionTimestamp).toBeDefined());
      expect((await cluster.get(owner))?.metadata).toMatchObject({
        uid: uidOf(made),
        deletionTimestamp: expect.any(String),
        finalizers: ["foregroundDeletion"],
      });
      await cluster.patch(owned, "merge", RELEASED);
      await expectGone(cluster, owned);
      await expectGone(cluster, owner);
    });

    test("does not let an owner go that was another object of the same name", async () => {
      const { cluster } = bench();
      const namespace = await namespaceOf(bench());
      const owner = await cluster.apply(secret(namespace, "owner"));
      const past = { ...owner, metadata: { ...owner.metadata, uid: "00000000-0000-4000-8000-000000000000" } };
      await cluster.apply(secret(namespace, "owned", {}, ownedBy(past)));
      await expectGone(cluster, secretRef(namespace, "owned"));
      expect(await cluster.get(secretRef(namespace, "owner"))).toBeDefined();
    });
  });

  describe("a namespace that is deleted", () => {
    test("takes all that stands in it with it, and nothing of another", async () => {
      const { cluster } = bench();
      const [going, staying] = [await namespaceOf(bench()), await namespaceOf(bench())];
      for (const namespace of [going, staying]) await cluster.apply(secret(namespace, "a"));
      await deleteNamespace(going);
      await expectGone(cluster, { kind: KINDS.namespace, name: going });
      expect(await cluster.list({ kind: KINDS.secret, namespace: going })).toEqual([]);
      expect(namesOf(await cluster.list({ kind: KINDS.secret, namespace: staying }))).toEqual(["a"]);
    });

    test("stays while something in it is held, and takes nothing in: a conflict", async () => {
      const { cluster } = bench();
      const name = await namespaceOf(bench());
      await cluster.apply(secret(name, "held", {}, HELD));
      await cluster.apply(secret(name, "loose"));
      await deleteNamespace(name);
      await expectGone(cluster, secretRef(name, "loose"));
      expect(await cluster.get({ kind: KINDS.namespace, name })).toMatchObject({
        metadata: { deletionTimestamp: expect.any(String) },
        status: { phase: "Terminating" },
      });
      await expectFault(cluster.apply(secret(name, "late")), "conflict", /terminat/);
      await cluster.patch(secretRef(name, "held"), "merge", RELEASED);
      await expectGone(cluster, { kind: KINDS.namespace, name });
    });

    async function deleteNamespace(name: string): Promise<void> {
      const { cluster } = bench();
      const found = await cluster.get({ kind: KINDS.namespace, name });
      const uid = found?.metadata.uid ?? "";
      await cluster.delete({ kind: KINDS.namespace, name }, { uid, propagation: "foreground" });
    }
  });
}

function ownedBy({ apiVersion, kind, metadata: { name, uid = "" } }: KubeObject) {
  return { ownerReferences: [{ apiVersion, kind, name, uid, blockOwnerDeletion: true }] };
}
