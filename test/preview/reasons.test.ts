import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../src/model/kubernetes.ts";
import type { PreviewReason } from "../../src/model/preview.ts";
import { partViews } from "../../src/preview/parts.ts";
import { causeOf, reasonsOf, tidyReasons } from "../../src/preview/reasons.ts";
import { workloadReasons } from "../../src/preview/workload-reasons.ts";
import { previewPlan, SHA } from "./plans.ts";
import { ToyClusters } from "./toy-clusters.ts";
import { type Walk, walkOn } from "./walk.ts";

const plan = previewPlan();
const place = { cluster: "in-cluster", namespace: plan.slug, argocd: { cluster: "in-cluster", namespace: "argocd" } };

function object(kind: string, name: string, rest: Record<string, unknown>, owner?: string): KubeObject {
  const [of = "", ownerName = ""] = owner?.split(" ") ?? [];
  const ownerReferences = owner
    ? [{ apiVersion: "apps/v1", kind: of, name: ownerName, uid: "u", controller: true }]
    : [];
  return {
    apiVersion: "v1",
    kind,
    metadata: { name, namespace: plan.slug, uid: `${kind}/${name}`, ownerReferences },
    ...rest,
  };
}

const conditions = (...all: Record<string, unknown>[]) => ({ status: { conditions: all } });
const waiting = (reason: string, message = "", rest: Record<string, unknown> = {}) => ({
  status: { phase: "Pending", containerStatuses: [{ name: "app", state: { waiting: { reason, message } }, ...rest }] },
});
const event = (reason: string, about: string, message: string, lastTimestamp = "2026-01-01T00:00:00Z") => {
  const [kind, name] = about.split(" ");
  return object("Event", `${name}.1`, {
    reason,
    message,
    lastTimestamp,
    involvedObject: { kind, name, uid: `${kind}/${name}` },
  });
};
const QUOTA =
  'pods "web-5d8f6c7b9-x7k2p" is forbidden: exceeded quota: hms-quota, requested: pods=1, used: pods=20, limited: pods=20';

