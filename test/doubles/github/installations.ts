import { accountShape } from "./shapes/account.ts";
import { appShape, installationShape } from "./shapes/app.ts";
import { nodeId } from "./shapes/schema.ts";
import type { Site } from "./site.ts";
import { type Account, type App, covers, fullName, type Installation, type Repository } from "./state.ts";

function shortRepository(repository: Repository) {
  const { id, name } = repository;
  return { id, node_id: nodeId("Repository", id), name, full_name: fullName(repository), private: repository.private };
}

/** https://docs.github.com/webhooks/webhook-events-and-payloads#installation: every App hears of its own. */
export function emitInstallation(site: Site, installation: Installation, action: string, sender: Account): void {
  const repositories = [...site.state.repositories.values()].filter((repository) => covers(installation, repository));
  site.webhooks.enqueue({
    app: installation.app,
    event: "installation",
    installation,
    payload: {
      action,
      installation: installationShape(site.url, installation),
      repositories: repositories.map(shortRepository),
      requester: null,
      sender: accountShape(site.url, sender),
    },
  });
}

/** https://docs.github.com/webhooks/webhook-events-and-payloads#installation_repositories */
export function emitInstallationRepositories(
  site: Site,
  installation: Installation,
  change: { added?: Repository[]; removed?: Repository[] },
  sender: Account,
): void {
  const { added = [], removed = [] } = change;
  site.webhooks.enqueue({
    app: installation.app,
    event: "installation_repositories",
    installation,
    payload: {
      action: added.length > 0 ? "added" : "removed",
      installation: installationShape(site.url, installation),
      repository_selection: installation.selection,
      repositories_added: added.map(shortRepository),
      repositories_removed: removed.map(shortRepository),
      requester: null,
      sender: accountShape(site.url, sender),
    },
  });
}

/** https://docs.github.com/webhooks/webhook-events-and-payloads#installation_target, for Apps that subscribed to it. */
export function emitInstallationTarget(site: Site, installation: Installation, from: string): void {
  if (!installation.events.includes("installation_target")) return;
  const { account, app } = installation;
  site.webhooks.enqueue({
    app,
    event: "installation_target",
    installation,
    payload: {
      action: "renamed",
      account: {
        ...accountShape(site.url, account),
        ...(account.type === "Organization" ? { slug: account.login } : {}),
      },
      changes: { login: { from } },
      target_type: account.type,
      installation: { id: installation.id, node_id: nodeId("IntegrationInstallation", installation.id) },
      sender: accountShape(site.url, account),
    },
  });
}

/** https://docs.github.com/webhooks/webhook-events-and-payloads#ping */
export function emitPing(site: Site, app: App): void {
  const hook = {
    type: "App",
    id: app.hookId,
    name: "web",
    active: true,
    events: app.events,
    config: { content_type: "json", insecure_ssl: "0", secret: "********", url: app.webhookUrl ?? "" },
    updated_at: appShape(site.url, app).updated_at,
    created_at: appShape(site.url, app).created_at,
    app_id: app.id,
    deliveries_url: `${site.url}/app/hook/deliveries`,
  };
  site.webhooks.enqueue({
    app,
    event: "ping",
    payload: { zen: "Keep it logically awesome.", hook_id: app.hookId, hook },
  });
}
