import { createHash, randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { buildTown, refusal, type Town } from "./town.ts";

const BACK = "http://127.0.0.1:1/back";
let town: Town;
let now: Date;
beforeEach(async () => {
  now = new Date("2026-03-01T12:00:00Z");
  town = await buildTown({ now: () => now });
});
afterEach(() => town.close());

const verifier = randomBytes(32).toString("base64url");
const challenge = createHash("sha256").update(verifier).digest("base64url");

/** The page on which somebody authorises the App, as a browser of theirs opens it. */
async function authorize(change: Record<string, string | undefined> = {}, session: string | undefined = town.bob) {
  const query = new URLSearchParams();
  const asked = {
    client_id: town.app.clientId,
    redirect_uri: BACK,
    state: "s-1",
    code_challenge: challenge,
    code_challenge_method: "S256",
    ...change,
  };
  for (const [name, value] of Object.entries(asked)) if (value !== undefined) query.set(name, value);
  const answer = await fetch(`${town.github.url}/login/oauth/authorize?${query}`, {
    redirect: "manual",
    headers: session ? { cookie: `user_session=${session}` } : {},
  });
  return { status: answer.status, to: new URL(answer.headers.get("location") ?? "http://nowhere") };
}

const codeOf = async (change: Record<string, string | undefined> = {}) =>
  (await authorize(change)).to.searchParams.get("code") ?? "";

async function exchange(
  fields: Record<string, string>,
  headers: Record<string, string> = { accept: "application/json" },
) {
  const { clientId: client_id, clientSecret: client_secret } = town.app;
  const answer = await fetch(`${town.github.url}/login/oauth/access_token`, {
    method: "POST",
    headers,
    body: new URLSearchParams({ client_id, client_secret, ...fields }),
  });
  return { status: answer.status, text: await answer.text() };
}

const tokenOf = async (fields: Record<string, string>): Promise<Record<string, string | number>> =>
  JSON.parse((await exchange(fields)).text) as Record<string, string | number>;

describe("signing in", () => {
  const signIn = (fields: Record<string, string>) =>
    fetch(`${town.github.url}/session`, { method: "POST", redirect: "manual", body: new URLSearchParams(fields) });

  it("whoever authorises an App without being signed in is asked first, and led back", async () => {
    const { status, to } = await authorize({}, "");
    expect([status, to.pathname]).toEqual([302, "/login"]);
    const form = await (await fetch(to)).text();
    expect(form).toContain('action="/session"');
    const back = to.searchParams.get("return_to") ?? "";
    const answer = await signIn({ login: "bob", password: town.bob, return_to: back });
    expect([answer.status, answer.headers.get("location")]).toEqual([302, back]);
    expect(answer.headers.get("set-cookie")).toMatch(/^user_session=[^;]+; Path=\/; HttpOnly/);
  });

  it("refuses a wrong password and leads nowhere else", async () => {
    const wrong = await signIn({ login: "bob", password: "nothing", return_to: town.github.url });
    expect([wrong.status, wrong.headers.get("set-cookie")]).toEqual([401, null]);
    const elsewhere = await signIn({ login: "bob", password: town.bob, return_to: "http://example.com/" });
    expect([elsewhere.status, elsewhere.headers.get("location")]).toEqual([200, null]);
  });
});

describe("authorising an App", () => {
  it("leads back with code and state", async () => {
    const { status, to } = await authorize();
    expect(status).toBe(302);
    expect(`${to.origin}${to.pathname}`).toBe(BACK);
    expect(to.searchParams.get("state")).toBe("s-1");
    expect(to.searchParams.get("code")).toMatch(/^[0-9a-f]{20}$/);
  });

  it("asks whoever is not signed in to do so first", async () => {
    const { to } = await authorize({}, "nobody");
    expect(to.pathname).toBe("/login");
    expect(to.searchParams.get("return_to")).toContain("/login/oauth/authorize?client_id=");
  });

  it("sends nobody anywhere but to a registered address", async () => {
    const { to } = await authorize({ redirect_uri: "http://evil.example/" });
    expect(`${to.origin}${to.pathname}`).toBe(BACK);
    expect(to.searchParams.get("error")).toBe("redirect_uri_mismatch");
    expect((await authorize({ client_id: "Iv23nothing" })).status).toBe(404);
  });

  it("knows no challenge but S256", async () => {
    const { to } = await authorize({ code_challenge_method: "plain" });
    expect(to.searchParams.get("error")).toBe("invalid_request");
    expect(to.searchParams.get("code")).toBeNull();
  });

  it("can be denied", async () => {
    const query = new URLSearchParams({ client_id: town.app.clientId, state: "s-1" });
    const answer = await fetch(`${town.github.url}/login/oauth/authorize?${query}`, {
      method: "POST",
      redirect: "manual",
      headers: { cookie: `user_session=${town.bob}` },
      body: new URLSearchParams({ authorize: "0" }),
    });
    const to = new URL(answer.headers.get("location") ?? "");
    expect(to.searchParams.get("error")).toBe("access_denied");
    expect(to.searchParams.get("state")).toBe("s-1");
  });
});

describe("a code", () => {
  it("is worth an expiring token with a refresh token, as JSON or as a form", async () => {
    const json = await tokenOf({ code: await codeOf(), redirect_uri: BACK, code_verifier: verifier });
    expect(json).toMatchObject({
      expires_in: 28_800,
      refresh_token_expires_in: 15_897_600,
      token_type: "bearer",
      scope: "",
    });
    expect(json.access_token).toMatch(/^ghu_/);
    expect(json.refresh_token).toMatch(/^ghr_/);
    const form = await exchange({ code: await codeOf(), code_verifier: verifier }, {});
    expect(new URLSearchParams(form.text).get("access_token")).toMatch(/^ghu_/);
  });

  it.each<[string, () => Promise<Record<string, string>>, string]>([
    [
      "that was used",
      async () => {
        const fields = { code: await codeOf(), code_verifier: verifier };
        await exchange(fields);
        return fields;
      },
      "bad_verification_code",
    ],
    ["that nobody gave out", async () => ({ code: "0123456789", code_verifier: verifier }), "bad_verification_code"],
    [
      "with another verifier",
      async () => ({ code: await codeOf(), code_verifier: "x".repeat(43) }),
      "bad_verification_code",
    ],
    ["without a verifier", async () => ({ code: await codeOf() }), "bad_verification_code"],
    [
      "after ten minutes",
      async () => {
        const code = await codeOf();
        now = new Date(now.getTime() + 600_000);
        return { code, code_verifier: verifier };
      },
      "bad_verification_code",
    ],
    [
      "for another address",
      async () => ({ code: await codeOf(), code_verifier: verifier, redirect_uri: "http://127.0.0.1:1/other" }),
      "redirect_uri_mismatch",
    ],
    [
      "without the secret",
      async () => ({ code: await codeOf(), code_verifier: verifier, client_secret: "x" }),
      "incorrect_client_credentials",
    ],
  ])("%s: refused with status 200", async (_which, fields, error) => {
    const { status, text } = await exchange(await fields());
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ error });
    expect(text).not.toContain("ghu_");
  });

  it("a refresh token works once, and ends the token that it came with", async () => {
    const first = await tokenOf({ code: await codeOf(), code_verifier: verifier });
    const again = { grant_type: "refresh_token", refresh_token: String(first.refresh_token) };
    const second = await tokenOf(again);
    expect(second.access_token).toMatch(/^ghu_/);
    expect(await tokenOf(again)).toMatchObject({ error: "bad_refresh_token" });
    expect(await refusal(town.octokitAs(String(first.access_token)).users.getAuthenticated())).toMatchObject({
      status: 401,
    });
    expect((await town.octokitAs(String(second.access_token)).users.getAuthenticated()).data.login).toBe("bob");
  });
});

