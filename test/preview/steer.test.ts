import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../src/model/kubernetes.ts";
import {
  applicationsOf,
  isAsWanted,
  type PreviewStep,
  type PreviewWorld,
  previewObjects,
  steer,
} from "../../src/preview/preview.ts";
import { component, inventoryCluster, previewConfig, previewPlan, SHA } from "./plans.ts";
import { ToyClusters } from "./toy-clusters.ts";
import { run, type Walk, walkOn } from "./walk.ts";

const NEXT = "f".repeat(40);
const moved = (sha: string) =>
  previewPlan({ sha, source: { repoUrl: "https://github.com/acme/shop.git", revision: sha } });

function start(given: Partial<Walk> = {}): Walk {
  return { clusters: new ToyClusters(), plan: previewPlan(), nowMs: 1_000_000, ...given };
}

function applicationIn({ clusters, plan }: Walk): KubeObject & { status: Record<string, never> } {
  const found = clusters.get("in-cluster", "Application", `${plan.slug}-web`, "argocd");
  if (!found) throw new Error("there is no Application");
  return found as KubeObject & { status: Record<string, never> };
}

test("from nothing to green, then nothing more is written", () => {
  const walk = start();
  expect(walkOn(walk)).toMatchObject({ state: "healthy", reasons: [], parts: [{ green: true, revision: SHA }] });
  const written = walk.clusters.written.length;
  expect(run(walk).steps).toEqual([]);
  expect(walk.clusters.written).toHaveLength(written);
});

test("the set comes after everything that fences in what it brings, and on another cluster only once that is seen", () => {
  const one = start();
  const kinds = run(one).steps.flatMap((step) => (step.do === "apply" ? [step.object.kind] : []));
  expect([kinds[0], kinds.at(-1), kinds.indexOf("AppProject") > kinds.lastIndexOf("NetworkPolicy")]).toEqual([
    "Namespace",
    "ApplicationSet",
    true,
  ]);
  const two = start({ plan: previewPlan({ clusters: [inventoryCluster(), inventoryCluster({ name: "far" })] }) });
  const sets = () => run(two).steps.filter((step) => step.do === "apply" && step.object.kind === "ApplicationSet");
  expect([sets().length, sets().length]).toEqual([0, 1]);
  expect(walkOn(two).state).toBe("healthy");
});

test("a private source's credential goes with its project, and nothing deploys before it", () => {
  const walk = start({ plan: previewPlan({ credentials: { git: { username: "x", password: "y" } } }) });
  const written = () => run(walk).steps.flatMap((step) => (step.do === "apply" ? [step.object] : []));
  expect(written().map(({ kind }) => kind)).not.toContain("ApplicationSet");
  const [secret, set] = written().slice(-2);
  expect([secret?.kind, secret?.metadata.ownerReferences?.[0]?.name, set?.kind]).toEqual([
    "Secret",
    walk.plan.slug,
    "ApplicationSet",
  ]);
  expect(walkOn(walk).state).toBe("healthy");
});

describe("credentials that the operator changes", () => {
  const withPassword = (password: string, pulls = "z") =>
    previewPlan({
      credentials: {
        git: { username: "x", password },
        images: [{ registry: "ghcr.io", username: "y", password: pulls }],
      },
    });
  const secretsOf = ({ steps }: { steps: readonly PreviewStep[] }) =>
    steps.flatMap((step) => (step.do === "apply" && step.object.kind === "Secret" ? [step.object] : []));

  test("are written without a push, once, and what is healthy stays so", () => {
    const walk = start({ plan: withPassword("old") });
    expect(walkOn(walk)).toMatchObject({ state: "healthy", steps: [] });
    for (const plan of [withPassword("new"), withPassword("new", "newer")]) {
      walk.plan = plan;
      const renewed = run(walk);
      expect(renewed.state).toBe("healthy");
      expect(renewed.steps).toHaveLength(2);
      const written = JSON.stringify(secretsOf(renewed));
      expect(written).toContain(Buffer.from("new").toString("base64"));
      expect(run(walk)).toMatchObject({ state: "healthy", steps: [] });
    }
  });

  test("are written again where the run ended before it was written down", () => {
    const walk = start({ plan: withPassword("old") });
    walkOn(walk);
    walk.plan = withPassword("new");
    expect(secretsOf(run(walk, { crashes: true }))).toHaveLength(2);
    expect(secretsOf(run(walk))).toHaveLength(2);
    expect(run(walk).steps).toEqual([]);
  });

  test("are not in the record, nor anything to find them out by", () => {
    const walk = start({ plan: withPassword("old") });
    walkOn(walk);
    expect(walk.before?.credentials).toMatch(/^[0-9a-f]{4}$/);
  });
});

test("a push moves the preview, also where the commits deploy the same", () => {
  for (const changes of [true, false]) {
    const walk = start();
    walkOn(walk);
    walk.clusters.changes = changes;
    walk.plan = moved(NEXT);
    expect(run(walk).state).not.toBe("healthy");
    expect(walkOn(walk)).toMatchObject({ state: "healthy", parts: [{ green: true, revision: NEXT }] });
  }
});