describe("what keeps a workload from running", () => {
  test.each<[what: string, workload: KubeObject[], expected: Partial<PreviewReason>[]]>([
    [
      "quota",
      [
        object(
          "ReplicaSet",
          "web-5d8f6c7b9",
          conditions({ type: "ReplicaFailure", status: "True", message: QUOTA }),
          "Deployment web",
        ),
      ],
      [
        {
          cause: "quota",
          object: "Deployment web",
          awaits: "people",
          message: "exceeded quota: hms-quota, requested: pods=1, used: pods=20, limited: pods=20",
        },
      ],
    ],
    [
      "Pod Security",
      [
        object(
          "Deployment",
          "web",
          conditions({
            type: "ReplicaFailure",
            status: "True",
            message: 'pods "web-1" is forbidden: violates PodSecurity "restricted:latest": hostPath volumes',
          }),
        ),
      ],
      [
        {
          cause: "pod-security",
          object: "Deployment web",
          message: 'violates PodSecurity "restricted:latest": hostPath volumes',
        },
      ],
    ],
    [
      "a StatefulSet that can make no pods",
      [
        object("StatefulSet", "db", { spec: { replicas: 1 }, status: { replicas: 0 } }),
        event(
          "FailedCreate",
          "StatefulSet db",
          'create Pod db-0 in StatefulSet db failed error: pods "db-0" is forbidden: exceeded quota: hms-quota',
        ),
      ],
      [{ cause: "quota", object: "StatefulSet db", message: "exceeded quota: hms-quota" }],
    ],
    [
      "an image",
      [object("Pod", "web-1", waiting("ImagePullBackOff", 'Back-off pulling image "x"'), "ReplicaSet web-5d8f6c7b9")],
      [
        {
          cause: "image-pull",
          object: "Deployment web",
          message: 'Container app: ImagePullBackOff: Back-off pulling image "x"',
          awaits: "people",
        },
      ],
    ],
    [
      "a container that ends at once",
      [
        object(
          "Pod",
          "web-1",
          waiting("CrashLoopBackOff", "", {
            restartCount: 3,
            lastState: { terminated: { exitCode: 1, reason: "Error" } },
          }),
        ),
      ],
      [
        {
          cause: "workload",
          object: "Pod web-1",
          message: "Container app keeps ending (exit code 1, Error).",
          awaits: "people",
        },
      ],
    ],
    [
      "one that has only begun to",
      [object("Pod", "web-1", waiting("CrashLoopBackOff", "", { restartCount: 1 }))],
      [{ awaits: "machines" }],
    ],
    ["one that is starting", [object("Pod", "web-1", waiting("ContainerCreating"))], []],
    [
      "no room",
      [
        object(
          "Pod",
          "web-1",
          conditions({ type: "PodScheduled", status: "False", message: "0/3 nodes are available" }),
        ),
      ],
      [{ cause: "workload", message: "0/3 nodes are available", awaits: "machines" }],
    ],
    [
      "a Secret that is not there",
      [
        object("Pod", "web-1", { status: { phase: "Pending" } }),
        event("FailedMount", "Pod web-1", "old", "2025-01-01T00:00:00Z"),
        event("FailedMount", "Pod web-1", 'secret "x" not found'),
      ],
      [{ message: 'secret "x" not found' }],
    ],
    [
      "a claim",
      [
        object("PersistentVolumeClaim", "data", { status: { phase: "Pending" } }),
        event("ProvisioningFailed", "PersistentVolumeClaim data", "no class"),
      ],
      [{ object: "PersistentVolumeClaim data", message: "no class" }],
    ],
    [
      "a claim that waits for its first user",
      [object("PersistentVolumeClaim", "data", { status: { phase: "Pending" } })],
      [],
    ],
    [
      "a Job",
      [object("Job", "migrate", conditions({ type: "Failed", status: "True", message: "BackoffLimitExceeded" }))],
      [{ object: "Job migrate", awaits: "people" }],
    ],
    ["an event of an object that was there before", [event("FailedMount", "Pod gone", "x")], []],
    ["nonsense", [object("Pod", "x", { status: 3 }), object("Deployment", "y", { status: { conditions: "no" } })], []],
  ])("%s", (_what, workload, expected) => {
    expect(workloadReasons({ place, namespace: undefined, ours: [], workload })).toMatchObject(expected);
  });

  test("ten pods with one trouble are one reason", () => {
    const workload = Array.from({ length: 10 }, (_, at) =>
      object("Pod", `web-5d8f6c7b9-${at}`, waiting("ErrImagePull", "no"), "ReplicaSet web-5d8f6c7b9"),
    );
    expect(tidyReasons(workloadReasons({ place, namespace: undefined, ours: [], workload }))).toHaveLength(1);
  });
});

function told(status: Record<string, unknown>, failing = false): PreviewReason[] {
  const walk: Walk = { clusters: new ToyClusters(), plan, nowMs: 1_000_000 };
  walkOn(walk);
  const world = walk.clusters.world(plan);
  Object.assign(world.applications[0]?.status as object, status);
  const views = partViews(plan, world);
  return reasonsOf(plan, world, views, new Set(failing ? views : []));
}

const failed = (message: string, resources: unknown[] = []) => ({
  operationState: { phase: "Failed", message, syncResult: { revision: SHA, resources } },
});

