import { expect, test } from "vitest";
import { KINDS, type KubeObject, type ObjectKind } from "../../../src/model/kubernetes.ts";
import { previewLabels } from "../../../src/model/preview.ts";
import type { Cluster, Clusters, Selection } from "../../../src/ports/cluster.ts";
import { watchPreviews } from "../../../src/pull-request/preview/watches.ts";
import { SettableClock } from "../../contract/settable-clock.ts";
import { inventoryCluster, previewPlan } from "../../preview/plans.ts";

const OWNER = { appId: 1, installationId: 2, repositoryId: 3, number: 7 };
const SLUG = previewPlan().slug;
const KEY = "preview/2/3/7";

type Listener = Parameters<Cluster["watch"]>[1];

/** Watches of one cluster whose events the test makes up. */
function watching() {
  const clock = new SettableClock();
  const startMs = clock.now();
  const enqueued: { key: string; inMs: number }[] = [];
  const listeners = new Map<string, Listener>();
  const known = new Map<string, KubeObject[] | undefined>();
  const cluster = {
    name: "in-cluster",
    watch: ({ kind }: Selection, changed: Listener, label: string) => {
      listeners.set(kind.kind, changed);
      const objects = (group?: string) =>
        known.get(kind.kind)?.filter(({ metadata }) => metadata.labels?.[label] === group);
      return { objects, stop: () => undefined };
    },
  } as unknown as Cluster;
  const clusters: Clusters = { names: ["in-cluster"], cluster: () => cluster };
  const inventory = { ...previewPlan().inventory, clusters: [inventoryCluster({ name: "in-cluster" })] };
  const watches = watchPreviews({ clusters, inventory }, OWNER.appId, {
    queue: {
      enqueue: async (key, { notBeforeMs = 0 } = {}) => void enqueued.push({ key, inMs: notBeforeMs - clock.now() }),
    },
    clock,
    failed: (error) => {
      throw error;
    },
  });
  return {
    clock,
    startMs,
    watches,
    known,
    tell: (object: KubeObject, what: "changed" | "gone" = "changed") => listeners.get(object.kind)?.(object, what),
    /** What was brought to the queue since the last time. */
    called: () => enqueued.splice(0),
  };
}

function of(kind: ObjectKind, fields: { metadata?: object; [field: string]: unknown } = {}): KubeObject {
  const { metadata, ...rest } = fields;
  return {
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    metadata: { name: SLUG, uid: `uid of ${kind.kind}`, labels: previewLabels(OWNER, SLUG), ...metadata },
    ...rest,
  } as KubeObject;
}

const synced = { sync: { status: "Synced" }, health: { status: "Healthy" } };

test("what Argo CD does calls the preview at once", () => {
  const { tell, called } = watching();
  tell(of(KINDS.application, { status: synced }));
  expect(called()).toEqual([{ key: KEY, inMs: 0 }]);
});

test.each([
  ["that Argo CD looked", KINDS.application, { status: synced }, { status: { ...synced, reconciledAt: "later" } }],
  [
    "when an operation's outcome was looked at",
    KINDS.application,
    { status: synced },
    { status: { ...synced, observedAt: "later", history: [{ id: 1 }] } },
  ],
  [
    "what is used of a quota",
    KINDS.resourceQuota,
    { status: { hard: {} } },
    { status: { hard: {}, used: { pods: "1" } } },
  ],
  [
    "a version alone",
    KINDS.networkPolicy,
    { metadata: { resourceVersion: "1", generation: 1 } },
    { metadata: { resourceVersion: "2", generation: 2 } },
  ],
])("%s calls nobody", (_, kind, before, after) => {
  const { tell, called, clock } = watching();
  tell(of(kind, before));
  called();
  clock.advance(60_000);
  tell(of(kind, after));
  expect(called()).toEqual([]);
});

test.each([
  ["another revision", KINDS.application, { status: synced }, { status: { ...synced, sync: { status: "OutOfSync" } } }],
  ["another health", KINDS.application, { status: synced }, { status: { ...synced, health: { status: "Degraded" } } }],
  ["a quota that somebody lifted", KINDS.resourceQuota, { spec: { hard: { pods: "1" } } }, { spec: { hard: {} } }],
  [
    "a label that somebody took away",
    KINDS.namespace,
    {},
    { metadata: { labels: { ...previewLabels(OWNER, SLUG), a: "b" } } },
  ],
  ["a deletion that was begun", KINDS.namespace, {}, { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } }],
  ["a finalizer", KINDS.appProject, {}, { metadata: { finalizers: ["someone.dev/holds"] } }],
])("%s calls", (_, kind, before, after) => {
  const { tell, called, clock } = watching();
  tell(of(kind, before));
  called();
  clock.advance(60_000);
  tell(of(kind, after));
  expect(called()).toHaveLength(1);
});

test("several changes in a row call it a moment apart, and echoes of what we write a second later", () => {
  const { tell, called } = watching();
  for (const phase of ["Running", "Succeeded", "Failed"])
    tell(of(KINDS.application, { status: { ...synced, operationState: { phase } } }));
  tell(of(KINDS.resourceQuota));
  expect(called().map(({ inMs }) => inMs)).toEqual([0, 100, 100, 1000]);
});

test("a preview that was called long ago does not wait", () => {
  const { tell, called, clock } = watching();
  tell(of(KINDS.application, { status: synced }));
  clock.advance(100);
  tell(of(KINDS.application, { status: { ...synced, health: { status: "Progressing" } } }));
  expect(called().map(({ inMs }) => inMs)).toEqual([0, 0]);
});

test("what a removal waits for calls at once when it is gone; what goes with its namespace does not", () => {
  for (const kind of [KINDS.namespace, KINDS.applicationSet, KINDS.application, KINDS.appProject]) {
    const { tell, called } = watching();
    tell(of(kind), "gone");
    expect(called()).toEqual([{ key: KEY, inMs: 0 }]);
  }
  const { tell, called } = watching();
  tell(of(KINDS.networkPolicy), "gone");
  expect(called()).toEqual([{ key: KEY, inMs: 1000 }]);
});

test("what comes back after it was gone calls, however alike it is", () => {
  const { tell, called } = watching();
  tell(of(KINDS.resourceQuota));
  tell(of(KINDS.resourceQuota), "gone");
  called();
  tell(of(KINDS.resourceQuota));
  expect(called()).toHaveLength(1);
});

test("what carries another App's labels, or none, calls nobody", () => {
  const { tell, called } = watching();
  tell(of(KINDS.namespace, { metadata: { labels: previewLabels({ ...OWNER, appId: 9 }, SLUG) } }));
  tell(of(KINDS.namespace, { metadata: { labels: {} } }));
  expect(called()).toEqual([]);
});

test("what is seen of a preview is its own, and nothing where the watch has nothing to say", () => {
  const { watches, known } = watching();
  expect(watches.seen("in-cluster", KINDS.namespace, SLUG)).toBeUndefined();
  const own = of(KINDS.namespace);
  known.set("Namespace", [own, of(KINDS.namespace, { metadata: { labels: previewLabels(OWNER, "pr-other-8") } })]);
  expect(watches.seen("in-cluster", KINDS.namespace, SLUG)).toEqual([own]);
  expect(watches.seen("elsewhere", KINDS.namespace, SLUG)).toBeUndefined();
});
