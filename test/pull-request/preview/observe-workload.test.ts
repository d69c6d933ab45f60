import { expect, test } from "vitest";
import type { KubeObject } from "../../../src/model/kubernetes.ts";
import { type Cluster, ClusterError, type Clusters } from "../../../src/ports/cluster.ts";
import type { PreviewWorld } from "../../../src/preview/preview.ts";
import { standsMs, Workloads } from "../../../src/pull-request/preview/observe-workload.ts";

const argocd = { cluster: "in-cluster", namespace: "argocd" };
const AT = { sha: "a".repeat(40), nowMs: 10_000, maxAgeMs: 3_000 };

function namespaces(counted: { reads: number; away: boolean }) {
  const cluster = {
    async list({ kind, namespace }: { kind: { kind: string }; namespace: string }) {
      if (counted.away) throw new ClusterError("in-cluster", "unavailable", 0, "no answer");
      counted.reads += 1;
      return kind.kind === "Pod" ? [{ kind: "Pod", metadata: { name: `pod ${counted.reads}`, namespace } }] : [];
    },
  } as unknown as Cluster;
  const clusters: Clusters = {
    names: ["in-cluster"],
    cluster: (name) => (name === "in-cluster" ? cluster : undefined),
  };
  return new Workloads(clusters);
}

function world(uid: string | undefined = "n1", cluster = "in-cluster"): PreviewWorld {
  const namespace = uid ? ({ kind: "Namespace", metadata: { name: "pr-shop-7", uid } } as KubeObject) : undefined;
  const place = { cluster, namespace: "pr-shop-7", argocd };
  return {
    unreadable: [],
    foreign: [],
    applications: [],
    places: [{ place, namespace, ours: [] }],
  } as unknown as PreviewWorld;
}

const podsIn = ({ places }: PreviewWorld) => places[0]?.workload?.map(({ metadata }) => metadata.name);

test("what runs is read once for several runs in a moment", async () => {
  const counted = { reads: 0, away: false };
  const workloads = namespaces(counted);
  const first = podsIn(await workloads.observe(world(), AT));
  const lists = counted.reads;
  expect(first).toHaveLength(1);
  expect(podsIn(await workloads.observe(world(), { ...AT, nowMs: 12_999 }))).toEqual(first);
  expect(counted.reads).toBe(lists);
  expect(podsIn(await workloads.observe(world(), { ...AT, nowMs: 13_000 }))).not.toEqual(first);
});

test.each([
  ["for another commit", world(), { ...AT, sha: "b".repeat(40) }],
  ["in a namespace that was made anew", world("n2"), AT],
  ["where it has to be so now", world(), { ...AT, maxAgeMs: 0 }],
  ["when the clock went back", world(), { ...AT, nowMs: 9_000 }],
])("it is read anew %s", async (_, later, known) => {
  const counted = { reads: 0, away: false };
  const workloads = namespaces(counted);
  const first = podsIn(await workloads.observe(world(), AT));
  expect(podsIn(await workloads.observe(later, known))).not.toEqual(first);
});

test("a cluster that does not answer is left out, and asked again the next time", async () => {
  const counted = { reads: 0, away: true };
  const workloads = namespaces(counted);
  expect(podsIn(await workloads.observe(world(), AT))).toBeUndefined();
  counted.away = false;
  expect(podsIn(await workloads.observe(world(), AT))).toHaveLength(1);
});

test("nothing is asked where there is no namespace, or no such cluster any more", async () => {
  const counted = { reads: 0, away: false };
  const workloads = namespaces(counted);
  const none = world("");
  expect(await workloads.observe(none, AT)).toEqual(none);
  const elsewhere = world("n1", "elsewhere");
  expect(await workloads.observe(elsewhere, AT)).toEqual(elsewhere);
  expect(counted.reads).toBe(0);
});

test("it remembers so many namespaces and no more", async () => {
  const counted = { reads: 0, away: false };
  const workloads = namespaces(counted);
  const first = podsIn(await workloads.observe(world("n0"), AT));
  for (let i = 1; i <= 500; i++) await workloads.observe(world(`n${i}`), AT);
  expect(podsIn(await workloads.observe(world("n0"), AT))).not.toEqual(first);
});

test.each([
  [0, 3_000],
  [8_000, 4_000],
  [600_000, 15_000],
])("what has been so for %d ms may be %d ms old", (forMs, ageMs) => {
  expect(standsMs(forMs)).toBe(ageMs);
});
