import type { Context } from "hono";
import { SEVERITIES, type Severity } from "../../model/finding.ts";
import { SCAN_KINDS, type ScanKind } from "../../model/scan-kind.ts";
import { findingCursor, readFindingCursor } from "../api/cursor.ts";
import { answerProblem } from "../problem-page.ts";
import type { Route } from "../route.ts";
import type { Viewer } from "../viewer.ts";
import type { ViewDeps } from "../views/deps.ts";
import { findingRows } from "../views/finding-rows.ts";
import { findingView } from "../views/finding-view.ts";
import { seenRepositories } from "../views/repositories.ts";
import { pullScans } from "../views/scans-view.ts";
import { waiverBlock } from "../views/waiver-block.ts";
import { waiversView } from "../views/waivers-view.ts";
import { findingBody } from "./finding.ts";
import { type FindingsForm, type FindingsPage, findingsBody, isAskedState } from "./findings.ts";
import { scansBody } from "./scans.ts";
import { type PagesDeps, show } from "./show.ts";
import { plain } from "./text.ts";
import { waiversBody } from "./waivers.ts";

const ROWS = 50;
const OFFERED_REPOSITORIES_MAX = 500;

/** The pages about what scans found. */
export function findingRoutes(deps: PagesDeps): Route[] {
  return [
    {
      method: "GET",
      path: "/findings",
      access: "reader",
      summary: "Findings of open pull requests, the worst first.",
      cost: 5,
      handler: async (context, viewer) =>
        show(deps, context, viewer, {
          title: "Findings",
          body: findingsBody(await findingsPage(deps.views, viewer, new URL(context.req.url).searchParams)),
        }),
    },
    {
      method: "GET",
      path: "/findings/:owner/:repository/:fingerprint",
      access: "reader",
      summary: "One finding: how to mend it, where it stands, what became of it, how to waive it.",
      cost: 10,
      handler: (context, viewer) => finding(deps, context, viewer),
    },
    {
      method: "GET",
      path: "/waivers",
      access: "reader",
      summary: "Waivers in force by repository: what they cover, unused and expired ones.",
      cost: 5,
      handler: (context, viewer) => waivers(deps, context, viewer),
    },
    {
      method: "GET",
      path: "/pulls/:owner/:repository/:number/scans",
      access: "reader",
      summary: "The scans of one pull request: how each stands, what it found, in which order to mend it.",
      handler: (context, viewer) => scans(deps, context, viewer),
    },
  ];
}

async function finding(deps: PagesDeps, context: Context, viewer: Viewer): Promise<Response> {
  const { owner = "", repository = "", fingerprint = "" } = context.req.param();
  const view = /^[0-9a-f]{64}$/.test(fingerprint)
    ? await findingView(deps.views, viewer, owner, repository, fingerprint)
    : undefined;
  if (!view) return answerProblem(context, "not-found");
  return show(deps, context, viewer, {
    title: `${plain(view.row.rule, 80)} · ${view.row.owner}/${view.row.repository}`,
    body: findingBody({ view, waiver: waiverBlock(view, viewer.login), nowMs: deps.views.clock.now() }),
    place: "/findings",
  });
}

async function scans(deps: PagesDeps, context: Context, viewer: Viewer): Promise<Response> {
  const { owner = "", repository = "", number = "" } = context.req.param();
  const found = /^[1-9]\d{0,9}$/.test(number)
    ? await pullScans(deps.views, viewer, owner, repository, Number(number))
    : undefined;
  if (!found) return answerProblem(context, "not-found");
  const { pull } = found;
  return show(deps, context, viewer, {
    title: `Scans of ${plain(found.title, 80)} · ${pull.owner}/${pull.repository} #${pull.number}`,
    body: scansBody(found, deps.views.clock.now()),
    place: "/findings",
  });
}

async function waivers(deps: PagesDeps, context: Context, viewer: Viewer): Promise<Response> {
  const asked = textOf(new URL(context.req.url).searchParams, "repository");
  const repositories = await waiversView(deps.views, viewer, named(asked));
  return show(deps, context, viewer, {
    title: "Waivers",
    body: waiversBody({ repositories, asked, nowMs: deps.views.clock.now() }),
    place: "/findings",
  });
}

/** The list as its address asks for it. What the address has wrong asks for nothing. */
async function findingsPage(views: ViewDeps, viewer: Viewer, query: URLSearchParams): Promise<FindingsPage> {
  const form = formOf(query);
  const { text, kind, severity, state, pull } = form;
  const after = readFindingCursor((query.get("after") ?? "").slice(0, 4_000));
  const { rows, next } = await findingRows(views, viewer, {
    ...named(form.repository),
    ...(text === "" ? {} : { text }),
    ...(kind === "" ? {} : { kind }),
    ...(severity === "" ? {} : { severity }),
    ...(state === "" ? {} : { state }),
    ...(pull === "" ? {} : { pull: Number(pull) }),
    ...(after === undefined ? {} : { after }),
    limit: ROWS,
  });
  const repositories = (await seenRepositories(views, viewer)).slice(0, OFFERED_REPOSITORIES_MAX);
  return {
    rows,
    form,
    repositories: repositories.map(({ ref }) => `${ref.owner}/${ref.name}`),
    ...(next === undefined ? {} : { next: findingCursor(next) }),
    later: after !== undefined,
    nowMs: views.clock.now(),
  };
}

function formOf(query: URLSearchParams): FindingsForm {
  const kind = textOf(query, "kind");
  const severity = textOf(query, "severity");
  const state = textOf(query, "state");
  const pull = textOf(query, "pull").replace(/^#/, "");
  return {
    text: textOf(query, "text"),
    repository: textOf(query, "repository"),
    kind: SCAN_KINDS.includes(kind as ScanKind) ? (kind as ScanKind) : "",
    severity: SEVERITIES.includes(severity as Severity) ? (severity as Severity) : "",
    state: isAskedState(state) ? state : "",
    pull: /^[1-9]\d{0,9}$/.test(pull) ? pull : "",
  };
}

function textOf(query: URLSearchParams, name: string): string {
  return (query.get(name) ?? "").trim().slice(0, 200);
}

/** `owner/name`, or an owner. */
function named(text: string): { owner?: string; repository?: string } {
  const [owner = "", repository = ""] = text.split("/");
  return { ...(owner === "" ? {} : { owner }), ...(repository === "" ? {} : { repository }) };
}
