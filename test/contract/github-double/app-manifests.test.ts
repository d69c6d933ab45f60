import { createAppAuth } from "@octokit/auth-app";
import { Octokit } from "@octokit/rest";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startGitHub } from "../../doubles/github/github.ts";
import { buildTown, refusal, silent, type Town } from "./town.ts";

let town: Town;
let now: Date;
beforeEach(async () => {
  now = new Date("2026-03-01T12:00:00Z");
  town = await buildTown({ now: () => now });
});
afterEach(() => town.close());

const MANIFEST = {
  name: "HMS for Acme",
  url: "https://hms.acme.dev",
  hook_attributes: { url: "http://127.0.0.1:1/hooks" },
  redirect_url: "http://127.0.0.1:1/callback?own=1",
  setup_url: "http://127.0.0.1:1/installed",
  callback_urls: ["http://127.0.0.1:1/sign-in/callback"],
  public: false,
  default_permissions: { checks: "write", metadata: "read" },
  default_events: ["push"],
};

/** A form that a browser sends, as whoever is signed in there. */
function post(path: string, manifest: unknown, session?: string): Promise<Response> {
  const text = typeof manifest === "string" ? manifest : JSON.stringify(manifest);
  return fetch(`${town.github.url}${path}`, {
    method: "POST",
    redirect: "manual",
    headers: session ? { cookie: `user_session=${session}` } : {},
    body: new URLSearchParams({ manifest: text }),
  });
}

async function registered(path = "/organizations/acme/settings/apps/new?state=s-1"): Promise<URL> {
  const answer = await post(path, MANIFEST, town.alice);
  expect(answer.status).toBe(302);
  return new URL(answer.headers.get("location") ?? "");
}

const plain = () => new Octokit({ baseUrl: town.github.url, log: silent });

describe("registering an App from a manifest", () => {
  it("leads back with a code and the state, and the code is worth the credentials once", async () => {
    const back = await registered();
    expect(back.searchParams.get("state")).toBe("s-1");
    expect(back.searchParams.get("own")).toBe("1");
    const code = back.searchParams.get("code") ?? "";
    const { status, data } = await plain().apps.createFromManifest({ code });
    expect(status).toBe(201);
    expect(data).toMatchObject({
      slug: "hms-for-acme",
      name: "HMS for Acme",
      owner: { login: "acme" },
      permissions: MANIFEST.default_permissions,
      events: ["push"],
      html_url: `${town.github.url}/apps/hms-for-acme`,
      webhook_secret: expect.stringMatching(/^[0-9a-f]{40}$/),
      client_secret: expect.stringMatching(/^[0-9a-f]{40}$/),
    });
    const auth = createAppAuth({ appId: data.id, privateKey: data.pem, request: plain().request });
    now = new Date();
    const { token } = await auth({ type: "app" });
    const { data: self } = await new Octokit({
      baseUrl: town.github.url,
      auth: token,
      log: silent,
    }).apps.getAuthenticated();
    expect(self?.id).toBe(data.id);
    expect((await refusal(plain().apps.createFromManifest({ code }))).status).toBe(404);
  });

  it("a code ends after an hour, and no other is worth anything", async () => {
    const code = (await registered()).searchParams.get("code") ?? "";
    now = new Date(now.getTime() + 3_600_000);
    expect((await refusal(plain().apps.createFromManifest({ code }))).status).toBe(404);
    expect((await refusal(plain().apps.createFromManifest({ code: "0".repeat(40) }))).status).toBe(404);
  });

  it("pings a webhook that is active, and delivers nothing to one that is not", async () => {
    await registered();
    expect(town.github.deliveries("hms-for-acme").map(({ event }) => event)).toEqual(["ping"]);
    const asleep = { ...MANIFEST, name: "Asleep", hook_attributes: { ...MANIFEST.hook_attributes, active: false } };
    await post("/organizations/acme/settings/apps/new", asleep, town.alice);
    town.github.install("asleep", "acme");
    expect(town.github.deliveries("asleep")).toEqual([]);
  });

  it.each([
    ["nobody signed in", "/organizations/acme/settings/apps/new", undefined, MANIFEST, 302],
    ["a member who is no owner", "/organizations/acme/settings/apps/new", "bob", MANIFEST, 404],
    ["no such organisation", "/organizations/nobody/settings/apps/new", "alice", MANIFEST, 404],
    ["no JSON", "/settings/apps/new", "alice", "{", 422],
    [
      "a webhook that is no address",
      "/settings/apps/new",
      "alice",
      { ...MANIFEST, hook_attributes: { url: "x" } },
      422,
    ],
    ["a name that is taken", "/settings/apps/new", "alice", { ...MANIFEST, name: "hms" }, 422],
    ["a name that is too long", "/settings/apps/new", "alice", { ...MANIFEST, name: "h".repeat(35) }, 422],
  ] as const)("refuses: %s", async (_what, path, who, manifest, status) => {
    const answer = await post(path, manifest, who && town[who]);
    expect(answer.status).toBe(status);
    if (status === 302) expect(answer.headers.get("location")).toContain("/login?return_to=");
  });
});

