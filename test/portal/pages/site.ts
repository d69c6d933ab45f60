import type { Hono } from "hono";
import { pino } from "pino";
import { httpApp } from "../../../src/portal/http.ts";
import { pageRoutes } from "../../../src/portal/pages/pages.ts";
import type { Viewer } from "../../../src/portal/viewer.ts";
import type { Teams } from "../../../src/ports/people.ts";
import type { Village } from "../views/village.ts";

const ORIGIN = "https://hms.example.com";

interface SiteOptions {
  ownPolicy?: boolean;
  /** What GitHub says of teams. */
  isMember?: Teams["isActiveMember"];
}

/** The pages over a village, for one viewer. */
export function site(
  { deps, clock }: Village,
  viewer: Viewer | undefined,
  { ownPolicy = true, isMember = async () => false }: SiteOptions = {},
) {
  const authenticate = async () => viewer;
  const routes = pageRoutes({
    views: deps,
    authenticate,
    ownPolicy,
    teams: { isActiveMember: isMember },
    log: pino({ enabled: false }),
  });
  const app: Hono = httpApp(routes, authenticate, {
    publicUrl: ORIGIN,
    now: () => clock.now(),
    failed(error) {
      throw error;
    },
  });
  const headers = { accept: "text/html", "sec-fetch-site": "same-origin", origin: ORIGIN };
  const ask = async (path: string, body?: FormData) => {
    const answer = await app.request(`${ORIGIN}${path}`, { headers, ...(body ? { method: "POST", body } : {}) });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };
  return {
    app,
    get: (path: string) => ask(path),
    post(path: string, fields: Record<string, string | File>) {
      const form = new FormData();
      for (const [name, value] of Object.entries(fields)) form.set(name, value);
      return ask(path, form);
    },
  };
}

/** The document's words, in their order, without markup. */
export function words(markup: string): string {
  return markup
    .replace(/<head>.*?<\/head>/s, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ")
    .trim();
}
