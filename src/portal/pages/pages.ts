import type { Context } from "hono";
import { answerProblem } from "../problem-page.ts";
import type { Route } from "../route.ts";
import type { Viewer } from "../viewer.ts";
import { installationsView } from "../views/installations.ts";
import { pullView } from "../views/pull-view.ts";
import { queueView, retryKey } from "../views/queue-view.ts";
import { pullScans } from "../views/scans-view.ts";
import { complianceRoute } from "./compliance.ts";
import { decisionRoutes } from "./decision-routes.ts";
import { findingRoutes } from "./finding-routes.ts";
import { frontBody } from "./front.ts";
import { installationsBody } from "./installations.ts";
import { ledgerRoutes } from "./ledger-routes.ts";
import { liveRoute } from "./live.ts";
import { MyTeams } from "./my-teams.ts";
import { previewRoutes } from "./preview-routes.ts";
import { pullBody } from "./pull.ts";
import { pullsBody } from "./pulls.ts";
import { pullsPage } from "./pulls-query.ts";
import { queueBody } from "./queue.ts";
import { type PagesDeps, show } from "./show.ts";
import { plain } from "./text.ts";
import { whatIfRoutes } from "./what-if-routes.ts";

/** What people see in a browser: every page, readable without the script. */
export function pageRoutes(deps: PagesDeps): Route[] {
  const teams = new MyTeams({ teams: deps.teams, clock: deps.views.clock, log: deps.log });
  return [
    {
      method: "GET",
      path: "/",
      access: "public",
      summary: "Open pull requests of whoever is signed in; for everybody else what this is.",
      async handler(context) {
        const viewer = await deps.authenticate(context);
        return viewer
          ? pulls(deps, teams, context, viewer)
          : show(deps, context, undefined, { title: "The gate of your pull requests", body: frontBody() });
      },
    },
    {
      method: "GET",
      path: "/pulls/:owner/:repository/:number",
      access: "reader",
      summary: "One pull request: verdict, facts, what to do next, what happened.",
      handler: (context, viewer) => pull(deps, context, viewer),
    },
    ...previewRoutes(deps),
    ...findingRoutes(deps),
    ...decisionRoutes(deps),
    ...whatIfRoutes(deps),
    ...queueRoutes(deps),
    installationsRoute(deps),
    ...ledgerRoutes(deps),
    complianceRoute(deps),
    liveRoute({ ledger: deps.views.engine.ledger, log: deps.log }),
  ];
}

async function pulls(deps: PagesDeps, teams: MyTeams, context: Context, viewer: Viewer): Promise<Response> {
  const list = await pullsPage(deps.views, teams, viewer, new URL(context.req.url).searchParams);
  return show(deps, context, viewer, { title: "Pull requests", body: pullsBody(list) });
}

async function pull(deps: PagesDeps, context: Context, viewer: Viewer): Promise<Response> {
  const { owner = "", repository = "", number = "" } = context.req.param();
  const view = /^[1-9]\d{0,9}$/.test(number)
    ? await pullView(deps.views, viewer, owner, repository, Number(number))
    : undefined;
  if (!view) return answerProblem(context, "not-found");
  const { ownPolicy } = deps;
  const scans = (await pullScans(deps.views, viewer, owner, repository, Number(number)))?.scans ?? [];
  return show(deps, context, viewer, {
    title: `${plain(view.row.title, 80)} · ${view.row.owner}/${view.row.repository} #${view.row.number}`,
    body: pullBody({ view, scans, ownPolicy, nowMs: deps.views.clock.now() }),
    place: "/",
  });
}

function queueRoutes(deps: PagesDeps): Route[] {
  const shown = async (context: Context, viewer: Viewer, retried?: { key: string; done: boolean }) =>
    show(deps, context, viewer, {
      title: "Queue",
      place: "/queue",
      body: queueBody({
        view: await queueView(deps.views, viewer),
        nowMs: deps.views.clock.now(),
        ...(retried ? { retried } : {}),
      }),
    });
  return [
    {
      method: "GET",
      path: "/queue",
      access: "operator",
      summary: "What waits to be worked on, and what is parked until somebody acts.",
      handler: (context, viewer) => shown(context, viewer),
    },
    {
      method: "POST",
      path: "/queue/retry",
      access: "operator",
      summary: "Tries a parked key again.",
      async handler(context, viewer) {
        const key = (await context.req.formData()).get("key");
        const named = typeof key === "string" ? key.slice(0, 200) : "";
        return shown(context, viewer, { key: named, done: await retryKey(deps.views, viewer, named) });
      },
    },
  ];
}

function installationsRoute(deps: PagesDeps): Route {
  return {
    method: "GET",
    path: "/installations",
    access: "operator",
    summary: "What has become of each installation, what to do about it, and what is left of GitHub's limits.",
    handler: async (context, viewer) =>
      show(deps, context, viewer, {
        title: "Installations",
        body: installationsBody(await installationsView(deps.views, viewer), deps.views.clock.now()),
      }),
  };
}
