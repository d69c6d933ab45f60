import { onTestFinished } from "vitest";
import { openSqlite } from "../../../src/adapters/sqlite/engine.ts";
import type { Inventory } from "../../../src/config/clusters.ts";
import type { PreviewConfig } from "../../../src/config/preview.ts";
import type { KubeObject } from "../../../src/model/kubernetes.ts";
import type { PreviewPlace, PreviewRecord } from "../../../src/model/preview.ts";
import type { PullRequest } from "../../../src/model/pull-request.ts";
import { storageKey } from "../../../src/model/storage-key.ts";
import { type Cluster, ClusterError, type Clusters, type Selection } from "../../../src/ports/cluster.ts";
import type { DeploymentStatus } from "../../../src/ports/deployments.ts";
import type { Engine } from "../../../src/ports/engine.ts";
import type { RepositoryApi } from "../../../src/ports/github.ts";
import type { Delivery } from "../../../src/ports/queue.ts";
import type { PreviewDeps } from "../../../src/pull-request/preview/deps.ts";
import { FactMemory } from "../../../src/pull-request/preview/github-facts.ts";
import { Workloads } from "../../../src/pull-request/preview/observe-workload.ts";
import { reconcilePreview } from "../../../src/pull-request/preview/reconcile-preview.ts";
import { sweepPreviews } from "../../../src/pull-request/preview/sweep-previews.ts";
import { takeDownUninstalled } from "../../../src/pull-request/preview/take-down-uninstalled.ts";
import { temporaryPath } from "../../adapters/sqlite/temporary-path.ts";
import { SettableClock } from "../../contract/settable-clock.ts";
import { inventoryCluster, previewConfig, previewPlan, SHA } from "../../preview/plans.ts";
import { ToyClusters } from "../../preview/toy-clusters.ts";

const KEY = { kind: "preview", installationId: 2, repositoryId: 3, number: 7 } as const;
const REF = { id: 3, owner: "acme", name: "shop", defaultBranch: "main" };
const NAME = "preview/2/3/7";

export type Scene = Awaited<ReturnType<typeof setScene>>;

