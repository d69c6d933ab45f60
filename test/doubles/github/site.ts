import { join } from "node:path";
import type { OidcIssuer } from "./actions/oidc.ts";
import type { Faults } from "./faults.ts";
import type { GitProcesses } from "./git/process.ts";
import { type Network, openNetwork } from "./git/repository.ts";
import type { RequestLog } from "./http/request-log.ts";
import type { RateLimits } from "./rate-limit.ts";
import type { State } from "./state.ts";
import type { Webhooks } from "./webhooks/webhooks.ts";

/** One running GitHub: state, git storage, clock and what goes out. Routes and administration both act through it. */
export type Site = {
  state: State;
  git: GitProcesses;
  dataDir: string;
  networks: Set<Network>;
  now: () => Date;
  /** `http://127.0.0.1:PORT`, the base of the API and of the pages. */
  url: string;
  webhooks: Webhooks;
  faults: Faults;
  rateLimits: RateLimits;
  requests: RequestLog;
  oidc: OidcIssuer;
  /** Work that a request left behind (mergeability, webhooks of a push); awaited on close. */
  background: Set<Promise<unknown>>;
};

export function later(site: Site, work: () => Promise<unknown>): void {
  const promise: Promise<unknown> = work()
    .catch((error: unknown) => console.error("github double:", error))
    .finally(() => site.background.delete(promise));
  site.background.add(promise);
}

export function newNetwork(site: Site): Network {
  const network = openNetwork(join(site.dataDir, "networks", `${site.networks.size + 1}.git`), site.git);
  site.networks.add(network);
  return network;
}
