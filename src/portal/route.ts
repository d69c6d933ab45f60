import type { Context, Hono } from "hono";
import { problem } from "./problem.ts";
import type { Role, Viewer } from "./viewer.ts";

interface RouteBase {
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** Hono's pattern: `/pulls/:owner/:repository/:number`. */
  path: string;
  /** One line: what it is for. */
  summary: string;
}

/**
 * One route with its authorisation decision. There is no other way to add one, so that none can be without.
 *
 * `public`: anyone; it says nothing about any repository. `reader` and above: somebody who is signed in and has that role for some owner;
 * the handler narrows it to what `viewer` sees and to the owner at hand.
 */
export type Route =
  | (RouteBase & { access: "public"; handler(context: Context): Response | Promise<Response> })
  | (RouteBase & { access: Role; handler(context: Context, viewer: Viewer): Response | Promise<Response> });

/** Who sends a request; undefined for whoever did not sign in. */
export type Authenticate = (context: Context) => Promise<Viewer | undefined>;

/** Whether it is a page for people, who are led to sign in, or for programs, who are told. */
const isPage = (path: string): boolean => !path.startsWith("/api/");

export function mount(app: Hono, routes: readonly Route[], authenticate: Authenticate): void {
  for (const route of routes) {
    app.on(route.method, route.path, async (context) => {
      if (route.access === "public") return route.handler(context);
      const viewer = await authenticate(context);
      if (!viewer) {
        return isPage(route.path) && route.method === "GET"
          ? context.redirect(`/sign-in?to=${encodeURIComponent(context.req.path)}`, 303)
          : problem("not-signed-in");
      }
      if (!viewer.has(route.access)) return problem("not-allowed", `This needs the role ${route.access}.`);
      return route.handler(context, viewer);
    });
  }
}
