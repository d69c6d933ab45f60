import { html } from "hono/html";
import type { PreviewState } from "../../model/preview.ts";
import { PREVIEW_TITLES } from "../../preview/preview.ts";
import type { PreviewRow } from "../views/preview-rows.ts";
import { freshness } from "./freshness.ts";
import type { Html } from "./markup.ts";
import { pager } from "./pager.ts";
import { previewBadge } from "./preview-state.ts";
import { previewPath } from "./pull-path.ts";
import { table } from "./table.ts";
import { ago, ahead, outward, said } from "./text.ts";

/** The form on the list as it was sent; empty fields ask for nothing. */
export interface PreviewsForm {
  /** `owner/name`, or an owner. */
  repository: string;
  /** `any`: also those of which nothing is left. Empty: those that are there, on their way there or on their way out. */
  state: PreviewState | "any" | "";
}

export interface PreviewsPage {
  rows: readonly PreviewRow[];
  form: PreviewsForm;
  repositories: readonly string[];
  next?: string;
  /** Whether this is not the first page. */
  later: boolean;
  /** Whether this process has clusters to make previews on. */
  enabled: boolean;
  nowMs: number;
}

/** The previews that somebody sees. */
export function previewsBody(list: PreviewsPage): Html {
  const { rows, form, next, later, nowMs } = list;
  const query = Object.fromEntries(Object.entries(form).filter(([, value]) => value !== ""));
  return html`<div class="heading"><h1>Previews</h1>${freshness("/previews", query)}</div>
${filters(list)}
<div id="previews" data-live="the list of previews">
${
  rows.length === 0
    ? empty(list)
    : table({
        caption: html`Previews <span class="muted">${rows.length}</span>`,
        columns: [
          { name: "Pull request" },
          { name: "State", kind: "state" },
          { name: "Cluster", kind: "time" },
          { name: "Age", kind: "time" },
          { name: "Until", kind: "state" },
        ],
        rows: rows.map((row) => [
          pullRequest(row),
          html`<span class="states">${previewBadge(row)}</span>${row.position === undefined ? "" : html`<div class="byline">Number ${row.position} in line</div>`}`,
          html`${row.clusters.length === 0 ? html`<span class="muted">None</span>` : said(row.clusters.join(", "), 120)}`,
          html`${row.createdAtMs === undefined ? html`<span class="muted">Not made yet</span>` : ago(row.createdAtMs, nowMs)}`,
          html`${until(row, nowMs)}`,
        ]),
        keys: rows.map((row) => `preview-${row.repositoryId}-${row.number}`),
      })
}
${pager({ path: "/previews", query, later, next: next === undefined ? {} : { after: next } })}
</div>`;
}

function pullRequest(row: PreviewRow): Html {
  const why = row.unknown ?? row.why;
  return html`<a class="title" href="${previewPath(row)}">${said(row.title)}</a>
<div class="byline"><span><bdi>${row.owner}/${row.repository}</bdi> #${row.number}</span>${
    row.url === undefined || row.state !== "healthy"
      ? ""
      : html` <span class="outside">${outward(row.url, html`Open<span class="unseen"> the preview of ${row.repository} #${row.number}</span>`)}</span>`
  }</div>${why === undefined ? "" : html`<div class="byline">${said(why, 160)}</div>`}`;
}

/** When it goes to sleep or is removed, whichever comes first. */
function until({ state, expiresAtMs, sleepsAtMs }: PreviewRow, nowMs: number): Html {
  const there = ["provisioning", "healthy", "degraded", "failed", "sleeping"].includes(state);
  if (!there || expiresAtMs === undefined) return html``;
  const sleeps = state !== "sleeping" && sleepsAtMs !== undefined && sleepsAtMs < expiresAtMs;
  return sleeps ? html`Asleep ${ahead(sleepsAtMs, nowMs)}` : html`Removed ${ahead(expiresAtMs, nowMs)}`;
}

function filters({ form, repositories }: PreviewsPage): Html {
  const option = (value: string, name: string): Html =>
    html`<option value="${value}"${value === form.state ? " selected" : ""}>${name}</option>`;
  return html`<form class="panel filters" method="get" action="/previews" role="search" aria-label="Filter previews">
<div class="fields">
<div class="field"><label for="repository">Repository</label><input id="repository" name="repository" list="repositories" value="${form.repository}" placeholder="owner/name" autocomplete="off" spellcheck="false" autocapitalize="none"><datalist id="repositories">${repositories.map(
    (name) => html`<option value="${name}"></option>`,
  )}</datalist></div>
<div class="field"><label for="state">State</label><select id="state" name="state">${option("", "Those that are there")}${option("any", "All, also removed ones")}${Object.entries(
    PREVIEW_TITLES,
  ).map(([state, name]) => option(state, name))}</select></div>
<div class="actions"><button type="submit">Filter</button>${form.repository !== "" || form.state !== "" ? html`<a class="button quiet" href="/previews">Clear</a>` : ""}</div>
</div>
</form>`;
}

function empty({ form, enabled, later }: PreviewsPage): Html {
  if (form.repository !== "" || form.state !== "" || later)
    return html`<div class="empty"><p>No preview matches.</p><p><a class="button quiet" href="/previews">Show all</a></p></div>`;
  if (!enabled)
    return html`<div class="empty"><h2>Previews are off</h2><p>The operator declared no clusters to make them on.</p></div>`;
  return html`<div class="empty"><h2>No previews</h2><p>A pull request gets one where its repository's <code>hms.yml</code> says what to preview.</p></div>`;
}
