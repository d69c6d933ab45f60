import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../src/model/kubernetes.ts";
import { previewPlan, SHA } from "./plans.ts";
import { ToyClusters } from "./toy-clusters.ts";
import { run, type Walk, walkOn } from "./walk.ts";

/** What is said of a preview while nothing stands in its way, and nothing happens. */

const plan = previewPlan();
const NEXT = "f".repeat(40);
const moved = previewPlan({ sha: NEXT, source: { ...plan.source, revision: NEXT } });
const APPLICATION = `${plan.slug}-web`;

function start(): Walk {
  return { clusters: new ToyClusters(), plan, nowMs: 1_000_000 };
}

/** Runs for so long, and what is said then. */
function later(walk: Walk, ms: number) {
  const untilMs = walk.nowMs + ms;
  while (walk.nowMs < untilMs) run(walk);
  return run(walk);
}

function change(walk: Walk, what: Partial<KubeObject>): void {
  const application = walk.clusters.get("in-cluster", "Application", APPLICATION, "argocd") as KubeObject;
  Object.assign(application, what);
}

const source = (sha: string) => ({ targetRevision: sha });

describe("after a minute it is said what Argo CD has not done", () => {
  test("no Application was made", () => {
    const walk = start();
    walk.clusters.stopped = true;
    expect(later(walk, 45_000)).toMatchObject({ state: "provisioning", reasons: [] });
    expect(later(walk, 30_000)).toMatchObject({
      state: "provisioning",
      reasons: [
        {
          cause: "stuck",
          message: expect.stringContaining("has not made its Application yet"),
          object: `ApplicationSet ${plan.slug}`,
          awaits: "machines",
        },
      ],
    });
  });

  test("the Application is still at the commit before", () => {
    const walk = start();
    walkOn(walk);
    walk.clusters.stopped = true;
    walk.plan = moved;
    const [reason] = later(walk, 75_000).reasons;
    expect(reason).toMatchObject({
      message: expect.stringMatching(/has not brought its Application to this commit yet.*ApplicationSet controller/),
      object: `Application ${APPLICATION}`,
    });
  });

  test.each<[what: string, given: Partial<KubeObject>, said: RegExp]>([
    [
      "not looked at",
      { operation: undefined, status: undefined } as Partial<KubeObject>,
      /has not compared it with this commit yet.*application controller/,
    ],
    [
      "compared with the commit before",
      {
        operation: undefined,
        status: { sync: { status: "Synced", revision: SHA, comparedTo: { source: source(SHA) } } },
      } as Partial<KubeObject>,
      /has not compared it with this commit yet/,
    ],
    [
      "told to sync, and not begun",
      { status: undefined, operation: { sync: { revision: NEXT } } } as Partial<KubeObject>,
      /has not begun its sync yet/,
    ],
    [
      "a hook that goes on",
      {
        status: {
          operationState: {
            phase: "Running",
            message: "waiting for completion of hook batch/Job/db",
            operation: { sync: { revision: NEXT } },
          },
        },
      },
      /^Argo CD is at its sync. waiting for completion of hook batch\/Job\/db$/,
    ],
  ])("%s", (_what, given, said) => {
    const walk = start();
    walkOn(walk);
    walk.plan = moved;
    run(walk);
    walk.clusters.stopped = true;
    change(walk, given);
    expect(later(walk, 75_000).reasons).toMatchObject([{ cause: "stuck", message: expect.stringMatching(said) }]);
  });

  test("everything is synced, and its health is another's to tell", () => {
    const walk = start();
    walkOn(walk);
    walk.plan = moved;
    for (let round = 0; round < 20; round++) {
      run(walk);
      const { status } = walk.clusters.get("in-cluster", "Application", APPLICATION, "argocd") as KubeObject;
      change(walk, { status: { ...(status as object), health: { status: "Progressing" } } });
    }
    walk.clusters.stopped = true;
    expect(later(walk, 75_000).reasons).toMatchObject([
      { message: "It is synced, and not healthy yet: Argo CD says Progressing.", awaits: "machines" },
    ]);
  });
});

