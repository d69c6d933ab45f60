import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type KubeObject, nameOf } from "../../src/model/kubernetes.ts";
import { takeDown } from "../../src/preview/preview.ts";
import { inventoryCluster, previewPlan } from "./plans.ts";
import { ToyClusters } from "./toy-clusters.ts";
import { removeOn, run, type Walk, walkOn } from "./walk.ts";

const plan = previewPlan({ clusters: [inventoryCluster(), inventoryCluster({ name: "far" })] });
const made = plan.places.map(({ place }) => place);
const NOW_MS = 10_000_000;

function healthy(): Walk {
  const walk: Walk = { clusters: new ToyClusters(), plan, nowMs: 1_000_000 };
  expect(walkOn(walk).state).toBe("healthy");
  return walk;
}

function look(walk: Walk, change: Record<string, unknown> = {}) {
  const world = { ...walk.clusters.world(plan, made), ...change };
  return takeDown({ owner: plan.owner, slug: plan.slug, made, world, nowMs: walk.nowMs });
}

function ofKind({ clusters }: Walk, kind: string): KubeObject[] {
  return [...clusters.objects.values()].filter((one) => one.kind === kind);
}

test("everything goes, the project last, and automation before anything else", () => {
  const walk = healthy();
  walk.clusters.written.length = 0;
  expect(removeOn(walk)).toBe(true);
  const left = [...walk.clusters.objects.values()].filter(({ kind }) => kind !== "Secret");
  expect(left).toEqual([]);
  const deleted = walk.clusters.written.flatMap((step) => (step.do === "delete" ? [step.ref.kind.kind] : []));
  expect(deleted).toEqual(["ApplicationSet", "Namespace", "Namespace", "AppProject"]);
  // In the background the set would be gone before its Applications, and nobody would wait for them.
  for (const step of walk.clusters.written) if (step.do === "delete") expect(step.propagation).toBe("foreground");
  expect(walk.clusters.written[0]).toMatchObject({
    do: "patch",
    ref: { name: plan.slug },
    patch: { spec: { template: { spec: { syncPolicy: { automated: null } } } } },
  });
});

test("a sync that hangs, hooks that hang and finalizers of hooks hold nothing", () => {
  const walk: Walk = { clusters: new ToyClusters(), plan, nowMs: 1_000_000 };
  walk.clusters.behaviour = "hangs";
  for (let round = 0; round < 6; round++) run(walk);
  for (const application of ofKind(walk, "Application")) {
    expect(application.operation).toBeDefined();
    application.metadata.finalizers?.push(
      "post-delete-finalizer.argocd.argoproj.io",
      "post-delete-finalizer.argocd.argoproj.io/cleanup",
    );
  }
  const hook = { name: "hook", namespace: plan.slug, finalizers: ["argocd.argoproj.io/hook-finalizer"] };
  walk.clusters.put("far", { apiVersion: "batch/v1", kind: "Job", metadata: hook });
  walk.clusters.written.length = 0;
  expect(removeOn(walk)).toBe(true);
  const ended = walk.clusters.written.flatMap((step) =>
    step.do === "patch" && "operation" in (step.patch as object) ? [[step.ref.kind.kind, step.patch]] : [],
  );
  expect(ended).toMatchObject([
    ["Application", { operation: null }],
    ["Application", { operation: null }],
  ]);
});

test("Argo CD's own finalizer is taken from an Application only once its namespaces are gone", () => {
  const walk = healthy();
  for (const one of ofKind(walk, "Application")) one.metadata.deletionTimestamp = new Date(walk.nowMs).toISOString();
  const freed = () =>
    look(walk).steps.filter(
      ({ do: what, ...step }) => what === "patch" && JSON.stringify(step).includes('"finalizers"'),
    );
  expect(ofKind(walk, "Application")[0]?.metadata.finalizers).toContain("resources-finalizer.argocd.argoproj.io");
  expect(freed()).toEqual([]);
  walk.clusters.objects.delete(ToyClusters.key("in-cluster", "Namespace", plan.slug));
  expect(freed()).toEqual([]);
  walk.clusters.objects.delete(ToyClusters.key("far", "Namespace", plan.slug));
  expect(freed()).toMatchObject([
    { patch: { metadata: { finalizers: [] } } },
    { patch: { metadata: { finalizers: [] } } },
  ]);
});

test("an AppProject that Argo CD keeps for an Application that is gone is let go", () => {
  const walk = healthy();
  walk.clusters.ghost = true;
  expect(removeOn(walk)).toBe(true);
  expect(ofKind(walk, "AppProject")).toEqual([]);
});

test("an AppProject that somebody else's Application uses stays, and that is told", () => {
  const walk = healthy();
  walk.clusters.ghost = true;
  for (let round = 0; round < 30 && ofKind(walk, "Namespace").length > 0; round++) removeOn(walk, 1);
  removeOn(walk, 1);
  const [project] = ofKind(walk, "AppProject");
  expect(project?.metadata.deletionTimestamp).toBeDefined();
  expect(look(walk, { usesProject: ["Application theirs"] })).toMatchObject({
    gone: false,
    steps: [],
    held: [{ cause: "held", awaits: "people", object: nameOf(project as KubeObject) }],
  });
  expect(look(walk, { usesProject: undefined }).steps).toEqual([]);
  expect(look(walk, { usesProject: [] }).steps).toMatchObject([
    { do: "patch", patch: { metadata: { finalizers: [] } } },
  ]);
});

