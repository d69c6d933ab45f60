import { expect, test } from "vitest";
import type { KubeObject } from "../../../src/model/kubernetes.ts";
import { type Cluster, ClusterError, type Clusters, type Selection } from "../../../src/ports/cluster.ts";
import { PreviewLooks } from "../../../src/pull-request/preview/look-at-preview.ts";

const place = (cluster: string, namespace = "pr-shop-1-0a1b2c3d") => ({
  cluster,
  namespace,
  argocd: { cluster: "hub", namespace: "argocd" },
});

/** Clusters that answer lists with `list`; whatever else is asked of them is a call that must not be. */
function clustersOf(list: (selection: Selection) => Promise<KubeObject[]>) {
  const asked: string[] = [];
  const listing: Pick<Cluster, "list"> = {
    list(selection) {
      asked.push(`${selection.namespace} ${selection.kind.kind}`);
      return list(selection);
    },
  };
  const cluster = new Proxy(listing, {
    get(target, name) {
      if (name !== "list") throw new Error(`a look asked for ${String(name)}`);
      return target.list;
    },
  }) as Cluster;
  const clusters: Clusters = { names: ["eu"], cluster: (name) => (name === "eu" ? cluster : undefined) };
  return { clusters, asked };
}

test("only lists of the preview's own namespace, none of Secrets or ConfigMaps; once, however many look", async () => {
  let nowMs = 0;
  const { clusters, asked } = clustersOf(async () => []);
  const looks = new PreviewLooks(clusters, { now: () => nowMs });
  await Promise.all([looks.look(place("eu")), looks.look(place("eu"))]);
  expect(new Set(asked).size).toBe(asked.length);
  expect(asked).toContain("pr-shop-1-0a1b2c3d Pod");
  expect(asked.join()).not.toMatch(/Secret|ConfigMap|undefined/);
  const once = asked.length;
  nowMs += 1_000;
  await looks.look(place("eu"));
  expect(asked).toHaveLength(once);
  nowMs += 5_000;
  await looks.look(place("eu"));
  expect(asked).toHaveLength(2 * once);
});

test.each([
  ["that is not declared", "us", async () => [], "The cluster is not declared any more."],
  [
    "that does not answer",
    "eu",
    async () => {
      throw new ClusterError("eu", "unavailable", 0, "The cluster eu did not answer (time-out).");
    },
    "The cluster eu did not answer (time-out).",
  ],
  [
    "whose rights were taken away",
    "eu",
    async ({ kind }: Selection) => {
      if (kind.kind === "Event") throw new ClusterError("eu", "forbidden", 403, "events is forbidden");
      return [];
    },
    "events is forbidden",
  ],
  ["that is slow", "eu", () => new Promise<never>(() => {}), "It did not answer within 0.01 s."],
])("of a cluster %s it says why", async (_what, cluster, list, why) => {
  const { clusters } = clustersOf(list);
  const looks = new PreviewLooks(clusters, { now: () => 0, timeoutMs: 10 });
  expect(await looks.look(place(cluster))).toEqual({ kind: "unread", why });
});

test("a slow cluster is not asked by ever more people", async () => {
  const { clusters, asked } = clustersOf(() => new Promise<never>(() => {}));
  const looks = new PreviewLooks(clusters, { now: () => 0, timeoutMs: 10 });
  const all = Array.from({ length: 20 }, (_, at) => looks.look(place("eu", `pr-${at}`)));
  expect((await Promise.all(all)).map(({ kind }) => kind)).toEqual(Array(20).fill("unread"));
  const namespaces = new Set(asked.map((one) => one.split(" ")[0]));
  expect(namespaces.size).toBe(8);
  // Its answers are still awaited by nobody: there is no room for another.
  await looks.look(place("eu", "pr-later"));
  expect(asked.join()).not.toContain("pr-later");
});
