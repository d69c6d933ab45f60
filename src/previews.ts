import type { Logger } from "pino";
import { connectClusters } from "./adapters/kubernetes/clusters.ts";
import { openSecrets } from "./adapters/secrets/secrets.ts";
import { githubWebUrl } from "./config/github-web-url.ts";
import type { Settings } from "./config/settings.ts";
import type { PreviewDeps, PreviewGrounds } from "./pull-request/preview/deps.ts";
import { FactMemory } from "./pull-request/preview/github-facts.ts";
import { watchPreviews } from "./pull-request/preview/watches.ts";

export interface Previews {
  deps: PreviewDeps;
  /** Ends the watches. */
  stop(): void;
}

type Base = Pick<PreviewDeps, "github" | "engine" | "configuration" | "clock" | "became" | "tookMs">;

/** Previews, where the operator declared clusters; without any they are off, and say so. */
export async function openPreviews(settings: Settings, base: Base, log: Logger): Promise<Previews> {
  const grounds = await openGrounds(settings, base, log);
  return {
    deps: {
      ...base,
      facts: new FactMemory(),
      appId: settings.app.id,
      githubWebUrl: githubWebUrl(settings.githubApiUrl),
      publicUrl: settings.publicUrl,
      grounds,
      untold: (what, why) => log.warn({ what, why }, "GitHub does not take what is to be told of a preview"),
    },
    stop: () => grounds?.watches.stop(),
  };
}

async function openGrounds(
  { clusters: declared, app, ...settings }: Settings,
  { engine, clock }: Base,
  log: Logger,
): Promise<PreviewGrounds | undefined> {
  if (!declared) return undefined;
  const { inventory, kubeconfigPath } = declared;
  const clusters = await connectClusters(inventory.clusters, { kubeconfigPath, clock, log });
  const failed = (error: unknown): void => log.warn({ err: error }, "a preview that changed could not be queued");
  return {
    inventory,
    clusters,
    watches: watchPreviews({ clusters, inventory }, app.id, { queue: engine.queue, failed }),
    secrets: openSecrets({ environment: process.env, directory: settings.secretsDirectory }),
    registry: { has: async () => ({ there: true }) },
    probe: { ask: async () => ({ ok: true }) },
  };
}
