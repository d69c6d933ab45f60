import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { connectClusters } from "../../src/adapters/kubernetes/clusters.ts";
import { openSqlite } from "../../src/adapters/sqlite/engine.ts";
import { formatKey, parseKey } from "../../src/model/key.ts";
import type { PreviewRecord } from "../../src/model/preview.ts";
import type { PullRequest } from "../../src/model/pull-request.ts";
import { storageKey } from "../../src/model/storage-key.ts";
import { systemClock as clock } from "../../src/ports/clock.ts";
import type { RepositoryApi } from "../../src/ports/github.ts";
import type { PreviewDeps } from "../../src/pull-request/preview/deps.ts";
import { FactMemory } from "../../src/pull-request/preview/github-facts.ts";
import { Workloads } from "../../src/pull-request/preview/observe-workload.ts";
import { reconcilePreview } from "../../src/pull-request/preview/reconcile-preview.ts";
import { sweepPreviews } from "../../src/pull-request/preview/sweep-previews.ts";
import { watchPreviews } from "../../src/pull-request/preview/watches.ts";
import { createWorker } from "../../src/worker/worker.ts";
import { inventoryCluster, previewConfig, previewPlan } from "../preview/plans.ts";
import type { Command, Ground, Report } from "./previews.ts";

/**
 * Previews with their real coordinator, adapter, store, queue and worker, before a GitHub that answers at once, in this process: what is measured is
 * what previews cost.
 */

const REF = { id: 3, owner: "acme", name: "shop", defaultBranch: "main" };
const IDS = { installationId: 2, repositoryId: REF.id };
const CONCURRENCY = 16;
const LEASE_MS = 60_000;

const directory = mkdtempSync(join(tmpdir(), "hms-bench-previews-"));
process.once("exit", () => rmSync(directory, { recursive: true, force: true }));

