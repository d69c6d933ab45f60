import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../src/model/kubernetes.ts";
import { sightOf } from "../../src/preview/preview.ts";

const object = (kind: string, name: string, rest: object = {}): KubeObject => ({
  apiVersion: "v1",
  kind,
  metadata: { name },
  ...rest,
});

describe("how an object is", () => {
  test.each<[string, object, string, boolean | undefined]>([
    ["Deployment", { spec: { replicas: 2 }, status: { readyReplicas: 2 } }, "2 of 2 ready", true],
    ["Deployment", { spec: {} }, "0 of 1 ready", false],
    ["Deployment", { spec: { replicas: 0 } }, "At rest", undefined],
    [
      "Pod",
      { status: { phase: "Running", containerStatuses: [{ ready: true, restartCount: 1 }] } },
      "Running, 1 restart",
      true,
    ],
    ["Pod", { status: { phase: "Running", containerStatuses: [{ ready: false }] } }, "Running", false],
    [
      "Pod",
      { status: { phase: "Pending", containerStatuses: [{ state: { waiting: { reason: "ImagePullBackOff" } } }] } },
      "ImagePullBackOff",
      false,
    ],
    ["Pod", { status: { phase: "Failed", reason: "Evicted" } }, "Evicted", false],
    ["Pod", { status: { phase: "Succeeded" } }, "Succeeded", true],
    ["Pod", {}, "Unknown", false],
    ["Job", { status: { succeeded: 1 } }, "Done", true],
    ["Job", { status: { active: 1 } }, "Running", undefined],
    ["Job", { status: { conditions: [{ type: "Failed", status: "True" }] } }, "Failed", false],
    ["CronJob", { spec: { suspend: true } }, "At rest", undefined],
    ["PersistentVolumeClaim", { status: { phase: "Bound" } }, "Bound", true],
    ["PersistentVolumeClaim", {}, "Pending", false],
    ["Ingress", { spec: { rules: [{ host: "a.acme.dev" }] } }, "For a.acme.dev", undefined],
    ["Ingress", { spec: {} }, "For no host", undefined],
  ])("%s %j", (kind, rest, state, ready) => {
    const [seen] = sightOf([object(kind, "x", rest)]).objects;
    expect([seen?.state, seen?.ready]).toEqual([state, ready]);
  });

  test("one that is being removed", () => {
    const going = { ...object("Pod", "x"), metadata: { name: "x", deletionTimestamp: "2026-01-01T00:00:00Z" } };
    expect(sightOf([going]).objects).toEqual([{ kind: "Pod", name: "x", state: "Being removed" }]);
  });

  test("other kinds are nobody's to see, and strange shapes break nothing", () => {
    expect(sightOf([object("Secret", "s"), object("ConfigMap", "c"), object("ServiceAccount", "a")]).objects).toEqual(
      [],
    );
    const strange = {
      spec: { rules: "x", replicas: "9" },
      status: { containerStatuses: "x", conditions: 3, phase: 7 },
    };
    for (const kind of ["Deployment", "Pod", "Job", "Ingress", "PersistentVolumeClaim", "Event", "ResourceQuota"])
      expect(() => sightOf([object(kind, "x", strange)])).not.toThrow();
  });
});

test("the newest events and the first objects, and how many more there are", () => {
  const pods = Array.from({ length: 130 }, (_, at) => object("Pod", `p${at}`));
  const events = Array.from({ length: 70 }, (_, at) =>
    object("Event", `e${at}`, { reason: `r${at}`, eventTime: new Date(at * 1000).toISOString() }),
  );
  const sight = sightOf([...events, ...pods]);
  expect(sight.objects).toHaveLength(100);
  expect(sight.events).toHaveLength(50);
  expect(sight.events[0]).toMatchObject({ reason: "r69", count: 1, warning: false, object: "" });
  expect(sight.left).toEqual({ objects: 30, events: 20 });
});

test("use against quota, the fullest first; what nothing is allowed of has no share", () => {
  const status = {
    hard: { pods: "4", "limits.memory": "1Gi", "services.loadbalancers": "0", odd: "x" },
    used: { pods: "1", "limits.memory": "768Mi", "services.loadbalancers": "0", odd: "1" },
  };
  expect(sightOf([object("ResourceQuota", "hms-quota", { status })]).use).toEqual([
    { resource: "limits.memory", used: "768Mi", hard: "1Gi", share: 0.75 },
    { resource: "pods", used: "1", hard: "4", share: 0.25 },
    { resource: "odd", used: "1", hard: "x" },
    { resource: "services.loadbalancers", used: "0", hard: "0" },
  ]);
});
