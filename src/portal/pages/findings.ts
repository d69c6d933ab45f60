import { html } from "hono/html";
import type { Severity } from "../../model/finding.ts";
import { SEVERITIES } from "../../model/finding.ts";
import { SCAN_KINDS, type ScanKind } from "../../model/scan-kind.ts";
import type { AskedState, FindingPull, FindingRow } from "../views/finding-rows.ts";
import { FINDING_STATE_NAMES, grouped, nameOf, severityBadge } from "./finding-state.ts";
import { freshness } from "./freshness.ts";
import type { Html } from "./markup.ts";
import { addressOf, pager } from "./pager.ts";
import { pullPath } from "./pull-path.ts";
import { table } from "./table.ts";
import { ago, outward, said } from "./text.ts";

/** What the form on the list asks for, as its fields are called. An empty field asks for nothing. */
export interface FindingsForm {
  /** Part of the rule or the path. */
  text: string;
  /** `owner/name`, or an owner. */
  repository: string;
  kind: ScanKind | "";
  severity: Severity | "";
  state: AskedState | "";
  /** Number of a pull request. */
  pull: string;
}

export interface FindingsPage {
  rows: readonly FindingRow[];
  form: FindingsForm;
  repositories: readonly string[];
  /** Where the next page begins; absent on the last one. */
  next?: string;
  /** Whether this is not the first page. */
  later: boolean;
  nowMs: number;
}

export const ASKED_STATES: Record<AskedState, string> = { ...FINDING_STATE_NAMES, suppression: "Suppression comments" };

export function findingPath(row: Pick<FindingRow, "owner" | "repository" | "fingerprint">): string {
  return `/findings/${encodeURIComponent(row.owner)}/${encodeURIComponent(row.repository)}/${encodeURIComponent(row.fingerprint)}`;
}

/** The findings of one pull request, or of one of its scans. */
export function findingsAddress(
  pull: { owner: string; repository: string; number: number },
  more: Record<string, string> = {},
): string {
  return addressOf("/findings", {
    repository: `${pull.owner}/${pull.repository}`,
    pull: String(pull.number),
    ...more,
  });
}

/** What scans found in the open pull requests that somebody sees, the worst first. */
export function findingsBody(list: FindingsPage): Html {
  const { rows, next, later, nowMs } = list;
  const query = queryOf(list.form);
  return html`<div class="heading"><h1>Findings</h1>${freshness("/findings", query)}</div>
<p class="trail"><a href="${addressOf("/waivers", query.repository === undefined ? {} : { repository: query.repository })}">Waivers</a></p>
${filters(list)}
<div id="findings" data-live="the list of findings">
${
  rows.length === 0
    ? empty(list)
    : table({
        caption: html`Findings of open pull requests, the worst first <span class="muted">${grouped(rows.length)}<span class="unseen"> on this page</span></span>`,
        columns: [
          { name: "Finding" },
          { name: "Severity", kind: "time" },
          { name: "State", kind: "state" },
          { name: "Pull requests", kind: "time" },
        ],
        rows: rows.map((row) => [
          findingCell(row),
          severityBadge(row.severity),
          stateCell(row, nowMs),
          pullsCell(row, row.pulls, row.pullCount),
        ]),
        keys: rows.map((row) => `finding-${row.repositoryId}-${row.severity}-${row.fingerprint}`),
      })
}
${pager({ path: "/findings", query, later, next: next === undefined ? {} : { after: next } })}
</div>`;
}

/** The form's fields as the address has them: what is empty is left out. */
export function queryOf(form: FindingsForm): Record<string, string> {
  return Object.fromEntries(Object.entries(form).filter(([, value]) => value !== ""));
}

function findingCell(row: FindingRow): Html {
  return html`<a class="title" href="${findingPath(row)}">${said(row.message, 200)}</a>
<div class="byline"><code>${said(row.rule, 120)}</code> <span>${place(row)}</span></div>
<div class="byline"><span><bdi>${row.owner}/${row.repository}</bdi></span>${row.tool ? html` <span>${said(row.tool, 60)}</span>` : ""}${row.onChangedLine ? html` <span>on a changed line</span>` : ""}</div>`;
}

