import { createAppAuth } from "@octokit/auth-app";
import { Octokit } from "@octokit/rest";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { appJwt } from "../../conformance/scenario/world.ts";
import { buildTown, openPull, refusal, silent, type Town } from "./town.ts";

let town: Town;
beforeEach(async () => {
  town = await buildTown();
});
afterEach(() => town.close());

describe("access", () => {
  it("is kept to the installation's repositories and permissions", async () => {
    const { github, octokitOf, repo } = town;
    await github.createRepository("acme", "hidden", { private: true });
    const reader = github.registerApp({
      slug: "reader",
      webhookSecret: "x",
      permissions: { contents: "read" },
      events: [],
    });
    const client = octokitOf(reader, github.install(reader, "acme", { repositories: ["shop"] }).id);
    expect((await client.repos.getContent({ ...repo, path: "README.md" })).status).toBe(200);
    expect(await refusal(client.repos.get({ owner: "acme", repo: "hidden" }))).toEqual({
      status: 404,
      message: "Not Found",
    });
    expect(await refusal(client.checks.listForRef({ ...repo, ref: "main" }))).toEqual({
      status: 403,
      message: "Resource not accessible by integration",
    });
    const put = client.repos.createOrUpdateFileContents({ ...repo, path: "x", message: "m", content: "" });
    expect(await refusal(put)).toMatchObject({ status: 403 });
    expect((await client.apps.listReposAccessibleToInstallation()).data.repositories.map(({ name }) => name)).toEqual([
      "shop",
    ]);
  });

  it("can be narrowed when a token is made", async () => {
    const { github, app, installationId, octokitAs, repo } = town;
    await github.createRepository("acme", "second");
    const asApp = new Octokit({
      baseUrl: github.url,
      log: silent,
      authStrategy: createAppAuth,
      auth: { appId: app.id, privateKey: app.privateKeyPem },
    });
    expect((await asApp.apps.getAuthenticated()).data?.slug).toBe("hms");
    const { data } = await asApp.apps.createInstallationAccessToken({
      installation_id: installationId,
      repositories: ["shop"],
      permissions: { checks: "read" },
    });
    expect(data).toMatchObject({
      repository_selection: "selected",
      permissions: { checks: "read" },
      repositories: [{ name: "shop" }],
    });
    const narrow = octokitAs(data.token);
    expect((await narrow.checks.listForRef({ ...repo, ref: "main" })).status).toBe(200);
    expect(await refusal(narrow.pulls.list(repo))).toMatchObject({ status: 403 });
    expect(await refusal(narrow.repos.get({ owner: "acme", repo: "second" }))).toMatchObject({ status: 404 });
    const tooMuch = asApp.apps.createInstallationAccessToken({
      installation_id: installationId,
      permissions: { secrets: "write" },
    });
    expect(await refusal(tooMuch)).toMatchObject({ status: 422 });
    github.suspend(installationId);
    expect(await refusal(narrow.checks.listForRef({ ...repo, ref: "main" }))).toMatchObject({ status: 403 });
  });

  it("of people follows roles, and unknown tokens are refused", async () => {
    const { github, octokitAs, alice, bob, carol } = town;
    const repository = await github.createRepository("acme", "vault", { private: true });
    const vault = { owner: "acme", repo: "vault" };
    expect(await refusal(octokitAs(carol).repos.get(vault))).toMatchObject({ status: 404 });
    github.setCollaborator(repository, "carol", "triage");
    expect((await octokitAs(carol).repos.get(vault)).data.permissions).toMatchObject({ triage: true, push: false });
    const role = async (login: string) =>
      (await octokitAs(alice).repos.getCollaboratorPermissionLevel({ ...vault, username: login })).data;
    expect(await role("carol")).toMatchObject({ permission: "read", role_name: "triage" });
    expect(await role("alice")).toMatchObject({ permission: "admin", role_name: "admin" });
    github.setCollaborator(repository, "carol", null);
    expect(await role("carol")).toMatchObject({ permission: "none" });
    github.createTeam("acme", "sre", { members: ["bob"], repositories: { vault: "maintain" } });
    expect(await role("bob")).toMatchObject({ permission: "write", role_name: "maintain" });
    expect(await refusal(octokitAs("ghp_nothing").repos.get(vault))).toEqual({
      status: 401,
      message: "Bad credentials",
    });
    expect((await octokitAs(bob).users.getAuthenticated()).data.login).toBe("bob");
  });

  it("ends with the hour of a token", async () => {
    await town.close();
    let now = new Date("2030-01-01T00:00:00Z");
    town = await buildTown({ now: () => now });
    const { github, app, installationId, octokitAs, repo } = town;
    const time = Math.floor(now.getTime() / 1000);
    const ask = (jwt: string) =>
      fetch(`${github.url}/api/v3/app/installations/${installationId}/access_tokens`, {
        method: "POST",
        headers: { authorization: `Bearer ${jwt}` },
      });
    const answer = await ask(appJwt(app.id, app.privateKeyPem, time));
    const { token, expires_at } = (await answer.json()) as { token: string; expires_at: string };
    expect(expires_at).toBe("2030-01-01T01:00:00Z");
    expect((await octokitAs(token).repos.get(repo)).status).toBe(200);
    now = new Date("2030-01-01T01:00:01Z");
    expect(await refusal(octokitAs(token).repos.get(repo))).toMatchObject({ status: 401 });
    expect((await ask(appJwt(app.id, app.privateKeyPem, time))).status).toBe(401);
    expect((await ask(appJwt(app.id, app.privateKeyPem, time + 7200))).status).toBe(401);
  });
});

