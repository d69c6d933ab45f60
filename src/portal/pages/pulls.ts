import { html } from "hono/html";
import type { GateState } from "../../model/verdict.ts";
import type { PullRow } from "../views/pull-rows.ts";
import { freshness } from "./freshness.ts";
import { icon } from "./icons.ts";
import type { Html } from "./markup.ts";
import { pager } from "./pager.ts";
import { pullPath } from "./pull-path.ts";
import { STATE_NAMES, shadowTag, stateBadge } from "./state.ts";
import { table } from "./table.ts";
import { ago, outward, said } from "./text.ts";

/** What the form on the list asks for, as its fields are called. An empty field asks for nothing. */
export interface PullsForm {
  /** Part of the title, or the number. */
  text: string;
  /** `owner/name`, or an owner. */
  repository: string;
  state: GateState | "";
  author: string;
  waiting: boolean;
}

export interface PullsPage {
  rows: readonly PullRow[];
  form: PullsForm;
  /** Every repository that the viewer sees here, as `owner/name`. */
  repositories: readonly string[];
  /** Where the next page begins; absent on the last one. */
  next?: string;
  /** Teams that are waited for, as `org/slug`, of which GitHub could not say whether the viewer is in them. */
  untoldTeams: readonly string[];
  /** Whether this is not the first page. */
  later: boolean;
  nowMs: number;
}

const TEAMS_SHOWN = 5;

/** The open pull requests that somebody sees, by repository. */
export function pullsBody(list: PullsPage): Html {
  const query = queryOf(list.form);
  return html`<div class="heading"><h1>Pull requests</h1>${freshness("/", query)}</div>
${filters(list)}
<div id="pulls" data-live="the list of pull requests">
${untold(list.untoldTeams)}
${list.rows.length === 0 ? empty(list) : byRepository(list.rows).map((rows) => repository(rows, list.nowMs))}
${pager({ path: "/", query, later: list.later, next: list.next === undefined ? {} : { after: list.next } })}
</div>`;
}

function filtered({ text, repository, state, author, waiting }: PullsForm): boolean {
  return text !== "" || repository !== "" || state !== "" || author !== "" || waiting;
}

/** The form's fields as the address has them: what is empty is left out. */
function queryOf(form: PullsForm): Record<string, string> {
  return Object.fromEntries(
    Object.entries({ ...form, waiting: form.waiting ? "me" : "" }).filter(([, value]) => value !== ""),
  );
}

function filters({ form, repositories }: PullsPage): Html {
  return html`<form class="panel filters" method="get" action="/" role="search" aria-label="Filter pull requests">
<div class="fields">
<div class="field"><label for="text">Title or number</label><input id="text" name="text" value="${form.text}" autocomplete="off"></div>
<div class="field"><label for="repository">Repository</label><input id="repository" name="repository" list="repositories" value="${form.repository}" placeholder="owner/name" autocomplete="off" spellcheck="false" autocapitalize="none"><datalist id="repositories">${repositories.map(
    (name) => html`<option value="${name}"></option>`,
  )}</datalist></div>
<div class="field"><label for="state">State</label><select id="state" name="state"><option value="">Any</option>${Object.entries(
    STATE_NAMES,
  ).map(
    ([state, name]) => html`<option value="${state}"${state === form.state ? " selected" : ""}>${name}</option>`,
  )}</select></div>
<div class="field"><label for="author">Author</label><input id="author" name="author" value="${form.author}" autocomplete="off" spellcheck="false" autocapitalize="none"></div>
<div class="choice"><input type="checkbox" id="waiting" name="waiting" value="me"${form.waiting ? " checked" : ""}><label for="waiting">Waiting for me</label></div>
<div class="actions"><button type="submit">Filter</button>${filtered(form) ? html`<a class="button quiet" href="/">Clear</a>` : ""}</div>
</div>
</form>`;
}

/** What may be missing from the list is said: it is not the same as nothing. */
function untold(teams: readonly string[]): Html {
  if (teams.length === 0) return html``;
  const shown = teams.slice(0, TEAMS_SHOWN);
  return html`<div class="notice" data-key="untold-teams">${icon("unknown")}<p>Whether you are in ${shown.map(
    (team, at) => html`${at > 0 ? ", " : ""}<code>${said(team, 120)}</code>`,
  )}${teams.length > shown.length ? html` and ${teams.length - shown.length} more teams` : ""} could not be told just now: what waits for them is not shown. Load the page again in a minute.</p></div>`;
}

function byRepository(rows: readonly PullRow[]): PullRow[][] {
  const groups = new Map<number, PullRow[]>();
  for (const row of rows) groups.set(row.repositoryId, [...(groups.get(row.repositoryId) ?? []), row]);
  return [...groups.values()];
}

function repository(rows: PullRow[], nowMs: number): Html {
  const [first] = rows;
  if (!first) return html``;
  return html`<section data-key="repository-${first.repositoryId}">
${table({
  heading: html`<h2><bdi>${first.owner}/${first.repository}</bdi> <span class="muted">${rows.length}<span class="unseen"> open</span></span></h2>`,
  caption: `Open pull requests of ${first.owner}/${first.repository}`,
  columns: [
    { name: "Pull request" },
    { name: "State", kind: "state" },
    { name: "Waiting for", kind: "text" },
    { name: "As of", kind: "time" },
  ],
  rows: rows.map((row) => [pullRequest(row), states(row), awaited(row), ago(row.readAtMs, nowMs)]),
  keys: rows.map((row) => `pull-${row.repositoryId}-${row.number}`),
})}
</section>`;
}

function pullRequest(row: PullRow): Html {
  const onGitHub = html`${icon("outside")}<span class="unseen">Pull request ${row.number} on </span>GitHub`;
  return html`<a class="title" href="${pullPath(row)}">${said(row.title)}</a>
<div class="byline"><span>#${row.number}${row.author ? html` by ${said(row.author, 80)}` : ""} into <code>${said(row.baseRef, 80)}</code></span>${
    row.draft ? html` <span class="tag">${icon("draft")}Draft</span>` : ""
  }${row.fork ? html` <span class="tag">From a fork</span>` : ""}${row.url ? html` <span class="outside">${outward(row.url, onGitHub)}</span>` : ""}</div>`;
}

function states(row: PullRow): Html {
  return html`<span class="states">${stateBadge(row.state)}${row.mode === "shadow" ? shadowTag() : ""}</span>`;
}

function awaited({ awaited: whom, state, author, gateTitle }: PullRow): Html {
  if (state === "deny")
    return html`${author ? said(author, 80) : "the author"}<div class="byline">${said(gateTitle, 120)}</div>`;
  if (state === "unknown") return html`<span class="muted">Nobody: it is tried again by itself</span>`;
  if (whom.length === 0) return html`<span class="muted">Nobody</span>`;
  return html`${whom.map((one, at) => html`${at > 0 ? ", " : ""}${said(one, 120)}`)}`;
}

function empty({ form }: PullsPage): Html {
  if (filtered(form))
    return html`<div class="empty"><p>No open pull request matches.</p><p><a class="button quiet" href="/">Show all</a></p></div>`;
  return html`<div class="empty"><h2>No open pull requests yet</h2>
<p>They show here as soon as one is opened in a repository where this App is installed and that you see on GitHub.</p>
<p>If you miss a repository: ask an owner of its organisation to install the App there, then open or update a pull request.</p></div>`;
}
