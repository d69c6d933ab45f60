import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KINDS, type ObjectKind } from "../../src/model/kubernetes.ts";
import {
  type ClusterBench,
  connected,
  expectFault,
  type KubernetesApi,
  namespaceOf,
  secretRef,
} from "./cluster-bench.ts";
import { deletingContract } from "./cluster-deleting-contract.ts";
import { patchingContract } from "./cluster-patching-contract.ts";
import { readingContract } from "./cluster-reading-contract.ts";
import { watchingContract } from "./cluster-watching-contract.ts";
import { writingContract } from "./cluster-writing-contract.ts";

/** A kind that no API knows. */
const MISSING: ObjectKind = {
  apiVersion: "missing.hms-sys.dev/v1",
  kind: "Missing",
  plural: "missings",
  namespaced: true,
};

/** What every cluster must do: a real API server with its controllers, and each double. */
export function clusterContract(name: string, start: () => Promise<KubernetesApi>): void {
  describe(name, () => {
    let bench: ClusterBench;
    beforeAll(async () => {
      bench = await connected(await start());
    });
    afterAll(() => bench?.api.stop());
    const now = () => bench;

    describe("identity and rights", () => {
      test("it says its version, and who asks", async () => {
        expect((await bench.cluster.version()).gitVersion).toMatch(/^v/);
        expect(await bench.nobody.whoAmI()).toBe("nobody");
        expect(await bench.cluster.whoAmI()).not.toBe("nobody");
      });

      test.each([
        { verb: "create", group: "", resource: "namespaces" },
        { verb: "list", group: "argoproj.io", resource: "applications", namespace: "argocd" },
        { verb: "patch", group: "apps", resource: "deployments/scale", namespace: "default", name: "web" },
      ])("it says whether one may $verb $resource", async (access) => {
        expect(await bench.cluster.may(access)).toBe(true);
        expect(await bench.nobody.may(access)).toBe(false);
      });

      test("without rights each call is forbidden, and says nothing of what is there", async () => {
        const namespace = await namespaceOf(bench);
        const [ref, { nobody }] = [secretRef(namespace, "any"), bench];
        const object = { apiVersion: "v1", kind: "Secret", metadata: { name: "any", namespace } };
        await expectFault(nobody.get(ref), "forbidden", /nobody/);
        await expectFault(nobody.list({ kind: KINDS.secret }), "forbidden", /secrets/);
        await expectFault(nobody.apply(object), "forbidden");
        await expectFault(nobody.patch(ref, "merge", {}), "forbidden");
        await expectFault(nobody.delete(ref, { uid: "any" }), "forbidden");
        await expectFault(nobody.get({ kind: KINDS.namespace, name: "missing" }), "forbidden");
      });
    });

    test("of a kind that it does not know it says so, not that there are no objects", async () => {
      const ref = { kind: MISSING, namespace: "default", name: "any" };
      await expectFault(bench.cluster.get(ref), "no-such-kind");
      await expectFault(bench.cluster.list({ kind: MISSING }), "no-such-kind");
      await expectFault(bench.cluster.patch(ref, "merge", {}), "no-such-kind");
      await expectFault(bench.cluster.delete(ref, { uid: "any" }), "no-such-kind");
    });

    writingContract(now);
    readingContract(now);
    patchingContract(now);
    deletingContract(now);
    watchingContract(now);
  });
}
