import { randomBytes } from "node:crypto";
import { newAccount } from "../administration/accounts.ts";
import { newApp } from "../administration/apps.ts";
import type { Permissions } from "../permissions.ts";
import type { Site } from "../site.ts";
import type { App, Installation } from "../state.ts";
import type { Job } from "./state.ts";

const SLUG = "github-actions";
/** As long as a job may run. */
const TOKEN_LIFE_MS = 6 * 3_600_000;

/** GitHub Actions itself, which owns the check suites of its runs and in whose name jobs' tokens act. It hears of nothing. */
export function actionsApp(site: Site): App {
  const known = [...site.state.apps.values()].find(({ slug }) => slug === SLUG);
  if (known) return known;
  const owner = site.state.account("github") ?? newAccount(site, "github", "Organization");
  const { app } = newApp(site, {
    slug: SLUG,
    name: "GitHub Actions",
    owner,
    webhookSecret: randomBytes(8).toString("hex"),
    permissions: {},
    events: [],
  });
  app.hookActive = false;
  return app;
}

/** It is at home in every account. */
function installationAt(site: Site, job: Job): Installation {
  const app = actionsApp(site);
  const { owner } = job.run.repository;
  const known = [...site.state.installations.values()].find((one) => one.app === app && one.account === owner);
  if (known) return known;
  const now = site.now();
  const installation: Installation = {
    id: site.state.nextId(),
    app,
    account: owner,
    selection: "all",
    repositoryIds: new Set(),
    permissions: {},
    events: [],
    suspendedAt: undefined,
    suspendedBy: undefined,
    createdAt: now,
    updatedAt: now,
  };
  site.state.installations.set(installation.id, installation);
  return installation;
}

/** https://docs.github.com/actions/concepts/security/github_token: for one job, one repository, and no longer than the job. */
export function giveTokens(site: Site, job: Job): { token: string; idTokenRequest: string | undefined } {
  job.token = `ghs_${randomBytes(27).toString("base64url").replace(/[-_]/g, "x")}`;
  site.state.installationTokens.set(job.token, {
    token: job.token,
    installation: installationAt(site, job),
    expiresAt: new Date(site.now().getTime() + TOKEN_LIFE_MS),
    permissions: job.permissions.token as Permissions,
    repositoryIds: new Set([job.run.repository.id]),
  });
  job.idTokenRequest = job.permissions.idToken ? randomBytes(32).toString("base64url") : undefined;
  return { token: job.token, idTokenRequest: job.idTokenRequest };
}

export function voidTokens(site: Site, job: Job): void {
  if (job.token !== undefined) site.state.installationTokens.delete(job.token);
  job.idTokenRequest = undefined;
}