test("a push ends the operation that runs for the commit before", () => {
  const walk = start();
  walk.clusters.behaviour = "hangs";
  for (let round = 0; round < 4; round++) run(walk);
  expect(applicationIn(walk).status.operationState).toMatchObject({ phase: "Running" });
  walk.plan = moved(NEXT);
  run(walk);
  run(walk);
  expect(walk.clusters.written.at(-1)).toMatchObject({
    do: "patch",
    patch: { status: { operationState: { phase: "Terminating" } } },
  });
  walk.clusters.behaviour = "works";
  expect(walkOn(walk)).toMatchObject({ state: "healthy", parts: [{ revision: NEXT }] });
});

test("an operation that hangs is ended after its deadline, said to be stuck, and tried again", () => {
  const walk = start();
  walk.clusters.behaviour = "hangs";
  const told = new Set<string>();
  for (let round = 0; round < 70; round++) for (const { cause } of run(walk).reasons) told.add(cause);
  expect(told).toContain("stuck");
  walk.clusters.behaviour = "works";
  expect(walkOn(walk, 100).state).toBe("healthy");
});

test("one that Argo CD does not end although it was told to is taken away", () => {
  const walk = start();
  walk.clusters.behaviour = "hangs";
  for (let round = 0; round < 4; round++) run(walk);
  walk.clusters.stopped = true;
  for (let round = 0; round < 100; round++) run(walk);
  const patch = expect.objectContaining({ operation: null, status: { operationState: null } });
  expect(walk.clusters.written).toContainEqual(expect.objectContaining({ patch }));
});

test("a sync that fails is tried again, ever more slowly, and is a failure after the first of ours", () => {
  const walk = start();
  walk.clusters.behaviour = 1_000;
  const states = new Set<string>();
  for (let round = 0; round < 250; round++) states.add(run(walk).state);
  expect(run(walk).state).toBe("failed");
  expect(states.has("healthy")).toBe(false);
  const tries = walk.clusters.written.filter((step) => step.do === "patch" && "operation" in (step.patch as object));
  // In 1250 s: after 2 s, 15 s, 60 s, 300 s, 900 s.
  expect(tries.length).toBeGreaterThan(3);
  expect(tries.length).toBeLessThan(9);
  walk.clusters.behaviour = "works";
  for (let round = 0; round < 200 && walk.before?.state !== "healthy"; round++) run(walk);
  expect(run(walk).state).toBe("healthy");
});

describe("not green as long as", () => {
  const decide = ({ plan, before, nowMs }: Walk, world: PreviewWorld) =>
    steer({ plan, objects: previewObjects(plan), isAsWanted, world: { ...world, probe: { ok: true } }, before, nowMs });

  test("one component of several is not", () => {
    const walk = start({
      plan: previewPlan({
        config: previewConfig({ components: [component(), component({ name: "api", path: "deploy/api" })] }),
      }),
    });
    expect(walkOn(walk).state).toBe("healthy");
    for (const [at, healthy] of [0, 1].flatMap((one) => [[one, true] as const, [one, false] as const])) {
      const world = walk.clusters.world(walk.plan);
      const application = world.applications[at] as unknown as { status: { health: { status: string } } };
      if (!healthy) application.status.health.status = "Progressing";
      expect(decide(walk, world).state === "healthy").toBe(healthy);
    }
  });

  test("something is to be written or taken away: a network policy that nobody declares any more", () => {
    const walk = start();
    expect(walkOn(walk).state).toBe("healthy");
    const { plan, clusters } = walk;
    const known = clusters.get("in-cluster", "ServiceAccount", "hms-sync", plan.slug) as KubeObject;
    const metadata = { name: "hms-egress-old", namespace: plan.slug, labels: known.metadata.labels ?? {} };
    clusters.put("in-cluster", { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata });
    const decided = decide(walk, clusters.world(plan));
    expect(decided.state).not.toBe("healthy");
    expect(decided.steps).toMatchObject([{ do: "delete", ref: { name: "hms-egress-old" } }]);
    clusters.carryOut(decided.steps, walk.nowMs);
    expect(walkOn(walk).state).toBe("healthy");
  });
});

test("a cluster that cannot be read is unknown, never green, and nothing is written that depends on it", () => {
  const walk = start();
  walkOn(walk);
  const { plan, before, nowMs } = walk;
  const world = { ...walk.clusters.world(plan), unreadable: [{ cluster: "in-cluster", why: "connection refused" }] };
  const bare = { ...world, applicationSet: undefined, project: undefined, applications: [], places: [] };
  for (const seen of [world, bare]) {
    const decided = steer({ plan, objects: previewObjects(plan), isAsWanted, world: seen, before, nowMs });
    expect(decided).toMatchObject({ steps: [], unknown: "in-cluster: The cluster cannot be read: connection refused" });
    expect(decided.parts.some(({ green }) => green)).toBe(false);
  }
});

