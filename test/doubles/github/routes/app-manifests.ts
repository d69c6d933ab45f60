import { randomBytes } from "node:crypto";
import { newApp } from "../administration/apps.ts";
import { parseManifest, slugOf } from "../app-manifest.ts";
import { found, page, pageNotFound, personAt, toSignIn } from "../browser.ts";
import { notFound } from "../http/errors.ts";
import { type Call, created, type Reply, type Router } from "../http/router.ts";
import { emitInstallation, emitPing } from "../installations.ts";
import { appShape } from "../shapes/app.ts";
import type { Account, App, Installation } from "../state.ts";

/** "This step … must be completed within one hour." */
const CODE_LIFE_MS = 3_600_000;

/** https://docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest */
export function appManifestRoutes(router: Router): void {
  router.on("POST /settings/apps/new", (call) => register(call, personAt(call)));
  router.on("POST /organizations/{org}/settings/apps/new", (call) => {
    const organization = call.site.state.account(call.params.org ?? "");
    return register(call, organization?.type === "Organization" ? organization : undefined);
  });
  router.on("POST /app-manifests/{code}/conversions", convert);
  router.on("GET /apps/{app_slug}/installations/new", install);
}

/** The page where the App gets its name, with its button already pressed. */
function register(call: Call, owner: Account | undefined): Reply {
  const { site, body, query } = call;
  const person = personAt(call);
  if (!person) return toSignIn(call);
  if (!owner || (owner !== person && owner.members.get(person.id) !== "admin")) throw pageNotFound();
  const parsed = parseManifest(body.optionalString("manifest"));
  if ("problem" in parsed) return page(422, parsed.problem);
  const { manifest } = parsed;
  const name = manifest.name ?? `${person.login} app`;
  const slug = slugOf(name);
  if ([...site.state.apps.values()].some((app) => app.slug === slug)) return page(422, "Name is already taken");
  const active = manifest.hook_attributes !== undefined && manifest.hook_attributes.active !== false;
  const secrets = { clientSecret: randomBytes(20).toString("hex"), webhookSecret: randomBytes(20).toString("hex") };
  const { app, privateKeyPem } = newApp(site, {
    slug,
    name,
    owner,
    ...(manifest.hook_attributes ? { webhookUrl: manifest.hook_attributes.url } : {}),
    webhookSecret: secrets.webhookSecret,
    permissions: manifest.default_permissions ?? {},
    events: manifest.default_events ?? [],
  });
  app.clientSecrets.push(secrets.clientSecret);
  app.callbackUrls = manifest.callback_urls ?? [];
  app.setupUrl = manifest.setup_url;
  app.hookActive = active;
  app.public = manifest.public ?? false;
  if (active) emitPing(site, app);
  if (manifest.redirect_url === undefined) return found(`${site.url}/settings/apps/${slug}`);
  const code = randomBytes(20).toString("hex");
  const expiresAt = new Date(site.now().getTime() + CODE_LIFE_MS);
  site.state.manifestCodes.set(code, { app, privateKeyPem, ...secrets, expiresAt });
  const back = new URL(manifest.redirect_url);
  back.searchParams.set("code", code);
  const state = query.get("state");
  if (state !== null) back.searchParams.set("state", state);
  return found(back.href);
}

/** https://docs.github.com/rest/apps/apps#create-a-github-app-from-a-manifest: needs no credentials, and works once. */
function convert(call: Call): Reply {
  const { manifestCodes } = call.site.state;
  const code = call.params.code ?? "";
  const known = manifestCodes.get(code);
  if (!known || known.expiresAt <= call.site.now()) throw notFound();
  manifestCodes.delete(code);
  return created({
    ...appShape(call.site.url, known.app),
    client_id: known.app.clientId,
    client_secret: known.clientSecret,
    webhook_secret: known.webhookSecret,
    pem: known.privateKeyPem,
  });
}

/** The page that asks for which repositories, answered with all of the App's owner: a private App goes nowhere else. */
function install(call: Call): Reply {
  const { site } = call;
  const person = personAt(call);
  if (!person) return toSignIn(call);
  const app = [...site.state.apps.values()].find(({ slug }) => slug === call.params.app_slug);
  if (!app || (app.owner !== person && app.owner.members.get(person.id) !== "admin")) throw pageNotFound();
  const present = [...site.state.installations.values()].find((one) => one.app === app && one.account === app.owner);
  if (present) return page(200, `Installed on ${app.owner.login}: configure`);
  const installation = installOn(call, app);
  const ownPage = `${site.url}/settings/installations/${installation.id}`;
  if (app.setupUrl === undefined) return found(ownPage);
  const back = new URL(app.setupUrl);
  back.searchParams.set("installation_id", String(installation.id));
  back.searchParams.set("setup_action", "install");
  const state = call.query.get("state");
  if (state !== null) back.searchParams.set("state", state);
  return found(back.href);
}

function installOn({ site }: Call, app: App): Installation {
  const now = site.now();
  const installation: Installation = {
    id: site.state.nextId(),
    app,
    account: app.owner,
    selection: "all",
    repositoryIds: new Set(),
    permissions: { metadata: "read", ...app.permissions },
    events: app.events,
    suspendedAt: undefined,
    suspendedBy: undefined,
    createdAt: now,
    updatedAt: now,
  };
  site.state.installations.set(installation.id, installation);
  emitInstallation(site, installation, "created", app.owner);
  return installation;
}
