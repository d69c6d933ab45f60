import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../src/model/kubernetes.ts";
import type { PreviewReason } from "../../src/model/preview.ts";
import { tidyReasons } from "../../src/preview/reasons.ts";
import { workloadReasons } from "../../src/preview/workload-reasons.ts";
import { previewPlan } from "./plans.ts";

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