async function open({ kubeconfig, repositories }: Ground) {
  const engine = await openSqlite({ path: join(directory, "hms.db"), clock });
  const counts = { requests: 0, writes: 0, told: 0, runs: 0 };
  const log = pino({ enabled: false });
  const declared = [inventoryCluster()];
  const clusters = await connectClusters(declared, {
    kubeconfigPath: kubeconfig,
    clock,
    log,
    counted({ method, about }) {
      if (method === "WATCH" || about.includes("review")) return;
      counts.requests++;
      if (method !== "GET") counts.writes++;
    },
  });
  const inventory = { ...previewPlan().inventory, clusters: declared };
  const pulls = new Map<number, PullRequest>();
  /** The answer for whoever waits for a preview, by its number. */
  const awaited = new Map<number, { is(record: PreviewRecord): boolean; resolve(): void }>();
  const looked = new Set<string>();
  const told = async () => {
    counts.told++;
    return { id: 1 };
  };
  const api = {
    ref: REF,
    pull: async (number: number) => pulls.get(number),
    pullFiles: async () => ({ files: [], complete: true }),
    tree: async () =>
      Object.assign(new Map([["deploy/web/web.yaml", { sha: "b".repeat(40), mode: "100644", sizeBytes: 9 }]]), {
        whole: true,
      }),
    blob: async () => Buffer.from("kind: Pod"),
    comment: told,
    ownComments: async () => [],
  } as unknown as RepositoryApi;
  const config = previewConfig({ url: undefined, ttlMs: 72 * 3_600_000, maxActive: 5_000 });
  const deps: PreviewDeps = {
    github: {
      repository: () => api,
      repositories: async () => [REF],
      previewDeployments: () => ({ own: async () => [], create: told, addStatus: told, updateComment: told }),
    } as unknown as PreviewDeps["github"],
    engine,
    configuration: {
      read: async () => ({ valid: true, config: { preview: config } }),
    } as unknown as PreviewDeps["configuration"],
    clock,
    facts: new FactMemory(),
    appId: 1,
    githubWebUrl: repositories,
    publicUrl: "https://hms.acme.dev",
    grounds: {
      inventory,
      clusters,
      watches: watchPreviews({ clusters, inventory }, 1, {
        queue: engine.queue,
        clock,
        failed: (error) => {
          throw error;
        },
      }),
      workloads: new Workloads(clusters),
      secrets: { resolve: async () => "" },
      registry: { has: async () => ({ there: true }) },
      probe: { ask: async () => ({ ok: true }) },
    },
  };
  const worker = createWorker({
    queue: engine.queue,
    clock,
    log,
    concurrency: CONCURRENCY,
    leaseMs: LEASE_MS,
    async reconcile(run) {
      const key = parseKey(run.key);
      // Judging pull requests is another bench's.
      if (key.kind !== "preview") return { kind: "done" };
      counts.runs++;
      const outcome = await reconcilePreview(deps, key, REF, run);
      looked.add(run.key);
      const waiting = awaited.get(key.number);
      const record = waiting && (await engine.records.get<PreviewRecord>(run.key))?.value;
      if (record && waiting?.is(record)) {
        awaited.delete(key.number);
        waiting.resolve();
      }
      return outcome;
    },
    ended: () => undefined,
  });
  worker.start();

  /** As after a webhook: the pull request is known to be so, and its preview is called. */
  async function move(number: number, change: Partial<PullRequest>, is: (record: PreviewRecord) => boolean) {
    const pull = {
      number,
      state: "open",
      draft: false,
      fork: false,
      baseRef: "main",
      labels: [],
      ...pulls.get(number),
    };
    pulls.set(number, { ...pull, ...change } as PullRequest);
    const { headSha, state, draft, baseRef } = pulls.get(number) as PullRequest;
    const tracked = { headSha, state, draft, baseRef, merged: false, readAtMs: clock.now() };
    const done = new Promise<void>((resolve) => awaited.set(number, { is, resolve }));
    await engine.records.put(storageKey.pull(IDS.installationId, IDS.repositoryId, number), tracked);
    const receivedAtMs = clock.now();
    const causes = [{ id: `${number} ${headSha} ${state}`, event: "pull_request", receivedAtMs }];
    await engine.queue.enqueue(formatKey({ kind: "preview", ...IDS, number }), { causes });
    await done;
  }

  const numbers = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);
  async function carryOut(command: Command): Promise<void> {
    switch (command.do) {
      case "move": {
        const { sha } = command;
        const healthy = (record: PreviewRecord) => record.state === "healthy" && record.sha === sha;
        await Promise.all(
          numbers(command.from, command.count).map((number) => move(number, { headSha: sha }, healthy)),
        );
        break;
      }
      case "close":
        await Promise.all(
          numbers(command.from, command.count).map((number) =>
            move(number, { state: "closed" }, ({ state }) => state === "gone"),
          ),
        );
        break;
      case "resync":
        looked.clear();
        await sweepPreviews({ engine, clock, appId: 1, grounds: deps.grounds, log });
        while (looked.size < command.count) await new Promise((resolve) => setTimeout(resolve, 5));
        break;
      case "rest":
        // What was just made echoes for a moment.
        for (let last = -1; last !== counts.runs; ) {
          last = counts.runs;
          await new Promise((resolve) => setTimeout(resolve, 1_500));
        }
    }
  }
  return async (command: Command): Promise<Report> => {
    Object.assign(counts, { requests: 0, writes: 0, told: 0, runs: 0 });
    const cpu = process.cpuUsage();
    const startedAtMs = performance.now();
    await carryOut(command);
    const ms = performance.now() - startedAtMs;
    const { user, system } = process.cpuUsage(cpu);
    return { ...counts, ms, cpuMs: (user + system) / 1000 };
  };
}

let carryOut: ((command: Command) => Promise<Report>) | undefined;

process.on("message", async (message: Ground | Command) => {
  if ("do" in message) process.send?.(await carryOut?.(message));
  else {
    carryOut = await open(message);
    process.send?.({ requests: 0, writes: 0, told: 0, runs: 0, ms: 0, cpuMs: 0 } satisfies Report);
  }
});
