import type { Context } from "hono";
import type { LedgerPlace } from "../../ports/ledger.ts";
import { answerProblem } from "../problem-page.ts";
import type { Route } from "../route.ts";
import type { Viewer } from "../viewer.ts";
import { type LedgerFilter, ledgerView, verifyStream } from "../views/ledger-view.ts";
import { auditing, streamSight } from "../views/repositories.ts";
import { type LedgerForm, type LedgerPage, ledgerBody } from "./ledger.ts";
import { placeOf } from "./live.ts";
import { type PagesDeps, show } from "./show.ts";

const DAY_MS = 24 * 3_600_000;

export function ledgerRoutes(deps: PagesDeps): Route[] {
  const shown = async (
    context: Context,
    viewer: Viewer,
    query: URLSearchParams,
    verified?: LedgerPage["verified"],
  ): Promise<Response> => {
    const form = formOf(query);
    const audited = await auditing(deps.views, viewer);
    const place = placeOf(query.get("before") ?? undefined);
    const before = place && (await streamSight(deps.views, audited))(place.stream) ? place : undefined;
    const filter = filterOf(form, before);
    const refused = typeof filter === "string" ? filter : undefined;
    const { entries, next } =
      typeof filter === "string" ? { entries: [] } : await ledgerView(deps.views, audited, filter);
    return show(deps, context, viewer, {
      title: "Ledger",
      place: "/ledger",
      status: refused === undefined ? 200 : 422,
      body: ledgerBody({
        entries,
        form,
        later: before !== undefined,
        ...(next ? { next } : {}),
        ...(verified ? { verified } : {}),
        ...(refused === undefined ? {} : { refused }),
      }),
    });
  };
  return [
    {
      method: "GET",
      path: "/ledger",
      access: "auditor",
      summary: "Every event, by repository, subject, type and time.",
      handler: (context, viewer) => shown(context, viewer, new URL(context.req.url).searchParams),
    },
    {
      method: "POST",
      path: "/ledger/verify",
      access: "auditor",
      summary: "Walks the chain of one stream.",
      cost: 20,
      async handler(context, viewer) {
        const sent = (await context.req.formData()).get("stream");
        const stream = typeof sent === "string" ? sent.slice(0, 200) : "";
        const result = await verifyStream(deps.views, await auditing(deps.views, viewer), stream);
        if (!result)
          return answerProblem(context, "not-found", "There is no such stream, or it is not yours to audit.");
        return shown(context, viewer, new URLSearchParams(), { stream, result });
      },
    },
  ];
}

function formOf(query: URLSearchParams): LedgerForm {
  const text = (name: string): string => (query.get(name) ?? "").trim().slice(0, 200);
  return {
    repository: text("repository"),
    subject: text("subject"),
    type: text("type"),
    since: text("since"),
    until: text("until"),
  };
}

/** What the form asks for, or what is wrong with it. */
function filterOf(form: LedgerForm, before: LedgerPlace | undefined): LedgerFilter | string {
  const [owner = "", repository = ""] = form.repository.split("/");
  if (form.repository !== "" && (owner === "" || repository === ""))
    return "A repository is written with its owner: owner/name.";
  const since = dayOf(form.since);
  const until = dayOf(form.until);
  if (since === null || until === null) return "Dates are written as year, month and day: 2026-02-28.";
  return {
    ...(owner === "" ? {} : { owner, repository }),
    ...(form.subject === "" ? {} : { subject: form.subject }),
    ...(form.type === "" ? {} : { type: form.type }),
    ...(since === undefined ? {} : { sinceMs: since }),
    ...(until === undefined ? {} : { untilMs: until + DAY_MS }),
    ...(before ? { before } : {}),
  };
}

/** The day's first moment in UTC; undefined for no date, null for what is none. */
function dayOf(text: string): number | undefined | null {
  if (text === "") return undefined;
  const atMs = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return Number.isNaN(atMs) ? null : atMs;
}