describe("installing it", () => {
  const page = (session?: string) =>
    fetch(`${town.github.url}/apps/hms-for-acme/installations/new`, {
      redirect: "manual",
      headers: session ? { cookie: `user_session=${session}` } : {},
    });

  it("installs a private App on its owner and leads to the set-up address", async () => {
    await registered();
    const answer = await page(town.alice);
    const back = new URL(answer.headers.get("location") ?? "");
    expect([answer.status, back.pathname, back.searchParams.get("setup_action")]).toEqual([
      302,
      "/installed",
      "install",
    ]);
    expect(town.github.deliveries("hms-for-acme").map(({ event, action }) => `${event}.${action}`)).toEqual([
      "ping.null",
      "installation.created",
    ]);
    expect((await page(town.alice)).status).toBe(200);
    expect((await page(town.bob)).status).toBe(404);
    expect((await page()).headers.get("location")).toContain("/login");
  });

  it("new permissions wait for the owner of the installation, new events do not", async () => {
    const { github, app, installationId } = town;
    now = new Date();
    github.changeApp(app, {
      permissions: { checks: "write", contents: "write", deployments: "read" },
      events: ["push"],
    });
    const auth = createAppAuth({ appId: app.id, privateKey: app.privateKeyPem, request: plain().request });
    const { token } = await auth({ type: "app" });
    const asApp = new Octokit({ baseUrl: github.url, auth: token, log: silent });
    const read = async () => (await asApp.apps.getInstallation({ installation_id: installationId })).data;
    expect((await asApp.apps.getAuthenticated()).data?.permissions).toMatchObject({ deployments: "read" });
    expect((await read()).permissions).not.toHaveProperty("deployments");
    expect((await read()).events).toEqual(["push"]);
    github.acceptPermissions(installationId);
    expect((await read()).permissions).toMatchObject({ deployments: "read" });
  });

  it("the webhook's configuration says whether certificates are looked at", async () => {
    const { github, app } = town;
    now = new Date();
    const auth = createAppAuth({ appId: app.id, privateKey: app.privateKeyPem, request: plain().request });
    const { token } = await auth({ type: "app" });
    const asApp = new Octokit({ baseUrl: github.url, auth: token, log: silent });
    expect((await asApp.apps.getWebhookConfigForApp()).data.insecure_ssl).toBe("0");
    github.changeApp(app, { hookInsecure: true });
    expect((await asApp.apps.getWebhookConfigForApp()).data.insecure_ssl).toBe("1");
    await asApp.apps.updateWebhookConfigForApp({ insecure_ssl: "0" });
    expect((await asApp.apps.getWebhookConfigForApp()).data.insecure_ssl).toBe("0");
  });
});

it("an App of a person", async () => {
  const github = await startGitHub();
  try {
    const { token } = github.createUser("ada");
    const answer = await fetch(`${github.url}/settings/apps/new`, {
      method: "POST",
      redirect: "manual",
      headers: { cookie: `user_session=${token}` },
      body: new URLSearchParams({ manifest: JSON.stringify(MANIFEST) }),
    });
    expect(answer.status).toBe(302);
    expect(new URL(answer.headers.get("location") ?? "").searchParams.has("state")).toBe(false);
  } finally {
    await github.close();
  }
});
