import { createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { emitInstallation, emitInstallationRepositories, emitPing } from "../installations.ts";
import type { Permissions } from "../permissions.ts";
import type { Site } from "../site.ts";
import type { App, Installation } from "../state.ts";
import type { Delivery } from "../webhooks/delivery.ts";
import { newAccount } from "./accounts.ts";
import { type AppRef, accountNamed, appNamed, repositoryNamed } from "./lookup.ts";

export type RegisteredApp = {
  id: number;
  slug: string;
  clientId: string;
  clientSecret: string;
  privateKeyPem: string;
  webhookSecret: string;
  botLogin: string;
};

export type AppRegistration = {
  slug: string;
  name?: string;
  /** Account that owns the App; one is made unless given. */
  owner?: string;
  webhookUrl?: string;
  webhookSecret: string;
  permissions: Permissions;
  events: string[];
  /** Where people may be sent back to after they authorised the App. */
  callbackUrls?: string[];
};

/** RSA keys take a while to make, so the process has one pair for all Apps. */
let keys: { privateKeyPem: string; publicKeyPem: string } | undefined;

function keyPair() {
  if (keys) return keys;
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  keys = {
    privateKeyPem: privateKey.export({ type: "pkcs1", format: "pem" }).toString(),
    publicKeyPem: publicKey.export({ type: "spki", format: "pem" }).toString(),
  };
  return keys;
}

/** An App as its registration makes it, public and with an active webhook, and the only copy of its private key. */
export function newApp(
  site: Site,
  given: Pick<App, "slug" | "name" | "owner" | "webhookSecret" | "permissions" | "events"> & {
    webhookUrl?: string | undefined;
  },
): { app: App; privateKeyPem: string } {
  const { privateKeyPem, publicKeyPem } = keyPair();
  const app: App = {
    id: site.state.nextId(),
    bot: newAccount(site, `${given.slug}[bot]`, "Bot"),
    clientId: `Iv23${randomBytes(8).toString("hex")}`,
    publicKey: createPublicKey(publicKeyPem),
    hookId: site.state.nextId(),
    hookActive: true,
    hookInsecure: false,
    clientSecrets: [],
    callbackUrls: [],
    setupUrl: undefined,
    public: true,
    createdAt: site.now(),
    webhookUrl: undefined,
    ...given,
  };
  site.state.apps.set(app.id, app);
  return { app, privateKeyPem };
}

/** Apps, installations and their webhook deliveries. */
export function appAdministration(site: Site) {
  const installationNumbered = (id: number): Installation => {
    const installation = site.state.installations.get(id);
    if (!installation) throw new Error(`no installation ${id}`);
    return installation;
  };
  const deliveryNumbered = (id: number): Delivery => {
    for (const app of site.state.apps.values()) {
      const found = site.webhooks.deliveries(app).find((delivery) => delivery.id === id);
      if (found) return found;
    }
    throw new Error(`no delivery ${id}`);
  };

  return {
    registerApp(registration: AppRegistration): RegisteredApp {
      const { slug, name = slug, webhookUrl, webhookSecret, permissions, events } = registration;
      const owner = registration.owner
        ? accountNamed(site, registration.owner)
        : (site.state.account("app-owner") ?? newAccount(site, "app-owner", "User"));
      const { app, privateKeyPem } = newApp(site, {
        slug,
        name,
        owner,
        webhookUrl,
        webhookSecret,
        permissions,
        events,
      });
      const { id, clientId, bot } = app;
      const clientSecret = randomBytes(20).toString("hex");
      app.clientSecrets.push(clientSecret);
      app.callbackUrls = registration.callbackUrls ?? [];
      return { id, slug, clientId, clientSecret, privateKeyPem, webhookSecret, botLogin: bot.login };
    },

    setWebhookUrl(app: AppRef, url: string | undefined): void {
      appNamed(site, app).webhookUrl = url;
    },

    /** What the App's settings page can change. Installations keep their permissions until their owner accepts new ones, their events follow. */
    changeApp(
      appRef: AppRef,
      change: { permissions?: Permissions; events?: string[]; hookActive?: boolean; hookInsecure?: boolean },
    ): void {
      const app = appNamed(site, appRef);
      Object.assign(app, change);
      if (!change.events) return;
      for (const installation of site.state.installations.values())
        if (installation.app === app) installation.events = change.events;
    },

    /** The owner of an installation accepts what the App asks for by now. */
    acceptPermissions(id: number): void {
      const installation = installationNumbered(id);
      installation.permissions = { metadata: "read", ...installation.app.permissions };
      emitInstallation(site, installation, "new_permissions_accepted", installation.account);
    },

    /** `repositories`: `all` (default), or names without owner. */
    install(
      appRef: AppRef,
      owner: string,
      options: { repositories?: "all" | string[]; permissions?: Permissions } = {},
    ): { id: number } {
      const app = appNamed(site, appRef);
      const account = accountNamed(site, owner);
      const { repositories = "all" } = options;
      const ids =
        repositories === "all"
          ? []
          : repositories.map((name) => repositoryNamed(site, name.includes("/") ? name : `${owner}/${name}`).id);
      const now = site.now();
      const installation: Installation = {
        id: site.state.nextId(),
        app,
        account,
        selection: repositories === "all" ? "all" : "selected",
        repositoryIds: new Set(ids),
        permissions: { metadata: "read", ...(options.permissions ?? app.permissions) },
        events: app.events,
        suspendedAt: undefined,
        suspendedBy: undefined,
        createdAt: now,
        updatedAt: now,
      };
      site.state.installations.set(installation.id, installation);
      emitInstallation(site, installation, "created", account);
      return { id: installation.id };
    },

    uninstall(id: number): void {
      const installation = installationNumbered(id);
      emitInstallation(site, installation, "deleted", installation.account);
      site.state.installations.delete(id);
    },

    suspend(id: number): void {
      const installation = installationNumbered(id);
      installation.suspendedAt = site.now();
      installation.suspendedBy = installation.account;
      emitInstallation(site, installation, "suspend", installation.account);
    },

    unsuspend(id: number): void {
      const installation = installationNumbered(id);
      installation.suspendedAt = undefined;
      installation.suspendedBy = undefined;
      emitInstallation(site, installation, "unsuspend", installation.account);
    },

    /** Changes the repositories of a `selected` installation, by full name. */
    changeInstallation(id: number, change: { add?: string[]; remove?: string[] }): void {
      const installation = installationNumbered(id);
      const added = (change.add ?? []).map((name) => repositoryNamed(site, name));
      const removed = (change.remove ?? []).map((name) => repositoryNamed(site, name));
      installation.selection = "selected";
      for (const repository of added) installation.repositoryIds.add(repository.id);
      for (const repository of removed) installation.repositoryIds.delete(repository.id);
      if (added.length > 0) emitInstallationRepositories(site, installation, { added }, installation.account);
      if (removed.length > 0) emitInstallationRepositories(site, installation, { removed }, installation.account);
    },

    /** The ping that a new webhook URL gets. */
    ping: (app: AppRef): void => emitPing(site, appNamed(site, app)),

    /** All deliveries of an App, oldest first, waiting ones included (`outcome` undefined). */
    deliveries: (app: AppRef): Delivery[] => site.webhooks.deliveries(appNamed(site, app)),
    redeliver: (id: number): void => void site.webhooks.redeliver(deliveryNumbered(id)),
    /** The same delivery once more, as if the network had doubled it. */
    duplicateDelivery: (id: number): void => void site.webhooks.redeliver(deliveryNumbered(id), { redelivery: false }),
    /** The next `count` deliveries, or all `until` then, are lost on the way. */
    failDeliveries: (app: AppRef, how: { count?: number; until?: Date }): void =>
      site.webhooks.fail(appNamed(site, app), how),
    holdDeliveries: (app: AppRef): void => site.webhooks.hold(appNamed(site, app)),
    /** Lets held deliveries go; `reorder` may sort, double or drop them. */
    releaseDeliveries: (app: AppRef, reorder?: (waiting: Delivery[]) => Delivery[]): void =>
      site.webhooks.release(appNamed(site, app), reorder),
    /** Resolves once every delivery that is not held has had its attempt. */
    deliveriesSettled: (): Promise<void> => site.webhooks.settled(),
  };
}
