import type { Context } from "hono";
import { answerProblem } from "../problem-page.ts";
import type { Route } from "../route.ts";
import type { Viewer } from "../viewer.ts";
import type { ViewDeps } from "../views/deps.ts";
import { previewRows } from "../views/preview-rows.ts";
import { pullPreview } from "../views/preview-view.ts";
import { placeOfRow } from "../views/pull-rows.ts";
import { seenRepositories } from "../views/repositories.ts";
import { previewBody } from "./preview.ts";
import { isPreviewState } from "./preview-state.ts";
import { type PreviewsForm, type PreviewsPage, previewsBody } from "./previews.ts";
import { type PagesDeps, show } from "./show.ts";
import { plain } from "./text.ts";

const ROWS = 50;
const OFFERED_REPOSITORIES_MAX = 500;

/** The pages about previews. */
export function previewRoutes(deps: PagesDeps): Route[] {
  return [
    {
      method: "GET",
      path: "/previews",
      access: "reader",
      summary: "Previews by repository: state, age, cluster, time to live.",
      handler: async (context, viewer) =>
        show(deps, context, viewer, {
          title: "Previews",
          body: previewsBody(await previewsPage(deps.views, viewer, new URL(context.req.url).searchParams)),
        }),
    },
    {
      method: "GET",
      path: "/pulls/:owner/:repository/:number/preview",
      access: "reader",
      summary: "The preview of one pull request: state, reasons, what runs, use against quota, what happened.",
      handler: (context, viewer) => preview(deps, context, viewer),
    },
  ];
}

async function preview(deps: PagesDeps, context: Context, viewer: Viewer): Promise<Response> {
  const { owner = "", repository = "", number = "" } = context.req.param();
  const found = /^[1-9]\d{0,9}$/.test(number)
    ? await pullPreview(deps.views, viewer, owner, repository, Number(number))
    : undefined;
  if (!found) return answerProblem(context, "not-found");
  const { pull } = found;
  return show(deps, context, viewer, {
    title: `Preview of ${plain(pull.title ?? `#${pull.number}`, 80)} · ${pull.owner}/${pull.repository} #${pull.number}`,
    body: previewBody(found, deps.views.clock.now()),
    place: "/previews",
  });
}

/** The list as its address asks for it. What the address has wrong asks for nothing. */
async function previewsPage(views: ViewDeps, viewer: Viewer, query: URLSearchParams): Promise<PreviewsPage> {
  const form = formOf(query);
  const after = query.get("after") ?? "";
  const [owner = "", repository = ""] = form.repository.split("/");
  const rows = await previewRows(views, viewer, {
    ...(owner === "" ? {} : { owner }),
    ...(repository === "" ? {} : { repository }),
    ...(form.state === "" ? {} : { state: form.state }),
    ...(/#\d{1,10}$/.test(after) ? { after } : {}),
    limit: ROWS + 1,
  });
  const shown = rows.slice(0, ROWS);
  const last = shown.at(-1);
  const repositories = (await seenRepositories(views, viewer)).slice(0, OFFERED_REPOSITORIES_MAX);
  return {
    rows: shown,
    form,
    repositories: repositories.map(({ ref }) => `${ref.owner}/${ref.name}`),
    ...(rows.length > ROWS && last ? { next: placeOfRow(last) } : {}),
    later: after !== "",
    enabled: views.lookAtPreview !== undefined,
    nowMs: views.clock.now(),
  };
}

function formOf(query: URLSearchParams): PreviewsForm {
  const text = (name: string): string => (query.get(name) ?? "").trim().slice(0, 200);
  const state = text("state");
  return { repository: text("repository"), state: state === "any" || isPreviewState(state) ? state : "" };
}
