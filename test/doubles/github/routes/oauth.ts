import { found, page, pageNotFound, personAt, toSignIn } from "../browser.ts";
import { ApiError, notFound } from "../http/errors.ts";
import { type Call, noContent, type Reply, type Router } from "../http/router.ts";
import type { App } from "../state.ts";
import { clientOf, provesChallenge, type UserAccess } from "../user-access.ts";

/** https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app */
export function oauthRoutes(router: Router): void {
  router.on("GET /login/oauth/authorize", authorize);
  router.on("POST /login/oauth/authorize", authorize);
  router.on("POST /login/oauth/access_token", accessToken);
  router.on("DELETE /applications/{client_id}/token", deleteToken);
}

/** The page that asks whether the App may act for a person; `authorize=0` is its other button. */
function authorize(call: Call): Reply {
  const { site, query, body } = call;
  const given = (name: string) => query.get(name) ?? body.optionalString(name);
  const app = appOf(call, given("client_id"));
  if (!app) throw pageNotFound();
  const [first] = app.callbackUrls;
  if (first === undefined) return page(200, "This App has no callback URL");
  const state = given("state");
  const back = (to: string, parameters: Record<string, string>): Reply => {
    const url = new URL(to);
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    if (state !== undefined) url.searchParams.set("state", state);
    return found(url.href);
  };
  const redirectUri = given("redirect_uri") ?? first;
  if (!app.callbackUrls.includes(redirectUri))
    return back(first, {
      error: "redirect_uri_mismatch",
      error_description: "The redirect_uri MUST match the registered callback URL for this application.",
    });
  const challenge = given("code_challenge");
  if (challenge !== undefined && given("code_challenge_method") !== "S256")
    return back(redirectUri, { error: "invalid_request", error_description: "code_challenge_method must be S256" });
  const person = personAt(call);
  if (!person) return toSignIn(call);
  if (body.optionalString("authorize") === "0")
    return back(redirectUri, {
      error: "access_denied",
      error_description: "The user has denied your application access.",
    });
  const code = site.state.userAccesses.authorize(site.now(), { app, user: person, redirectUri, challenge });
  return back(redirectUri, { code });
}

/** Errors come with status 200, and both as a form unless JSON is asked for. */
function accessToken(call: Call): Reply {
  const { site, query, body } = call;
  const given = (name: string) => body.optionalString(name) ?? query.get(name) ?? undefined;
  const refuse = (error: string, description: string): Reply =>
    answer(call, {
      error,
      error_description: description,
      error_uri:
        "https://docs.github.com/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors",
    });
  const app = appOf(call, given("client_id"));
  if (!app?.clientSecrets.includes(given("client_secret") ?? ""))
    return refuse("incorrect_client_credentials", "The client_id and/or client_secret passed are incorrect.");
  const now = site.now();
  if (given("grant_type") === "refresh_token") {
    const access = site.state.userAccesses.refresh(now, app, given("refresh_token") ?? "");
    return access
      ? answer(call, tokenOf(access))
      : refuse("bad_refresh_token", "The refresh token passed is incorrect or expired.");
  }
  const code = site.state.userAccesses.takeCode(now, app, given("code") ?? "");
  const bad = () => refuse("bad_verification_code", "The code passed is incorrect or expired.");
  if (!code) return bad();
  const redirectUri = given("redirect_uri");
  if (redirectUri !== undefined && redirectUri !== code.redirectUri)
    return refuse(
      "redirect_uri_mismatch",
      "The redirect_uri MUST match the registered callback URL for this application.",
    );
  if (code.challenge !== undefined && !provesChallenge(given("code_verifier"), code.challenge)) return bad();
  return answer(call, tokenOf(site.state.userAccesses.issue(now, app, code.user)));
}

function tokenOf({ accessToken: token, refreshToken }: UserAccess): Record<string, string | number> {
  return {
    access_token: token,
    expires_in: 28_800,
    refresh_token: refreshToken,
    refresh_token_expires_in: 15_897_600,
    token_type: "bearer",
    scope: "",
  };
}

function answer(call: Call, fields: Record<string, string | number>): Reply {
  if (call.headers.accept?.includes("json"))
    return { status: 200, body: fields, headers: { "cache-control": "no-store" } };
  const form = new URLSearchParams(
    Object.entries(fields).map(([name, value]): [string, string] => [name, String(value)]),
  );
  return {
    status: 200,
    text: form.toString(),
    headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
  };
}

function appOf({ site }: Call, clientId: string | undefined): App | undefined {
  return [...site.state.apps.values()].find((app) => app.clientId === clientId);
}

/** https://docs.github.com/rest/apps/oauth-applications#delete-an-app-token: the App proves itself by its client secret. */
function deleteToken(call: Call): Reply {
  const { site, headers, params, body } = call;
  const app = clientOf(site.state, headers.authorization);
  if (!app || app.clientId !== params.client_id) throw notFound();
  const access = site.state.userAccesses.holder(site.now(), body.string("access_token"));
  if (access?.app !== app) throw new ApiError(422, "Validation Failed");
  site.state.userAccesses.drop(access);
  return noContent();
}