/** `src/pay.js:12`, as a link where GitHub shows it. */
export function place({ path, line, url, sha }: { path?: string; line?: number; url?: string; sha: string }): Html {
  const where = path === undefined ? `commit ${sha.slice(0, 10)}` : line === undefined ? path : `${path}:${line}`;
  return html`${outward(url, said(where, 200))}`;
}

function stateCell({ state, sinceMs, waiver, wouldBeWaived }: FindingRow, nowMs: number): Html {
  if (state === "waived" && waiver) {
    return html`<span class="tag">Waived</span><div class="byline"><span>until ${said(waiver.until, 20)} by ${said(waiver.owner, 100)}</span></div>`;
  }
  return html`<span class="tag finding-${state}">${FINDING_STATE_NAMES[state]}</span><div class="byline"><span>seen ${ago(sinceMs, nowMs)}</span></div>${wouldBeWaived ? html`<div class="byline">a waiver is proposed</div>` : ""}`;
}

export function pullsCell(
  repository: { owner: string; repository: string },
  pulls: readonly FindingPull[],
  count: number,
): Html {
  return html`${pulls.map(
    ({ number }, at) => html`${at > 0 ? ", " : ""}<a href="${pullPath({ ...repository, number })}">#${number}</a>`,
  )}${count > pulls.length ? html` and ${grouped(count - pulls.length)} more` : ""}`;
}

function filters({ form, repositories }: FindingsPage): Html {
  const choice = (name: string, label: string, chosen: string, options: [value: string, name: string][]): Html =>
    html`<div class="field"><label for="${name}">${label}</label><select id="${name}" name="${name}">${options.map(
      ([value, shown]) => html`<option value="${value}"${value === chosen ? " selected" : ""}>${shown}</option>`,
    )}</select></div>`;
  return html`<form class="panel filters" method="get" action="/findings" role="search" aria-label="Filter findings">
<div class="fields">
<div class="field"><label for="text">Rule or path</label><input id="text" name="text" value="${form.text}" autocomplete="off" spellcheck="false" autocapitalize="none"></div>
<div class="field"><label for="repository">Repository</label><input id="repository" name="repository" list="repositories" value="${form.repository}" placeholder="owner/name" autocomplete="off" spellcheck="false" autocapitalize="none"><datalist id="repositories">${repositories.map(
    (name) => html`<option value="${name}"></option>`,
  )}</datalist></div>
${choice("kind", "Scan", form.kind, [["", "Any"], ...SCAN_KINDS.map((kind): [string, string] => [kind, kind])])}
${choice("severity", "Severity", form.severity, [["", "Any"], ...SEVERITIES.map((one): [string, string] => [one, nameOf(one)])])}
${choice("state", "State", form.state, [["", "All that stand"], ...Object.entries(ASKED_STATES)])}
<div class="field"><label for="pull">Pull request</label><input id="pull" name="pull" value="${form.pull}" inputmode="numeric" autocomplete="off"></div>
<div class="actions"><button type="submit">Filter</button>${Object.keys(queryOf(form)).length > 0 ? html`<a class="button quiet" href="/findings">Clear</a>` : ""}</div>
</div>
</form>`;
}

function empty({ form, later, next }: FindingsPage): Html {
  if (next !== undefined)
    return html`<div class="empty"><p>Nothing matches so far. There is more to look through.</p></div>`;
  if (later) return html`<div class="empty"><p>There is no more.</p></div>`;
  if (Object.keys(queryOf(form)).length > 0)
    return html`<div class="empty"><p>No finding matches.</p><p><a class="button quiet" href="/findings">Show all</a></p></div>`;
  return html`<div class="empty"><h2>No findings</h2>
<p>What scans find in open pull requests stands here: secrets always, the rest where a repository's <code>hms.yml</code> says what to scan.</p>
<p>A scan that is not completed has not found anything yet, which is not the same: the pull request's own page tells how its scans stand.</p></div>`;
}

/** Whether the form may ask for it. */
export function isAskedState(text: string): text is AskedState {
  return Object.hasOwn(ASKED_STATES, text);
}
