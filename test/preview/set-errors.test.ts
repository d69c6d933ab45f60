import { expect, test } from "vitest";
import type { KubeObject } from "../../src/model/kubernetes.ts";
import { isAsWanted, previewObjects, steer } from "../../src/preview/preview.ts";
import { previewPlan } from "./plans.ts";
import { ToyClusters } from "./toy-clusters.ts";
import { type Walk, walkOn } from "./walk.ts";

const NEXT = "f".repeat(40);

/** A preview that was pushed to, whose set Argo CD says this of. */
function pushed(message: string): (seconds: number) => ReturnType<typeof steer> {
  const walk: Walk = { clusters: new ToyClusters(), plan: previewPlan(), nowMs: 1_000_000 };
  walkOn(walk);
  const plan = previewPlan({ sha: NEXT, source: { ...walk.plan.source, revision: NEXT } });
  let { before } = walk;
  return (seconds) => {
    const world = walk.clusters.world(plan);
    const conditions = [{ type: "ErrorOccurred", status: "True", message }];
    world.applicationSet = { ...(world.applicationSet as KubeObject), status: { conditions } };
    const nowMs = walk.nowMs + seconds * 1_000;
    const objects = previewObjects(plan);
    const decided = steer({ plan, objects, isAsWanted: () => true, world, before, nowMs });
    if (before) before = { ...before, operations: decided.operations };
    return decided;
  };
}

const asked = ({ steps }: ReturnType<typeof steer>) =>
  steps.flatMap((step) => (step.do === "patch" && step.ref.kind.kind === "ApplicationSet" ? [step.patch] : []));

test.each([
  "application destination spec is invalid: there are no clusters with this name: in-cluster",
  "application references project pr-shop-7 which does not exist",
])("Argo CD is asked to look again, each time in other words, and nobody has to act: %s", (message) => {
  const look = pushed(message);
  expect(asked(look(0))).toEqual([]);
  const found = [5, 10, 15, 20].map((seconds) => asked(look(seconds)));
  expect(found.map(({ length }) => length)).toEqual([0, 1, 0, 1]);
  expect(found[1]).not.toEqual(found[3]);
  expect(look(21)).toMatchObject({
    state: "provisioning",
    reasons: [{ cause: "sync", message: `Argo CD cannot make the Applications: ${message}`, awaits: "machines" }],
  });
});

test("what only people can put right is not asked for again", () => {
  const look = pushed("map has no entry for key");
  for (const seconds of [0, 10, 60]) expect(asked(look(seconds))).toEqual([]);
  expect(look(61)).toMatchObject({ state: "failed", reasons: [{ awaits: "people" }] });
});

test("an error that is left from before says nothing of what has come to the commit", () => {
  const walk: Walk = { clusters: new ToyClusters(), plan: previewPlan(), nowMs: 1_000_000 };
  walkOn(walk);
  const { plan, before, nowMs } = walk;
  const world = walk.clusters.world(plan);
  const conditions = [{ type: "ErrorOccurred", status: "True", message: "connection refused" }];
  world.applicationSet = { ...(world.applicationSet as KubeObject), status: { conditions } };
  const input = { plan, objects: previewObjects(plan), isAsWanted, world: { ...world, probe: { ok: true as const } } };
  expect(steer({ ...input, before, nowMs: nowMs + 60_000 })).toMatchObject({ state: "healthy", steps: [] });
});
