import { expect, test } from "vitest";
import type { KubeObject } from "../../src/model/kubernetes.ts";
import { previewPlan } from "./plans.ts";
import { ToyClusters } from "./toy-clusters.ts";
import { run, type Walk, walkOn } from "./walk.ts";

const plan = previewPlan();

function workload(kind: string, name: string, spec: Record<string, unknown>): KubeObject {
  const apiVersion = kind === "CronJob" ? "batch/v1" : "apps/v1";
  return { apiVersion, kind, metadata: { name, namespace: plan.slug }, spec };
}

function healthy(): Walk & { spec(kind: string, name: string): unknown } {
  const clusters = new ToyClusters();
  const walk: Walk = { clusters, plan, nowMs: 1_000_000 };
  walkOn(walk);
  clusters.put("in-cluster", workload("Deployment", "web", { replicas: 3 }));
  clusters.put("in-cluster", workload("Deployment", "off", { replicas: 0 }));
  clusters.put("in-cluster", workload("StatefulSet", "db", {}));
  clusters.put("in-cluster", workload("CronJob", "nightly", { suspend: false }));
  clusters.put("in-cluster", workload("CronJob", "never", { suspend: true }));
  expect(walkOn(walk).state).toBe("healthy");
  return Object.assign(walk, {
    spec: (kind: string, name: string) => clusters.get("in-cluster", kind, name, plan.slug)?.spec,
  });
}

const ASLEEP = { ...plan, awake: false };

test("asleep, nothing runs and Argo CD does not start it; awake, everything runs as it did", () => {
  const walk = healthy();
  walk.plan = ASLEEP;
  for (let round = 0; round < 8; round++) run(walk);
  expect(walk.before?.state).toBe("sleeping");
  expect([walk.spec("Deployment", "web"), walk.spec("StatefulSet", "db"), walk.spec("CronJob", "nightly")]).toEqual([
    { replicas: 0 },
    { replicas: 0 },
    { suspend: true },
  ]);
  const application = walk.clusters.get("in-cluster", "Application", `${plan.slug}-web`, "argocd");
  expect(application?.spec).not.toHaveProperty("syncPolicy.automated");
  expect(run(walk).steps).toEqual([]);
  walk.plan = plan;
  expect(walkOn(walk).state).toBe("healthy");
  expect(walk.before?.replicas).toEqual({});
  expect([
    walk.spec("Deployment", "web"),
    walk.spec("Deployment", "off"),
    walk.spec("StatefulSet", "db"),
    walk.spec("CronJob", "nightly"),
    walk.spec("CronJob", "never"),
  ]).toEqual([{ replicas: 3 }, { replicas: 0 }, { replicas: 1 }, { suspend: false }, { suspend: true }]);
});

test("nothing is deleted for sleep", () => {
  const walk = healthy();
  walk.plan = ASLEEP;
  for (let round = 0; round < 8; round++) run(walk);
  expect(walk.clusters.written.filter((step) => step.do === "delete")).toEqual([]);
});

test("a process that ends before it wrote anything down forgets no replicas", () => {
  for (let crashAt = 0; crashAt < 6; crashAt++) {
    const walk = healthy();
    walk.plan = ASLEEP;
    for (let round = 0; round < 12; round++) run(walk, { crashes: round === crashAt });
    expect(walk.spec("Deployment", "web")).toEqual({ replicas: 0 });
    walk.plan = plan;
    for (let round = 0; round < 12; round++) run(walk, { crashes: round === crashAt });
    expect(walk.spec("Deployment", "web")).toEqual({ replicas: 3 });
  }
});

test("nothing is scaled while Argo CD would scale it back", () => {
  const walk = healthy();
  walk.plan = ASLEEP;
  walk.clusters.stopped = true;
  for (let round = 0; round < 5; round++) run(walk);
  expect([walk.before?.state, walk.spec("Deployment", "web")]).toEqual(["sleeping", { replicas: 3 }]);
});

test("what its manifests want at zero is not woken for ever", () => {
  const walk = healthy();
  walk.plan = ASLEEP;
  for (let round = 0; round < 8; round++) run(walk);
  walk.plan = plan;
  for (let round = 0; round < 30; round++) {
    walk.clusters.put("in-cluster", workload("Deployment", "web", { replicas: 0 }));
    run(walk);
  }
  expect(run(walk).steps).toEqual([]);
  expect(walk.before?.state).toBe("healthy");
});
