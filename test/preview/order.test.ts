import { expect, test } from "vitest";
import { nameOf } from "../../src/model/kubernetes.ts";
import { type PreviewStep, stagesOf } from "../../src/preview/preview.ts";
import { inventoryCluster, previewPlan } from "./plans.ts";
import { ToyClusters } from "./toy-clusters.ts";
import { run, type Walk } from "./walk.ts";

const credentials = {
  git: { username: "x", password: "y" },
  images: [{ registry: "ghcr.io", username: "x", password: "y" }],
};

/** The stages of each run until nothing is left to write, each step as `in-cluster Secret hms-pull`. */
function stagesUntilMade(walk: Walk): string[][][] {
  const runs: string[][][] = [];
  for (let round = 0; round < 10; round++) {
    const stages = stagesOf(run(walk).steps).map((stage) =>
      stage.map((step) => (step.do === "apply" ? `${step.cluster} ${nameOf(step.object)}` : `${step.do}`)),
    );
    if (stages.length > 0) runs.push(stages);
  }
  return runs;
}

test("in few stages: the namespace, what fences it in, what lets Argo CD in, credentials, and what deploys last", () => {
  const walk: Walk = { clusters: new ToyClusters(), plan: previewPlan({ credentials }), nowMs: 1_000_000 };
  const { slug } = walk.plan;
  const [first, second] = stagesUntilMade(walk);
  expect(first?.map((stage) => stage.sort())).toEqual([
    [`in-cluster Namespace ${slug}`],
    [
      "in-cluster LimitRange hms-limits",
      "in-cluster NetworkPolicy hms-default-deny",
      "in-cluster NetworkPolicy hms-egress",
      "in-cluster NetworkPolicy hms-egress-declared",
      "in-cluster NetworkPolicy hms-ingress",
      "in-cluster ResourceQuota hms-quota",
      "in-cluster RoleBinding hms-manager",
      "in-cluster RoleBinding hms-sync",
    ],
    [`in-cluster AppProject ${slug}`, "in-cluster ServiceAccount default", "in-cluster ServiceAccount hms-sync"],
    ["in-cluster Secret hms-pull"],
  ]);
  expect(second?.at(-1)).toEqual([`in-cluster ApplicationSet ${slug}`]);
  expect(second?.slice(0, -1).flat().sort()).toEqual(["in-cluster Secret hms-pull", `in-cluster Secret ${slug}-repo`]);
});

test("on several clusters: no object beside its own namespace, and the set beside nothing", () => {
  const clusters = ["in-cluster", "far", "near"].map((name) => inventoryCluster({ name }));
  const walk: Walk = { clusters: new ToyClusters(), plan: previewPlan({ credentials, clusters }), nowMs: 1_000_000 };
  for (const stage of stagesUntilMade(walk).flat()) {
    const kinds = new Set(stage.map((one) => one.split(" ")[1]));
    if (kinds.has("Namespace") || kinds.has("ApplicationSet")) expect(kinds.size).toBe(1);
    if (kinds.has("Secret")) expect(kinds).toEqual(new Set(["Secret"]));
  }
});

test("whatever is no object of a preview's own goes alone, in its order", () => {
  const at = { cluster: "in-cluster", uid: "u", propagation: "foreground" } as const;
  const kind = { apiVersion: "v1", kind: "Namespace", plural: "namespaces", namespaced: false };
  const remove = (name: string): PreviewStep => ({ do: "delete", ...at, ref: { kind, name } });
  const apply = (kind: string, name: string): PreviewStep => ({
    do: "apply",
    cluster: "in-cluster",
    object: { apiVersion: "v1", kind, metadata: { name } },
  });
  const steps = [
    remove("a"),
    remove("b"),
    apply("Job", "a"),
    apply("Job", "b"),
    apply("Secret", "a"),
    remove("c"),
    apply("Secret", "b"),
  ];
  expect(stagesOf(steps)).toEqual(steps.map((step) => [step]));
});