describe("what Argo CD says", () => {
  test("of each object that it could not sync, and not of the whole besides", () => {
    const web = {
      kind: "Service",
      name: "web",
      status: "SyncFailed",
      message: "services is forbidden: ValidatingAdmissionPolicy 'x' denied request: no LoadBalancer",
    };
    const ok = { kind: "Service", name: "ok", status: "Synced", message: "created" };
    const hook = {
      kind: "Job",
      name: "hook",
      hookPhase: "Failed",
      message: "Job has reached the specified backoff limit",
    };
    const syncError = { conditions: [{ type: "SyncError", message: "Failed last sync attempt" }] };
    expect(
      told({ ...failed("one or more objects failed to apply", [web, ok, hook]), ...syncError }, true),
    ).toMatchObject([
      { cause: "admission", object: "Service web", component: "web", cluster: "in-cluster", awaits: "people" },
      { cause: "sync", object: "Job hook", awaits: "people" },
    ]);
  });

  test.each<[message: string, shown: string | undefined, file: string | undefined, awaits: string]>([
    [
      'Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = Manifest generation error (cached): Failed to unmarshal "deploy.yaml": failed to unmarshal manifest: error converting YAML to JSON: yaml: line 3: did not find',
      'Failed to unmarshal "deploy.yaml": yaml: line 3: did not find',
      "deploy.yaml",
      "people",
    ],
    [
      "Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = deploy/web: app path does not exist",
      "deploy/web: app path does not exist",
      undefined,
      "people",
    ],
    ["rpc error: code = Unavailable desc = connection refused", undefined, undefined, "machines"],
  ])("of manifests: %s", (message, shown, file, awaits) => {
    const found = told({ sync: { status: "Unknown" }, conditions: [{ type: "ComparisonError", message }] });
    const expected = { cause: "source", message: shown ?? message, awaits, ...(file === undefined ? {} : { file }) };
    expect(found).toMatchObject([expected]);
  });

  test("nothing of what is in order", () => {
    expect(told({})).toEqual([]);
  });

  test("of nothing that it found, by the folder", () => {
    const nothing = {
      resources: [],
      operationState: { phase: "Succeeded", message: "", syncResult: { revision: SHA } },
    };
    expect(told({ ...nothing, sync: { status: "Synced", revision: SHA } })).toMatchObject([
      { message: "There is no manifest in it at this commit.", file: "deploy/web", awaits: "people" },
    ]);
  });
});

test("the set's own words, where it made no Application", () => {
  const world = {
    ...new ToyClusters().world(plan),
    applicationSet: object(
      "ApplicationSet",
      plan.slug,
      conditions({ type: "ErrorOccurred", status: "True", message: "map has no entry for key" }),
    ),
  };
  expect(reasonsOf(plan, world, partViews(plan, world), new Set())).toMatchObject([
    { message: "Argo CD cannot make the Applications: map has no entry for key", awaits: "people" },
  ]);
});

describe("lines for people", () => {
  const line = (message: string, rest: Partial<PreviewReason> = {}): PreviewReason => ({
    cause: "sync",
    message,
    awaits: "machines",
    ...rest,
  });

  test("one line, none twice, what people have to do first, and not too many", () => {
    const many = Array.from({ length: 50 }, (_, at) => line(`reason ${at}`));
    const found = tidyReasons([...many, line("reason 1"), line("a\r\nb\u202e c", { awaits: "people" })]);
    expect([found.length, found[0]?.message, found.at(-1)?.message]).toEqual([
      20,
      "a b c",
      "There are 32 more reasons.",
    ]);
    expect(tidyReasons([line("x".repeat(10_000))])[0]?.message).toHaveLength(400);
  });

  test.each([
    "cannot clone https://x:ghs_0123456789abcdef@github.com/a/b",
    "token=0123456789abcdef0123",
    "Authorization: Bearer abcdefghijklmnop.qrst",
    "got ghp_0123456789abcdef0123456789",
  ])("without what looks like a credential: %s", (message) => {
    expect(tidyReasons([line(message)])[0]?.message).not.toMatch(/0123456789abcdef|abcdefghijklmnop/);
  });

  test("a file without the folder that Argo CD keeps it in, in time that does not grow with the text", () => {
    const path = "/tmp/_argocd-repo/01234567-89ab-cdef-0123-456789abcdef/deploy/web/x.yaml";
    expect(causeOf(`cannot read ${path}: no`).file).toBe("deploy/web/x.yaml");
    expect(causeOf(`${"a/".repeat(100_000)}.`).file).toBeUndefined();
  });
});
