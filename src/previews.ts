import type { Logger } from "pino";
import { connectClusters } from "./adapters/kubernetes/clusters.ts";
import { githubWebUrl } from "./config/github-web-url.ts";
import type { Settings } from "./config/settings.ts";
import type { PreviewDeps, PreviewGrounds } from "./pull-request/preview/deps.ts";
import { watchPreviews } from "./pull-request/preview/watches.ts";

export interface Previews {
  deps: PreviewDeps;
  /** Follows the clusters from now on. */
  stop(): void;
}

/** Previews, where the operator declared clusters; without any they are off, and say so. */
export async function openPreviews(
  settings: Settings,
  base: Pick<PreviewDeps, "github" | "engine" | "configuration" | "clock" | "became" | "tookMs">,
  log: Logger,
): Promise<Previews> {
  const appId = settings.app.id;
  const grounds = await openGrounds(settings, { ...base, appId }, log);
  return {
    deps: { ...base, appId, githubWebUrl: githubWebUrl(settings.githubApiUrl), publicUrl: settings.publicUrl, grounds },
    stop: () => grounds?.watches.stop(),
  };
}
