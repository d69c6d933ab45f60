import { Hono } from "hono";
import { problem } from "./problem.ts";
import { type Authenticate, mount, type Route } from "./route.ts";

/** Everything but the webhook: all routes, each with who may use it, behind the headers that every answer carries. */
export function httpApp(routes: readonly Route[], authenticate: Authenticate): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    const own = context.res.headers.has("content-security-policy");
    if (!own) {
      context.header(
        "content-security-policy",
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      );
    }
    context.header("x-content-type-options", "nosniff");
    context.header("referrer-policy", "no-referrer");
  });
  mount(app, routes, authenticate);
  app.notFound(() => problem("not-found"));
  app.onError(() => problem("internal-error"));
  return app;
}