describe("answers", () => {
  it("carry entity tags that cost nothing while they hold", async () => {
    const { github, octokit, repo, installationId } = town;
    const first = await octokit.repos.getContent({ ...repo, path: "README.md" });
    const headers = { "if-none-match": first.headers.etag ?? "" };
    const remaining = Number(first.headers["x-ratelimit-remaining"]);
    expect((await refusal(octokit.repos.getContent({ ...repo, path: "README.md", headers }))).status).toBe(304);
    const third = await octokit.repos.getContent({ ...repo, path: "src/a.ts" });
    expect(Number(third.headers["x-ratelimit-remaining"])).toBe(remaining - 1);
    expect(github.requests.list({ status: 304, installationId })).toHaveLength(1);
  });

  it("come in pages with links by repository id", async () => {
    const { github, octokit, repo, shop } = town;
    const { number } = await openPull(town);
    for (let index = 0; index < 5; index += 1) github.comment(shop, number, { author: "bob", body: `${index}` });
    const page = await octokit.issues.listComments({ ...repo, issue_number: number, per_page: 2 });
    expect(page.headers.link).toContain(
      `/repositories/${shop.id}/issues/${number}/comments?per_page=2&page=2>; rel="next"`,
    );
    expect(
      await octokit.paginate(octokit.issues.listComments, { ...repo, issue_number: number, per_page: 2 }),
    ).toHaveLength(5);
  });

  it("redirect from an old name", async () => {
    const { github, octokit, shop } = town;
    github.renameRepository(shop, "store");
    expect((await octokit.repos.get({ owner: "acme", repo: "shop" })).data.full_name).toBe("acme/store");
  });

  it("refuse at the rate limit and say when to come back", async () => {
    const { github, octokit, repo, installationId } = town;
    const reset = new Date(Date.now() + 60_000);
    await octokit.repos.get(repo);
    github.setRateLimit(installationId, { remaining: 1, reset });
    await octokit.repos.get(repo);
    const error = (await octokit.repos.get(repo).catch((reason: unknown) => reason)) as {
      status: number;
      response: { headers: Record<string, string> };
    };
    expect(error).toMatchObject({
      status: 403,
      response: {
        headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(Math.floor(reset.getTime() / 1000)) },
      },
    });
    github.setRateLimit(installationId, {});
    github.secondaryLimit(installationId, { retryAfterS: 30, status: 429 });
    const secondary = (await octokit.repos.get(repo).catch((reason: unknown) => reason)) as {
      status: number;
      response: { headers: Record<string, string> };
    };
    expect(secondary).toMatchObject({ status: 429, response: { headers: { "retry-after": "30" } } });
  });

  it("can be made to fail, before or after the effect", async () => {
    const { github, octokit, repo } = town;
    const { sha } = await openPull(town);
    await octokit.repos.get(repo);
    github.fault({ method: "POST", path: /check-runs$/, status: 502, times: 1 });
    const create = () => octokit.checks.create({ ...repo, name: "gate", head_sha: sha });
    expect((await refusal(create())).status).toBe(502);
    expect(github.checkRuns("acme/shop", sha)).toHaveLength(0);
    github.fault({ path: /check-runs$/, dropConnection: "after", times: 1 });
    await expect(create()).rejects.toThrow();
    expect(github.checkRuns("acme/shop", sha)).toHaveLength(1);
    await create();
  });
});