test("what has a name of ours but not our labels is told and left alone", () => {
  const walk = start();
  walk.clusters.put("in-cluster", { apiVersion: "v1", kind: "Namespace", metadata: { name: walk.plan.slug } });
  const decided = walkOn(walk);
  expect(decided).toMatchObject({ state: "failed", reasons: [{ cause: "foreign", awaits: "people" }] });
  expect(walk.clusters.get("in-cluster", "Namespace", walk.plan.slug)?.metadata.labels).toBeUndefined();
  expect(walk.clusters.get("in-cluster", "ApplicationSet", walk.plan.slug, "argocd")).toBeUndefined();
});

test("an Application with the name of ours, that the set would take over, keeps the set from being made or changed", () => {
  for (const there of [false, true]) {
    const walk = start();
    if (there) walkOn(walk);
    const { plan, before, nowMs, clusters } = walk;
    const seen = clusters.world(plan);
    const [object] = applicationsOf(plan).map(({ name }) => `Application ${name}`);
    const world = { ...seen, applications: [], foreign: [{ cluster: "in-cluster", object: object ?? "" }] };
    const input = { objects: previewObjects(plan), isAsWanted: () => false, world, before, nowMs };
    const decided = steer({ plan, ...input });
    expect(decided).toMatchObject({ state: "failed", reasons: [{ cause: "foreign", object, awaits: "people" }] });
    const applied = decided.steps.flatMap((step) => (step.do === "apply" ? step.object.kind : []));
    expect(applied).toContain("AppProject");
    expect(applied).not.toContain("ApplicationSet");
  }
});

test("an object of another preview is not written over", () => {
  const walk = start();
  walkOn(walk);
  const quota = walk.clusters.get("in-cluster", "ResourceQuota", "hms-quota", walk.plan.slug) as KubeObject;
  quota.metadata.labels = { ...quota.metadata.labels, "hms-sys.dev/pull": "8" };
  expect(run(walk)).toMatchObject({ state: "degraded", steps: [], reasons: [{ cause: "foreign" }] });
});

test("what is being removed is waited for, and made anew", () => {
  const walk = start();
  walkOn(walk);
  const { clusters, plan } = walk;
  const namespace = clusters.get("in-cluster", "Namespace", plan.slug) as KubeObject;
  namespace.metadata.deletionTimestamp = new Date(walk.nowMs).toISOString();
  clusters.stopped = true;
  expect(run(walk)).toMatchObject({ state: "degraded", steps: [], reasons: [{ cause: "held" }] });
  clusters.stopped = false;
  for (let round = 0; round < 10; round++) run(walk);
  expect(run(walk)).toMatchObject({ state: "healthy", steps: [] });
  expect(clusters.get("in-cluster", "ResourceQuota", "hms-quota", plan.slug)).toBeDefined();
});

test("the address has to answer before it is green; one that stops answering is degraded", () => {
  const walk = start();
  for (let round = 0; round < 20; round++) run(walk, { probe: false });
  expect(walk.before).toMatchObject({ state: "provisioning", reasons: [{ cause: "probe" }] });
  expect(run(walk).state).toBe("healthy");
  expect(run(walk, { probe: false }).state).toBe("degraded");
  const { plan, before, nowMs } = walk;
  const unasked = steer({
    plan,
    objects: previewObjects(plan),
    isAsWanted,
    world: walk.clusters.world(plan),
    before,
    nowMs,
  });
  expect([unasked.wantsProbe, unasked.state]).not.toContain("healthy");
});

test("a seed is put in once, when all else is green, and before it is green", () => {
  const config = previewConfig({ seed: { job: { image: "seed:{{head_sha}}", command: ["load"] } } });
  const walk = start({ plan: previewPlan({ config }) });
  for (let round = 0; round < 10; round++) run(walk);
  expect(walk.before).toMatchObject({ state: "provisioning", reasons: [{ cause: "seed" }] });
  const job = walk.clusters.get("in-cluster", "Job", "hms-seed", walk.plan.slug) as KubeObject;
  const applied = () =>
    walk.clusters.written.filter((step) => step.do === "apply" && step.object.kind === "Job").length;
  expect(applied()).toBe(1);
  job.status = { conditions: [{ type: "Failed", status: "True", message: "no such table" }] };
  expect(run(walk)).toMatchObject({ state: "failed", reasons: [{ message: "The seed failed: no such table" }] });
  job.status = { conditions: [{ type: "Complete", status: "True" }] };
  expect(run(walk).state).toBe("healthy");
  expect(applied()).toBe(1);
});

test("what is wanted no more of our network policies goes, by its uid", () => {
  const walk = start();
  walkOn(walk);
  const old = walk.clusters.put("in-cluster", {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "hms-old", namespace: walk.plan.slug, labels: applicationIn(walk).metadata.labels ?? {} },
  });
  expect(run(walk).steps).toMatchObject([{ do: "delete", uid: old.metadata.uid, ref: { name: "hms-old" } }]);
});
