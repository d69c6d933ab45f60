import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../src/model/kubernetes.ts";
import { partsOf } from "../../src/preview/parts.ts";
import type { PreviewPlan } from "../../src/preview/preview.ts";
import { component, previewConfig, previewPlan, SHA } from "./plans.ts";
import { ToyClusters } from "./toy-clusters.ts";
import { type Walk, walkOn } from "./walk.ts";

const OLD = "a".repeat(40);

function greenOf(plan: PreviewPlan, change: (application: Change) => void = () => undefined): boolean[] {
  const walk: Walk = { clusters: new ToyClusters(), plan, nowMs: 1_000_000 };
  walkOn(walk);
  const world = walk.clusters.world(plan);
  for (const application of world.applications) change(application as unknown as Change);
  return partsOf(plan, world).map(({ green }) => green);
}

interface Change {
  metadata: KubeObject["metadata"];
  operation?: unknown;
  spec: { project: string; source: Record<string, unknown>; destination: Record<string, unknown> };
  status: {
    sync: { status: string; revision: string; comparedTo?: { source: unknown; destination: unknown } };
    health: { status: string };
    conditions?: unknown;
    resources?: unknown;
    operationState?: { phase: string; syncResult?: { revision: string; source: unknown } };
  };
}

const state = ({ status }: Change) =>
  status.operationState as { phase: string; syncResult?: { revision: string; source: unknown } };

describe("green is all of it, and each alone takes it away", () => {
  test("all of it", () => {
    expect(greenOf(previewPlan())).toEqual([true]);
  });

  test.each<[what: string, change: (application: Change) => void]>([
    ["OutOfSync", ({ status }) => (status.sync.status = "OutOfSync")],
    ["Unknown", ({ status }) => (status.sync.status = "Unknown")],
    ["compared at the last commit", ({ status }) => (status.sync.revision = OLD)],
    ["no revision", ({ status }) => (status.sync.revision = "")],
    ["Progressing", ({ status }) => (status.health.status = "Progressing")],
    ["no health", ({ status }) => (status.health.status = "")],
    ["operation failed", (one) => (state(one).phase = "Failed")],
    ["operation running", (one) => (state(one).phase = "Running")],
    ["no operation yet", ({ status }) => delete status.operationState],
    ["another operation about to begin", (one) => (one.operation = { sync: { revision: SHA } })],
    ["synced the last commit", (one) => (state(one).syncResult = { revision: OLD, source: one.spec.source })],
    ["no result", (one) => delete state(one).syncResult],
    ["synced from elsewhere", (one) => (state(one).syncResult = { revision: SHA, source: { repoURL: "x" } })],
    ["broken YAML", ({ status }) => (status.conditions = [{ type: "ComparisonError", message: "yaml" }])],
    ["shared", ({ status }) => (status.conditions = [{ type: "SharedResourceWarning", message: "shared" }])],
    ["twice", ({ status }) => (status.conditions = [{ type: "RepeatedResourceWarning", message: "twice" }])],
    ["compared to nothing", ({ status }) => delete status.sync.comparedTo],
    [
      "compared to another source",
      ({ status, spec }) => (status.sync.comparedTo = { source: { repoURL: "x" }, destination: spec.destination }),
    ],
    [
      "compared to another place",
      ({ status, spec }) => (status.sync.comparedTo = { source: spec.source, destination: {} }),
    ],
    ["another namespace", ({ spec }) => (spec.destination = { name: "in-cluster", namespace: "other" })],
    ["another cluster", ({ spec }) => (spec.destination = { ...spec.destination, name: "other" })],
    ["another project", ({ spec }) => (spec.project = "default")],
    ["another path", ({ spec }) => (spec.source = { ...spec.source, path: "other" })],
    ["being removed", ({ metadata }) => (metadata.deletionTimestamp = "2026-01-01T00:00:00Z")],
    ["somebody else's", ({ metadata }) => (metadata.labels = { ...metadata.labels, "hms-sys.dev/pull": "8" })],
    ["another name", ({ metadata }) => (metadata.name = "other")],
    ["no manifest at all", ({ status }) => (status.resources = [])],
    ["nonsense", (one) => Object.assign(one, { status: "x", spec: 3 })],
  ])("%s", (_what, change) => {
    expect(greenOf(previewPlan(), change)).toEqual([false]);
  });
});

test("one component that is not green is one that is not green", () => {
  const plan = previewPlan({
    config: previewConfig({ components: [component(), component({ name: "api", path: "deploy/api" })] }),
  });
  expect(greenOf(plan)).toEqual([true, true]);
  const broken = (one: Change) => {
    if (one.metadata.name.endsWith("-api")) one.status.health.status = "Missing";
  };
  expect(greenOf(plan, broken)).toEqual([true, false]);
});
