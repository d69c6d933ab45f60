import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { issuerUrl, OidcIssuer } from "./actions/oidc.ts";
import { accountAdministration } from "./administration/accounts.ts";
import { actionsAdministration } from "./administration/actions.ts";
import { actionsSettings } from "./administration/actions-settings.ts";
import { appAdministration } from "./administration/apps.ts";
import { lifeCycleAdministration } from "./administration/life-cycle.ts";
import { pullAdministration } from "./administration/pulls.ts";
import { repositoryAdministration } from "./administration/repositories.ts";
import { userAccessAdministration } from "./administration/user-access.ts";
import { type Fault, Faults } from "./faults.ts";
import { GitProcesses } from "./git/process.ts";
import { RequestLog } from "./http/request-log.ts";
import { createApiServer } from "./http/server.ts";
import { RateLimits } from "./rate-limit.ts";
import { createRouter } from "./routes/routes.ts";
import type { Site } from "./site.ts";
import { State } from "./state.ts";
import { Webhooks } from "./webhooks/webhooks.ts";

export type { Organization, User } from "./administration/accounts.ts";
export type { ReadyJob, StartedJob } from "./administration/actions.ts";
export type { AppRegistration, RegisteredApp } from "./administration/apps.ts";
export type { AppRef, RepositoryRef } from "./administration/lookup.ts";
export type { CommitOptions, ProtectOptions, RepositoryHandle } from "./administration/repositories.ts";
export type { Fault } from "./faults.ts";
export type { LoggedRequest } from "./http/request-log.ts";
export type { Delivery } from "./webhooks/delivery.ts";

export type GitHubOptions = {
  /** A free one unless given. */
  port?: number;
  now?: () => Date;
  /** Where the git repositories are kept; a temporary directory, removed on `close`, unless given. */
  dataDir?: string;
  /** All ids are larger than this; 1000 unless given. */
  idsFrom?: number;
};

export type GitHub = Awaited<ReturnType<typeof startGitHub>>;

/**
 * A GitHub of one's own on loopback: REST API (also below `/api/v3`, as on Enterprise Server), git over HTTP, webhooks.
 * Everything but git objects is kept in memory. `docs` of what it imitates stand at each route.
 */
export async function startGitHub(options: GitHubOptions = {}) {
  const { now = () => new Date() } = options;
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), "github-double-"));
  mkdirSync(join(dataDir, "networks"), { recursive: true });
  mkdirSync(join(dataDir, "repositories"), { recursive: true });
  const state = new State(options.idsFrom);
  const site: Site = {
    state,
    git: new GitProcesses(),
    dataDir,
    networks: new Set(),
    now,
    url: "",
    webhooks: new Webhooks(state, now, () => site.url),
    faults: new Faults(),
    rateLimits: new RateLimits(now),
    requests: new RequestLog(),
    oidc: new OidcIssuer(),
    background: new Set(),
  };
  const server = createApiServer(site, createRouter());
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  site.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    /** Base of the API, without a slash at the end. */
    url: site.url,
    /** Every API call, the last 100,000. */
    requests: site.requests,
    ...accountAdministration(site),
    ...repositoryAdministration(site),
    ...pullAdministration(site),
    ...appAdministration(site),
    ...lifeCycleAdministration(site),
    ...userAccessAdministration(site),
    ...actionsAdministration(site),
    ...actionsSettings(site),
    /** Of the tokens that workflows identify themselves with; for `HMS_OIDC_ISSUER`. */
    oidcIssuer: issuerUrl(site),
    /** Arms a fault; the function returned disarms it. */
    fault: (fault: Fault): (() => void) => site.faults.add(fault),
    clearFaults: (): void => site.faults.clear(),
    setRateLimit: (installationId: number, change: { remaining?: number; reset?: Date; limit?: number }): void =>
      site.rateLimits.set(installationId, change),
    /** From now on, for `retryAfterS` seconds, every call of the installation is refused. */
    secondaryLimit: (installationId: number, limit: { retryAfterS: number; status?: 403 | 429 }): void =>
      site.rateLimits.setSecondary(installationId, limit),
    /** Counts every installation's points and creations from now on, and refuses what is over the published limits. */
    enforceSecondaryLimits: (): void => site.rateLimits.enforceSecondary(),
    /** Ends the server, deliveries under way and every child process. */
    async close(): Promise<void> {
      site.webhooks.stop();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      await Promise.all(site.background);
      await Promise.all([...site.networks].map(({ store }) => store.close()));
      await site.git.close();
      if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