describe("a user access token", () => {
  const as = (login: string) => town.octokitAs(town.github.userAccessToken(town.app, login));
  const installations = async (login: string) =>
    (await as(login).apps.listInstallationsForAuthenticatedUser()).data.installations.map(({ id }) => id);
  const repositories = async (login: string, id = town.installationId) =>
    (await as(login).apps.listInstallationReposForAuthenticatedUser({ installation_id: id })).data.repositories.map(
      ({ name }) => name,
    );

  it("sees what the person was given and the App is installed on; public alone is nothing", async () => {
    const { github } = town;
    expect(await installations("bob")).toEqual([town.installationId]);
    expect(await repositories("bob")).toEqual(["shop"]);
    expect(await installations("carol")).toEqual([]);
    const vault = await github.createRepository("acme", "vault", { private: true });
    github.setCollaborator(vault, "carol", "read");
    expect(await repositories("carol")).toEqual(["vault"]);
    github.setCollaborator(vault, "carol", null);
    expect(await refusal(repositories("carol"))).toMatchObject({ status: 404 });
    const other = github.registerApp({ slug: "other", webhookSecret: "x", permissions: {}, events: [] });
    const elsewhere = github.install(other, "acme").id;
    expect(await refusal(repositories("bob", elsewhere))).toMatchObject({ status: 404 });
  });

  it("may do no more than the App, and reaches nothing private where it is not installed", async () => {
    const { github } = town;
    github.createOrg("hidden", { members: ["bob"] });
    await github.createRepository("hidden", "vault", { private: true });
    const bob = as("bob");
    expect(await refusal(bob.repos.get({ owner: "hidden", repo: "vault" }))).toMatchObject({ status: 404 });
    expect(await refusal(bob.repos.createDeployment({ ...town.repo, ref: "main" }))).toMatchObject({ status: 403 });
    expect((await bob.repos.get(town.repo)).status).toBe(200);
    expect(await refusal(town.octokitAs(town.bob).apps.listInstallationsForAuthenticatedUser())).toMatchObject({
      status: 403,
    });
  });

  it("ends after eight hours, and when the person takes it back, of which the App hears", async () => {
    const { github, app, hooksSettled } = town;
    const bob = as("bob");
    now = new Date(now.getTime() + 8 * 3_600_000 + 1000);
    expect(await refusal(bob.users.getAuthenticated())).toMatchObject({ status: 401 });
    const token = String((await tokenOf({ code: await codeOf(), code_verifier: verifier })).access_token);
    github.revokeAuthorization(app, "bob");
    expect(await refusal(town.octokitAs(token).users.getAuthenticated())).toMatchObject({ status: 401 });
    const told = (await hooksSettled()).filter(({ event }) => event === "github_app_authorization");
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({ action: "revoked", signed: true, body: { sender: { login: "bob" } } });
  });
});
