import { found, page, signInPage } from "../browser.ts";
import type { Call, Reply, Router } from "../http/router.ts";

/** Signing in at GitHub in a browser. The password is the person's personal access token. */
export function signInRoutes(router: Router): void {
  router.on("GET /login", ({ query }) => signInPage(200, "Sign in to GitHub", query.get("return_to") ?? ""));
  router.on("POST /session", signIn);
}

function signIn({ site, body }: Call): Reply {
  const password = body.optionalString("password") ?? "";
  const back = body.optionalString("return_to") ?? "";
  const person = site.state.userTokens.get(password);
  if (person?.login !== body.optionalString("login")) return signInPage(401, "Incorrect username or password.", back);
  // Nowhere but on this server.
  const to = back.startsWith(`${site.url}/`) ? found(back) : page(200, `Signed in as ${person?.login}`);
  const cookie = `user_session=${encodeURIComponent(password)}; Path=/; HttpOnly; SameSite=Lax`;
  return { ...to, headers: { ...to.headers, "set-cookie": cookie } };
}
