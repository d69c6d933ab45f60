import { describe, expect, test } from "vitest";
import type { PreviewReason } from "../../src/model/preview.ts";
import { partViews } from "../../src/preview/parts.ts";
import { reasonsOf } from "../../src/preview/reasons.ts";
import { previewPlan, SHA } from "./plans.ts";
import { ToyClusters } from "./toy-clusters.ts";
import { type Walk, walkOn } from "./walk.ts";

const plan = previewPlan();

describe("what is refused whenever it is tried waits for people at once", () => {
  const POLICY =
    "configmaps \"a\" is forbidden: ValidatingAdmissionPolicy 'hms-preview-leftovers' with binding 'hms-preview-leftovers' denied request: hms-sys: no";
  const refused = (message: string, revision: string): PreviewReason[] => {
    const walk: Walk = { clusters: new ToyClusters(), plan, nowMs: 1_000_000 };
    walkOn(walk);
    const world = walk.clusters.world(plan);
    const { source } = partViews(plan, world)[0]?.application?.spec ?? {};
    const resources = [{ kind: "ConfigMap", name: "a", status: "SyncFailed", message }];
    Object.assign(world.applications[0]?.status as object, {
      operationState: {
        phase: "Running",
        message: "one or more objects failed to apply. Retrying attempt #1",
        operation: { sync: { revision } },
        syncResult: {
          revision,
          source: revision === SHA ? source : { ...source, targetRevision: revision },
          resources,
        },
      },
    });
    return reasonsOf(plan, world, partViews(plan, world), new Set());
  };

  test.each([
    [POLICY, 'configmaps "a" is forbidden: hms-sys: no'],
    [`error when patching "/dev/shm/42": ${POLICY}`, 'configmaps "a" is forbidden: hms-sys: no'],
    [
      'error when creating "/dev/shm/12": Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
      /^cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32$/,
    ],
    [
      'error when creating "/dev/shm/12": Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.replicass"',
      /^unknown field "spec.replicass"$/,
    ],
    [
      "failed to create typed patch object (pr-shop-1-1-a/web; apps/v1, Kind=Deployment): .spec.replicas: expected numeric (int or float), got string",
      /^.spec.replicas: expected numeric/,
    ],
    ['Deployment.apps "a" is invalid: spec.selector: Required value', /^Deployment.apps "a" is invalid/],
    ["namespace other is not permitted in project 'x'", /^namespace other/],
  ])("%s", (message, shown) => {
    expect(refused(message, SHA)).toMatchObject([
      { object: "ConfigMap a", message: expect.stringMatching(shown), awaits: "people" },
    ]);
  });

  test("not so of the commit before, nor of what passes", () => {
    expect(refused(POLICY, "f".repeat(40))).toMatchObject([{ awaits: "machines" }]);
    expect(refused("dial tcp 10.0.0.1:443: connect: connection refused", SHA)).toMatchObject([{ awaits: "machines" }]);
  });
});