/** Whole runs of the preview of acme/shop#7, with a real store, before toy clusters. */
export async function setScene(clusters: readonly string[] = ["in-cluster"]) {
  const toy = new ToyClusters();
  const clock = new SettableClock();
  const engine: Engine = await openSqlite({ path: temporaryPath(), clock, random: () => 0.5 });
  onTestFinished(() => engine.close());
  const facts = new FactMemory();
  const declared = clusters.map((name) => inventoryCluster({ name }));
  let writesLeft = Number.POSITIVE_INFINITY;
  const world = {
    inventory: { ...previewPlan().inventory, clusters: declared } as Inventory,
    config: previewConfig({ url: undefined, ttlMs: 72 * 3_600_000 }) as PreviewConfig,
    pull: {
      number: 7,
      state: "open",
      draft: false,
      fork: false,
      headSha: SHA,
      baseRef: "main",
      labels: [],
    } as unknown as PullRequest,
    /** Clusters that do not answer. */
    away: new Set<string>(),
    /** What watches show, where that is not what the API servers would say. */
    watched: undefined as ToyClusters | undefined,
    /** Happens while a run reads from GitHub. */
    meanwhile: async (): Promise<void> => undefined,
    /** Whether registries have the images. */
    images: true,
    /** The process ends after so many more writes to clusters. */
    diesAfter: (count: number) => {
      writesLeft = count;
    },
    /** Keys that were brought to the queue. */
    enqueued: [] as { key: string; causes: readonly Delivery[] | undefined; inMs: number }[],
    /** What GitHub was told: `comment`, and states of deployments. */
    told: [] as string[],
    /** GitHub takes nothing. */
    mute: false,
    /** What GitHub was asked. */
    asked: [] as string[],
    /** Kinds that clusters were asked for. */
    listed: [] as string[],
  };
  const select = (from: ToyClusters, name: string, { kind, namespace, labels = {} }: Selection): KubeObject[] =>
    [...from.objects]
      .filter(([key]) => key.startsWith(`${name}/`))
      .map(([, one]) => one)
      .filter((one) => one.kind === kind.kind && (namespace === undefined || one.metadata.namespace === namespace))
      .filter((one) => Object.entries(labels).every(([label, value]) => one.metadata.labels?.[label] === value))
      .map((one) => structuredClone(one));
  const clusterOf = (name: string): Cluster => {
    const answers = () => {
      if (world.away.has(name)) throw new ClusterError(name, "unavailable", 0, "no answer");
    };
    const write = async (step: Parameters<ToyClusters["carryOut"]>[0][number]) => {
      answers();
      if (writesLeft-- === 0) throw new Error("killed");
      toy.carryOut([step], clock.now());
    };
    return {
      name,
      apply: async (object) => {
        await write({ do: "apply", cluster: name, object });
        return object;
      },
      get: async (ref) => {
        answers();
        return structuredClone(toy.get(name, ref.kind.kind, ref.name, ref.namespace));
      },
      list: async (selection) => {
        answers();
        world.listed.push(selection.kind.kind);
        return select(toy, name, selection);
      },
      patch: async (ref, type, patch) => {
        await write({ do: "patch", cluster: name, ref, type, patch });
        return undefined;
      },
      delete: async (ref, { uid, propagation = "background" }) => {
        await write({ do: "delete", cluster: name, ref, uid, propagation });
        return "deleting";
      },
      watch: () => ({ objects: () => undefined, stop: () => undefined }),
      version: async () => ({ gitVersion: "v1" }),
      may: async () => true,
      whoAmI: async () => "system:serviceaccount:hms-system:hms-sys",
    };
  };
  const made = new Map<string, Cluster>();
  const ports: Clusters = {
    get names() {
      return world.inventory.clusters.map((one) => one.name);
    },
    cluster(name) {
      if (!world.inventory.clusters.some((one) => one.name === name)) return undefined;
      if (!made.has(name)) made.set(name, clusterOf(name));
      return made.get(name);
    },
  };
  const api = {
    ref: REF,
    async pull() {
      world.asked.push("pull");
      await world.meanwhile();
      return world.pull;
    },
    async pullFiles() {
      world.asked.push("files");
      return { files: [], complete: true };
    },
    async tree() {
      const tree = new Map([["deploy/web/web.yaml", { sha: "b".repeat(40), mode: "100644", sizeBytes: 9 }]]);
      return Object.assign(tree, { whole: true });
    },
    blob: async () => Buffer.from("kind: Pod"),
    async commit(revision: string) {
      world.asked.push(`commit ${revision}`);
      return { summary: { sha: "d".repeat(40) } };
    },
    async comment() {
      world.told.push("comment");
      return { id: 1 };
    },
    ownComments: async () => [],
  } as unknown as RepositoryApi;
  const workloads = new Workloads(ports);
  const deps = (): PreviewDeps => ({
    github: {
      repository: () => api,
      repositories: async () => [REF, { ...REF, id: 4, name: "deploy" }],
      previewDeployments: () => ({
        own: async () => {
          if (world.mute) throw new Error("GitHub is away");
          return [];
        },
        create: async () => ({ id: 1 }),
        addStatus: async (_: number, status: DeploymentStatus) => void world.told.push(status.state),
        updateComment: async () => {
          world.told.push("comment");
          return true;
        },
      }),
    } as unknown as PreviewDeps["github"],
    engine: {
      ...engine,
      queue: Object.assign(Object.create(engine.queue), {
        enqueue: async (key: string, options: { notBeforeMs?: number; causes?: readonly Delivery[] } = {}) => {
          const nowMs = clock.now();
          world.enqueued.push({
            key,
            causes: options.causes,
            inMs: Math.max(0, (options.notBeforeMs ?? nowMs) - nowMs),
          });
        },
      }) as Engine["queue"],
    },
    configuration: {
      async read() {
        world.asked.push("configuration");
        return { valid: true, config: { preview: world.config } };
      },
    } as unknown as PreviewDeps["configuration"],
    clock,
    facts,
    appId: 1,
    githubWebUrl: "https://github.com",
    publicUrl: "https://hms.acme.dev",
    grounds: {
      inventory: world.inventory,
      clusters: ports,
      workloads,
      watches: {
        seen: (cluster, kind, slug) =>
          world.watched && select(world.watched, cluster, { kind, labels: { "hms-sys.dev/preview": slug } }),
        stop: () => undefined,
      },
      secrets: { resolve: async () => "" },
      registry: { has: async () => ({ there: world.images }) },
      probe: { ask: async () => ({ ok: true }) },
    },
  });
  const settle = () => {
    for (const { name } of world.inventory.clusters) {
      const plan = previewPlan({ clusters: world.inventory.clusters });
      const argocd = { cluster: name, namespace: "argocd" };
      toy.settle(
        { ...plan, places: plan.places.map((one) => ({ ...one, place: { ...one.place, argocd } })) },
        clock.now(),
      );
    }
  };
  const run = async (causes: readonly Delivery[] = [], attempt = 0) => {
    const outcome = await reconcilePreview(deps(), KEY, REF, {
      key: NAME,
      lease: { attempt, causes },
      fence: async () => undefined,
    });
    settle();
    clock.advance(1000);
    return outcome;
  };
  return {
    toy,
    clock,
    engine,
    world,
    slug: previewPlan().slug,
    /** One run, after which the controllers of the clusters work and a second passes. */
    run,
    settle,
    /** Runs until the preview is in that state. */
    async runUntil(state: PreviewRecord["state"]) {
      for (let round = 0; round < 60; round++) {
        await run();
        if ((await this.record())?.state === state) return;
      }
      throw new Error(`it is ${JSON.stringify(await this.record())}`);
    },
    sweep: () => sweepPreviews({ ...deps(), log: { warn: () => undefined } }),
    /** A run of the installation's key. */
    async runInstallation() {
      const key = { kind: "installation", installationId: KEY.installationId } as const;
      const lease = { attempt: 0, causes: [] };
      const outcome = await takeDownUninstalled(deps(), key, { key: "", lease, fence: async () => undefined });
      settle();
      clock.advance(1000);
      return outcome;
    },
    async record(): Promise<PreviewRecord | undefined> {
      return (await engine.records.get<PreviewRecord>(storageKey.preview(2, 3, 7)))?.value;
    },
    place: (cluster: string): PreviewPlace => ({
      cluster,
      namespace: previewPlan().slug,
      argocd: world.inventory.argocd,
    }),
  };
}
