import type { Logger } from "pino";
import { createEgress, type EgressOptions } from "./adapters/egress/egress.ts";
import { connectClusters } from "./adapters/kubernetes/clusters.ts";
import { createProbe } from "./adapters/probe/probe.ts";
import { createRegistry } from "./adapters/registry/registry.ts";
import { openSecrets } from "./adapters/secrets/secrets.ts";
import { githubWebUrl } from "./config/github-web-url.ts";
import type { Settings } from "./config/settings.ts";
import type { PreviewPlace } from "./model/preview.ts";
import { isAllowedHost, type PlaceSight } from "./preview/preview.ts";
import type { PreviewDeps, PreviewGrounds } from "./pull-request/preview/deps.ts";
import { FactMemory } from "./pull-request/preview/github-facts.ts";
import { PreviewLooks } from "./pull-request/preview/look-at-preview.ts";
import { Workloads } from "./pull-request/preview/observe-workload.ts";
import { watchPreviews } from "./pull-request/preview/watches.ts";
import type { PreviewMetrics } from "./telemetry/preview-metrics.ts";

export interface Previews {
  deps: PreviewDeps;
  /** Reads what is in a preview's namespace, for people to see; undefined where previews are off. */
  look: ((place: PreviewPlace) => Promise<PlaceSight>) | undefined;
  /** Ends the watches. */
  stop(): void;
}

/** Longest that a preview may take to answer. */
const PROBE_MS = 5000;

type Base = Pick<PreviewDeps, "github" | "engine" | "configuration" | "clock">;

/** Previews, where the operator declared clusters; without any they are off, and say so. */
export async function openPreviews(
  settings: Settings,
  base: Base,
  metrics: PreviewMetrics,
  log: Logger,
): Promise<Previews> {
  const grounds = await openGrounds(settings, base, metrics, log);
  const looks = grounds && new PreviewLooks(grounds.clusters, { now: () => base.clock.now() });
  return {
    look: looks && ((place) => looks.look(place)),
    deps: {
      ...base,
      facts: new FactMemory(),
      appId: settings.app.id,
      githubWebUrl: githubWebUrl(settings.githubApiUrl),
      publicUrl: settings.publicUrl,
      grounds,
      became: metrics.became,
      tookMs: metrics.tookMs,
      untold: (what, why) => log.warn({ what, why }, "GitHub does not take what is to be told of a preview"),
    },
    stop: () => grounds?.watches.stop(),
  };
}

async function openGrounds(
  { clusters: declared, app, ...settings }: Settings,
  { engine, clock }: Base,
  metrics: PreviewMetrics,
  log: Logger,
): Promise<PreviewGrounds | undefined> {
  if (!declared) {
    log.info("previews are disabled: neither KUBECONFIG nor HMS_CLUSTERS is set");
    return undefined;
  }
  const { inventory, kubeconfigPath } = declared;
  const clusters = await connectClusters(inventory.clusters, {
    kubeconfigPath,
    clock,
    log,
    counted: metrics.request,
    broken: metrics.broken,
  });
  const failed = (error: unknown): void => log.warn({ err: error }, "a preview that changed could not be queued");
  return {
    inventory,
    clusters,
    watches: watchPreviews({ clusters, inventory }, app.id, { queue: engine.queue, clock, failed }),
    workloads: new Workloads(clusters),
    secrets: openSecrets({ environment: process.env, directory: settings.secretsDirectory }),
    registry: createRegistry(createEgress({ allow: settings.egressAllow })),
    probe: createProbe(createEgress(previewEgress({ ...settings, clusters: declared }))),
  };
}

/** What may be asked whether a preview is ready. */
export function previewEgress({ egressAllow, clusters }: Pick<Settings, "egressAllow" | "clusters">): EgressOptions {
  const hosts = clusters?.inventory.hosts ?? [];
  return {
    allow: egressAllow,
    // Ingresses mostly lie in a private network. Which hosts are the operator's only a list of them can tell.
    inside: (host) => hosts.length > 0 && isAllowedHost(host, hosts),
    timeoutMs: PROBE_MS,
  };
}