test.each(["ApplicationSet", "AppProject", "Application"])("without its %s it goes as well", (kind) => {
  const walk = healthy();
  for (const [key, one] of walk.clusters.objects) if (one.kind === kind) walk.clusters.objects.delete(key);
  expect(removeOn(walk)).toBe(true);
});

test("one that is wanted again while it goes comes back, although its hooks hang", () => {
  const walk = healthy();
  const world = walk.clusters.world(plan, made);
  walk.clusters.carryOut(takeDown({ ...plan, made, world, nowMs: walk.nowMs }).steps, walk.nowMs);
  for (const one of ofKind(walk, "Application"))
    one.metadata.finalizers?.push("post-delete-finalizer.argocd.argoproj.io");
  for (let round = 0; round < 12; round++) run(walk);
  expect(run(walk)).toMatchObject({ state: "healthy", steps: [] });
});

test("one that is wanted again comes back, although Argo CD keeps its AppProject", () => {
  const walk = healthy();
  walk.clusters.ghost = true;
  for (let round = 0; round < 30 && ofKind(walk, "Namespace").length > 0; round++) removeOn(walk, 1);
  removeOn(walk, 1);
  expect(ofKind(walk, "AppProject")).toHaveLength(1);
  for (let round = 0; round < 12; round++) run(walk);
  expect(run(walk)).toMatchObject({ state: "healthy", steps: [] });
});

test("a namespace that hangs is told with what holds it, and is not gone", () => {
  const walk = healthy();
  walk.clusters.put("far", {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "held", namespace: plan.slug, finalizers: ["example.com/held"] },
  });
  expect(removeOn(walk)).toBe(false);
  const namespace = walk.clusters.get("far", "Namespace", plan.slug) as KubeObject;
  const message = "Some content in the namespace has finalizers remaining: example.com/held in 1 resource instances";
  namespace.status = { conditions: [{ type: "NamespaceFinalizersRemaining", status: "True", message }] };
  expect(look({ ...walk, nowMs: walk.nowMs + 600_000 })).toMatchObject({
    gone: false,
    steps: [],
    held: [{ cause: "held", awaits: "people", cluster: "far", message: `NamespaceFinalizersRemaining: ${message}` }],
  });
  expect(walk.clusters.get("in-cluster", "AppProject", plan.slug, "argocd")).toBeDefined();
});

describe("what is not known is not gone", () => {
  const empty: Walk = { clusters: new ToyClusters(), plan, nowMs: NOW_MS };

  test("only where every place was read", () => {
    expect(look(empty).gone).toBe(true);
    expect(look(empty, { places: [] })).toMatchObject({
      gone: false,
      held: [{ cause: "cluster" }, { cause: "cluster" }],
    });
  });

  test.each(["in-cluster", "far"])("%s cannot be read", (cluster) => {
    const found = look(empty, { unreadable: [{ cluster, why: "connection refused" }] });
    expect([found.gone, found.steps, found.held.length > 0]).toEqual([false, [], true]);
  });

  test("the Application vanished with its cluster's Secret, and the workload stayed", () => {
    const walk = healthy();
    for (const [key, one] of walk.clusters.objects) if (one.kind === "Application") walk.clusters.objects.delete(key);
    expect(look(walk).gone).toBe(false);
  });
});

const OTHER = previewPlan({ owner: { ...plan.owner, number: 8 } });

test("from any state: nothing without our labels is touched, and gone is only said when nothing of ours is seen", () => {
  fc.assert(
    fc.property(
      fc.record({
        rounds: fc.integer({ min: 0, max: 12 }),
        unreadable: fc.subarray(["in-cluster", "far"]),
        lost: fc.func(fc.integer({ min: 0, max: 3 })),
        stripped: fc.func(fc.integer({ min: 0, max: 5 })),
        hangs: fc.boolean(),
      }),
      ({ rounds, unreadable, lost, stripped, hangs }) => {
        const walk: Walk = { clusters: new ToyClusters(), plan, nowMs: 1_000_000 };
        if (hangs) walk.clusters.behaviour = "hangs";
        for (let round = 0; round < rounds; round++) run(walk);
        for (const [key, one] of walk.clusters.objects) {
          if (lost(key) === 0) walk.clusters.objects.delete(key);
          // As somebody else's would look, with the very same name.
          if (stripped(key) === 0) one.metadata.labels = { "hms-sys.dev/pull": "8" };
          if (stripped(key) === 1) one.metadata.labels = { ...one.metadata.labels, "hms-sys.dev/pull": "8" };
        }
        const isOurs = (one: KubeObject | undefined) => one?.metadata.labels?.["hms-sys.dev/pull"] === "7";
        const seen = walk.clusters.world(plan, made);
        const found = look(walk, { unreadable: unreadable.map((cluster) => ({ cluster, why: "away" })) });
        for (const step of found.steps) {
          if (step.do === "apply") throw new Error("teardown makes nothing");
          const { kind, name, namespace } = step.ref;
          expect(isOurs(walk.clusters.get(step.cluster, kind.kind, name, namespace))).toBe(true);
          if (step.do === "delete") expect(step.uid).toMatch(/^uid-/);
        }
        const left = [
          seen.applicationSet,
          seen.project,
          ...seen.applications,
          ...seen.places.flatMap(({ namespace, ours }) => [namespace, ...ours]),
        ].filter(isOurs);
        expect(found.gone && (left.length > 0 || unreadable.length > 0)).toBe(false);
      },
    ),
    { numRuns: 60 },
  );
  expect(OTHER.slug).not.toBe(plan.slug);
});
