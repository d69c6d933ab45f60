import { randomUUID } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { openSqlite } from "../../../src/adapters/sqlite/engine.ts";
import { formatKey } from "../../../src/model/key.ts";
import { KINDS, type KubeObject } from "../../../src/model/kubernetes.ts";
import type { ScanPremises, ScanRun, ScanWanted } from "../../../src/model/scan.ts";
import { storageKey } from "../../../src/model/storage-key.ts";
import { type Cluster, ClusterError } from "../../../src/ports/cluster.ts";
import type { JobGrounds, ScanDeps } from "../../../src/pull-request/scan/deps.ts";
import { reconcileScans } from "../../../src/pull-request/scan/reconcile-scans.ts";
import { sweepScanJobs } from "../../../src/pull-request/scan/sweep-scan-jobs.ts";
import { wantScans } from "../../../src/pull-request/scan/want-scans.ts";
import { temporaryPath } from "../../adapters/sqlite/temporary-path.ts";
import { SettableClock } from "../../contract/settable-clock.ts";
import { inventoryCluster } from "../../preview/plans.ts";

const SHA = "a".repeat(40);
const NAME = "in-cluster";
const key = { kind: "scan", installationId: 1, repositoryId: 42, sha: SHA } as const;
const ref = { id: 42, owner: "acme", name: "shop", defaultBranch: "main" };
const wanted: ScanWanted = {
  as: "head",
  scans: [{ kind: "image", tool: "trivy", timeoutMs: 60_000, target: "ghcr.io/acme/web:1", on: { cluster: NAME } }],
};

/** A cluster on which nothing happens by itself. */
function bareCluster() {
  const objects = new Map<string, KubeObject>();
  const there = { silent: undefined as string | undefined, stuck: false, dies: false };
  const at = (kind: string, name: string, namespace = "") => `${kind}/${namespace}/${name}`;
  const cluster = {
    name: NAME,
    whoAmI: async () => "hms",
    async apply(object: KubeObject) {
      if (there.dies && object.kind === "RoleBinding") throw new Error("killed");
      if (object.kind === there.silent) throw new ClusterError(NAME, "unavailable", 500, "a webhook does not answer");
      const { name, namespace } = object.metadata;
      const made = { ...object, metadata: { ...object.metadata, uid: randomUUID() } };
      objects.set(at(object.kind, name, namespace), made);
      return made;
    },
    async get({ kind, name, namespace }) {
      const isForbidden = namespace !== undefined && !objects.has(at("RoleBinding", "hms-scan-manager", namespace));
      if (isForbidden) throw new ClusterError(NAME, "forbidden", 403, "no rights here");
      return objects.get(at(kind.kind, name, namespace));
    },
    list: async ({ kind, labels = {} }) =>
      [...objects.values()].filter(
        (one) =>
          one.kind === kind.kind &&
          Object.entries(labels).every(([label, value]) => one.metadata.labels?.[label] === value),
      ),
    async delete({ name }) {
      if (there.stuck) return "deleting";
      for (const [known, { metadata }] of objects)
        if (metadata.name === name || metadata.namespace === name) objects.delete(known);
      return "gone";
    },
  } as Partial<Cluster> as Cluster;
  return { cluster, there, namespaces: () => cluster.list({ kind: KINDS.namespace }) };
}

async function scene() {
  const clock = new SettableClock();
  const engine = await openSqlite({ path: temporaryPath(), clock });
  onTestFinished(() => engine.close());
  const { cluster, there, namespaces } = bareCluster();
  const scans = {
    image: `registry.example/scan@sha256:${"5".repeat(64)}`,
    reportCidrs: [],
    registryCidrs: ["192.0.2.0/24"],
    targetCidrs: [],
    cpu: "1",
    memory: "1Gi",
  };
  const jobs: JobGrounds = {
    clusters: { names: [NAME], cluster: (name) => (name === NAME ? cluster : undefined) },
    inventory: { clusters: [inventoryCluster({ name: NAME, scans })], retired: [] },
    appId: 7,
    publicUrl: "https://hms.acme.dev",
  };
  const deps = { github: { workflows: () => ({}) }, engine, clock, jobs } as unknown as ScanDeps;
  const run = { key: formatKey(key), lease: { attempt: 0, causes: [] }, fence: async () => {} };
  const pull = { kind: "pull", installationId: 1, repositoryId: 42, number: 12 } as const;
  const want = (wants: Map<string, ScanWanted>) => wantScans(engine, pull, wants, [], run);
  await want(new Map([[SHA, wanted]]));
  return {
    ...{ clock, engine, there, namespaces, want, deps },
    reconcile: () => reconcileScans(deps, key, ref, run),
    scan: async () => (await engine.records.get<ScanRun>(storageKey.scanRun(1, 42, SHA, "image")))?.value,
    premises: () => engine.records.list<ScanPremises>(storageKey.scanJobs(1, 42, SHA)),
  };
}

test("a cluster that takes all but the Job: each try fails, so that the queue spaces them out, and none leaves anything behind", async () => {
  const { reconcile, scan, there, namespaces, premises } = await scene();
  there.silent = "Job";
  const ids = new Set<string | undefined>();
  for (let round = 0; round < 3; round++) {
    await expect(reconcile()).rejects.toThrow("a webhook does not answer");
    expect(await scan()).toMatchObject({ state: { is: "starting" }, waits: "a webhook does not answer" });
    ids.add((await scan())?.id);
    expect(await namespaces()).toHaveLength(1);
  }
  expect(ids.size).toBe(3);
  there.silent = undefined;
  await reconcile();
  expect((await scan())?.state).toEqual({ is: "queued" });
  await reconcile();
  expect(await namespaces()).toHaveLength(1);
  expect(await premises()).toHaveLength(1);
});

test("killed between the namespace and the rights in it: where nothing may be read, nothing was started", async () => {
  const { reconcile, scan, there, namespaces } = await scene();
  there.dies = true;
  await expect(reconcile()).rejects.toThrow("killed");
  there.dies = false;
  expect([(await scan())?.state.is, (await namespaces()).length]).toEqual(["starting", 1]);
  await reconcile();
  expect((await scan())?.state).toEqual({ is: "queued" });
});

test("what does not go away is looked for less and less often, every ten minutes at last, until it is gone", async () => {
  const { reconcile, clock, want, there, premises, namespaces } = await scene();
  await reconcile();
  there.stuck = true;
  await want(new Map());
  const waits: number[] = [];
  for (let round = 0; round < 14; round++) {
    const outcome = await reconcile();
    if (outcome.kind !== "requeue") throw new Error(outcome.kind);
    waits.push(outcome.afterMs);
    clock.advance(outcome.afterMs);
  }
  expect(waits.slice(0, 5)).toEqual([3_000, 3_000, 6_000, 12_000, 24_000]);
  expect(waits.at(-1)).toBe(600_000);
  there.stuck = false;
  await reconcile();
  expect(await reconcile()).toEqual({ kind: "done" });
  expect([...(await namespaces()), ...(await premises())]).toEqual([]);
});

test.each(["remembered", "forgotten"])(
  "a sweep has what is there and %s looked at by its commit's key",
  async (what) => {
    const { reconcile, engine, deps, premises } = await scene();
    await reconcile();
    const [known] = await premises();
    if (what === "forgotten") await engine.records.delete(known?.key ?? "");
    await engine.queue.drop({ installationId: 1 });
    await sweepScanJobs({ ...deps, log: { warn: () => {} } });
    expect((await premises()).map(({ value }) => value)).toEqual([known?.value]);
    expect((await engine.queue.lease(1_000))?.key).toBe(formatKey(key));
  },
);
