import type { World } from "./world.ts";

/** Apps, installations, tokens, deliveries, meta. */
export async function appScenario({
  github,
  recorder,
  app,
  jwt,
  token,
  alice,
  installationId,
  repo,
}: World): Promise<void> {
  const params = { installation_id: installationId, ...repo };
  await recorder.call("GET /app", { token: jwt });
  await recorder.call("GET /app", { expect: 401 });
  await recorder.call("GET /app/installations", { token: jwt });
  await recorder.call("GET /app/installations/{installation_id}", { params, token: jwt });
  await recorder.call("GET /app/installations/{installation_id}", {
    params: { installation_id: 1 },
    token: jwt,
    expect: 404,
  });
  await recorder.call("POST /app/installations/{installation_id}/access_tokens", {
    params,
    token: jwt,
    body: { repositories: ["shop"], permissions: { checks: "write" } },
    expect: 201,
  });
  await recorder.call("POST /app/installations/{installation_id}/access_tokens", {
    params,
    token: jwt,
    body: { repositories: ["nope"] },
    expect: 422,
  });
  await recorder.call("POST /app/installations/{installation_id}/access_tokens", {
    params,
    token: jwt,
    body: { permissions: { secrets: "write" } },
    expect: 422,
  });
  await recorder.call("GET /repos/{owner}/{repo}/installation", { params, token: jwt });
  await recorder.call("GET /orgs/{org}/installation", { params: { org: "acme" }, token: jwt });
  github.install(app, "carol");
  await recorder.call("GET /users/{username}/installation", { params: { username: "carol" }, token: jwt });
  await recorder.call("GET /installation/repositories", { token });
  await recorder.call("GET /app/hook/config", { token: jwt });
  await recorder.call("GET /rate_limit", { token });
  await recorder.call("GET /meta", {});
  await recorder.call("GET /zen", {});
  const extra = await recorder.call("POST /app/installations/{installation_id}/access_tokens", {
    params,
    token: jwt,
    expect: 201,
  });
  await recorder.call("DELETE /installation/token", { token: (extra.body as { token: string }).token, expect: 204 });
  await recorder.call("PATCH /app/hook/config", { token: jwt, body: { content_type: "json" } });
  await recorder.call("GET /user", { token: alice });
  await recorder.call("GET /user", { expect: 401 });
  await recorder.call("GET /users/{username}", { params: { username: "alice" }, token });
  await recorder.call("GET /users/{username}", { params: { username: "nobody" }, token, expect: 404 });
  await recorder.call("GET /apps/{app_slug}", { params: { app_slug: "hms" }, token });
  await recorder.call("GET /orgs/{org}/repos", { params: { org: "acme" }, token });
  await recorder.call("GET /orgs/{org}/members", { params: { org: "acme" }, token });
  await recorder.call("GET /orgs/{org}/members/{username}", {
    params: { org: "acme", username: "bob" },
    token,
    expect: 204,
  });
  await recorder.call("GET /orgs/{org}/members/{username}", {
    params: { org: "acme", username: "carol" },
    token,
    expect: 404,
  });
  await recorder.call("GET /orgs/{org}/teams", { params: { org: "acme" }, token });
  await recorder.call("GET /orgs/{org}/teams/{team_slug}/members", {
    params: { org: "acme", team_slug: "sre" },
    token,
  });
  await recorder.call("GET /orgs/{org}/teams/{team_slug}/memberships/{username}", {
    params: { org: "acme", team_slug: "sre", username: "bob" },
    token,
  });
  await recorder.call("GET /orgs/{org}/teams/{team_slug}/memberships/{username}", {
    params: { org: "acme", team_slug: "sre", username: "alice" },
    token,
    expect: 404,
  });
}

/** Last, because it takes the installation apart. */
export async function installationScenario({ github, recorder, app, jwt, installationId }: World): Promise<void> {
  await github.deliveriesSettled();
  const list = await recorder.call("GET /app/hook/deliveries", { token: jwt, query: { per_page: 5 } });
  const [first] = list.body as { id: number }[];
  const params = { delivery_id: first?.id ?? 0, installation_id: installationId };
  await recorder.call("GET /app/hook/deliveries/{delivery_id}", { params, token: jwt });
  await recorder.call("POST /app/hook/deliveries/{delivery_id}/attempts", { params, token: jwt, expect: 202 });
  github.acceptPermissions(installationId);
  await recorder.call("GET /app/hook/deliveries", { token: jwt, query: { cursor: "nonsense" }, expect: 422 });
  await recorder.call("PUT /app/installations/{installation_id}/suspended", { params, token: jwt, expect: 204 });
  await recorder.call("POST /app/installations/{installation_id}/access_tokens", { params, token: jwt, expect: 403 });
  await recorder.call("DELETE /app/installations/{installation_id}/suspended", { params, token: jwt, expect: 204 });
  const other = await github.createRepository("acme", "other");
  const selected = github.install(app, "bob", { repositories: [] });
  await github.createRepository("bob", "own");
  github.changeInstallation(selected.id, { add: ["bob/own"] });
  github.changeInstallation(selected.id, { remove: ["bob/own"] });
  github.renameRepository(other, "renamed");
  github.createOrg("lane");
  github.install(app, "lane");
  const given = await github.createRepository("bob", "given");
  github.transferRepository(given, "lane");
  github.renameAccount("lane", "road");
  github.deleteRepository("acme/renamed");
  await recorder.call("DELETE /app/installations/{installation_id}", {
    params: { installation_id: selected.id },
    token: jwt,
    expect: 204,
  });
}

/** The pages on the way are no part of the description; what the code is worth is. */
export async function manifestScenario({ github, recorder, alice }: World): Promise<void> {
  const manifest = {
    name: "Made",
    url: "https://example.com",
    redirect_url: "https://example.com/",
    default_events: [],
  };
  const made = await fetch(`${github.url}/organizations/acme/settings/apps/new`, {
    method: "POST",
    redirect: "manual",
    headers: { cookie: `user_session=${alice}` },
    body: new URLSearchParams({ manifest: JSON.stringify({ ...manifest, default_permissions: { checks: "write" } }) }),
  });
  const code = new URL(made.headers.get("location") ?? "").searchParams.get("code") ?? "";
  await recorder.call("POST /app-manifests/{code}/conversions", { params: { code }, expect: 201 });
  await recorder.call("POST /app-manifests/{code}/conversions", { params: { code }, expect: 404 });
}