test("after a quarter of an hour people have to look, and it says the same; what has come since is said, until it is healthy", () => {
  const walk = start();
  walk.clusters.stopped = true;
  expect(later(walk, 910_000)).toMatchObject({
    state: "failed",
    reasons: [{ message: expect.stringContaining("has not made its Application yet"), awaits: "people" }],
  });
  walk.clusters.stopped = false;
  walk.clusters.behaviour = "hangs";
  run(walk);
  walk.clusters.stopped = true;
  expect(later(walk, 10_000)).toMatchObject({
    state: "failed",
    reasons: [{ message: expect.stringContaining("Argo CD"), object: `Application ${APPLICATION}` }],
  });
  walk.clusters.stopped = false;
  walk.clusters.behaviour = "works";
  for (let round = 0; round < 200 && walk.before?.state !== "healthy"; round++) run(walk);
  expect(walk.before).toMatchObject({ state: "healthy", reasons: [] });
});

describe("what stays unlike its manifest although it is synced", () => {
  const at = (ms: number) => new Date(ms).toISOString();
  let ended: object | undefined;

  /** As Argo CD tells of a field that the API server left out: synced again and again, and never the same. */
  function unlike(walk: Walk, given: { requiresPruning?: true; lookedAtMs?: number } = {}) {
    const application = walk.clusters.get("in-cluster", "Application", APPLICATION, "argocd") as KubeObject;
    const status = application.status as { sync: object; operationState?: object };
    // Of the sync of ours that comes in between it is said the same.
    ended = status.operationState ?? ended;
    const { requiresPruning, lookedAtMs = walk.nowMs } = given;
    const resource = {
      kind: "Service",
      name: "other",
      status: "OutOfSync",
      ...(requiresPruning ? { requiresPruning } : {}),
    };
    change(walk, {
      operation: undefined,
      status: {
        ...status,
        sync: { ...status.sync, status: "OutOfSync" },
        operationState: ended,
        reconciledAt: at(lookedAtMs),
        resources: [resource],
      },
    } as Partial<KubeObject>);
  }

  function synced(): Walk {
    const walk = start();
    for (let round = 0; round < 20 && !walk.before?.parts[0]?.green; round++) run(walk, { probe: false });
    walk.clusters.stopped = true;
    walk.before = { ...(walk.before as NonNullable<Walk["before"]>), state: "provisioning", sinceMs: walk.nowMs };
    return walk;
  }

  test("is a failure after half a minute, and stays one while it is tried again", () => {
    const walk = synced();
    const fromMs = walk.nowMs;
    const states: [number, string][] = [];
    while (walk.nowMs < fromMs + 60_000) {
      unlike(walk);
      states.push([walk.nowMs - fromMs, run(walk).state]);
      // Argo CD begins it anew in between.
      const application = walk.clusters.get("in-cluster", "Application", APPLICATION, "argocd") as KubeObject;
      const { operationState } = application.status as { operationState: object };
      change(walk, {
        status: { ...(application.status as object), operationState: { ...operationState, phase: "Running" } },
      });
      states.push([walk.nowMs - fromMs, run(walk).state]);
      change(walk, {
        operation: undefined,
        status: { ...(application.status as object), operationState: { ...operationState, phase: "Succeeded" } },
      } as Partial<KubeObject>);
    }
    expect(states.filter(([ms]) => ms < 25_000).every(([, state]) => state === "provisioning")).toBe(true);
    expect(states.filter(([ms]) => ms > 45_000).every(([, state]) => state === "failed")).toBe(true);
    unlike(walk);
    expect(run(walk).reasons).toMatchObject([
      { object: "Service other", message: expect.stringContaining("misspelt"), awaits: "people" },
    ]);
  });

  test.each([
    ["is on its way out", { requiresPruning: true }],
    ["was last looked at before it was synced", { lookedAtMs: 0 }],
  ] as const)("is no failure so soon where it %s", (_what, given) => {
    const walk = synced();
    const fromMs = walk.nowMs;
    while (walk.nowMs < fromMs + 60_000) {
      unlike(walk, given);
      expect(run(walk).state).toBe("provisioning");
    }
  });
});
