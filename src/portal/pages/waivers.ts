import { html } from "hono/html";
import type { RepositoryWaivers, WaiverRow, WaiverState } from "../views/waivers-view.ts";
import { findingPath, pullsCell } from "./findings.ts";
import { freshness } from "./freshness.ts";
import { type IconName, icon } from "./icons.ts";
import type { Html } from "./markup.ts";
import { addressOf } from "./pager.ts";
import { table } from "./table.ts";
import { ago, said } from "./text.ts";

export interface WaiversPage {
  repositories: readonly RepositoryWaivers[];
  /** `owner/name`, an owner, or empty. */
  asked: string;
  nowMs: number;
}

const STATES: Record<WaiverState, { icon: IconName; words: string }> = {
  "in-use": { icon: "shadow", words: "In use" },
  unused: { icon: "absent", words: "Covers nothing" },
  expired: { icon: "warning", words: "Expired" },
  "too-long": { icon: "warning", words: "Does not count: too long" },
};
const ROWS_MAX = 500;
const PULLS_SHOWN = 5;

/** The waivers of the repositories that somebody sees. */
export function waiversBody({ repositories, asked, nowMs }: WaiversPage): Html {
  const query: Record<string, string> = asked === "" ? {} : { repository: asked };
  return html`<div class="heading"><h1>Waivers</h1>${freshness("/waivers", query)}</div>
<p class="trail"><a href="${addressOf("/findings", query)}">Findings</a></p>
<div id="waivers" data-live="the waivers">
${repositories.length === 0 ? empty(asked) : repositories.map((one) => repository(one, nowMs))}
</div>`;
}

function repository(view: RepositoryWaivers, nowMs: number): Html {
  const { owner, repository: name, path, defaultBranch, readAtMs, broken, waivers } = view;
  const shown = waivers.slice(0, ROWS_MAX);
  return html`<section data-key="repository-${view.repositoryId}">
${broken ? problems(view, broken) : ""}
${table({
  heading: html`<h2><bdi>${owner}/${name}</bdi> <span class="muted">${waivers.length}</span> <span class="muted small"><code>${said(path, 200)}</code> on <code>${said(defaultBranch, 100)}</code>, read ${ago(readAtMs, nowMs)}</span></h2>`,
  caption: `Waivers of ${owner}/${name}`,
  columns: [
    { name: "Waiver" },
    { name: "State", kind: "state" },
    { name: "Until", kind: "time" },
    { name: "Covers", kind: "time" },
  ],
  rows: shown.map((waiver) => [
    what(view, waiver),
    html`<span class="states">${icon(STATES[waiver.state].icon)} ${STATES[waiver.state].words}</span>`,
    html`${said(waiver.expires, 20)}`,
    covers(view, waiver),
  ]),
  keys: shown.map(({ line }) => `waiver-${view.repositoryId}-${line}`),
})}${shown.length < waivers.length ? html`<p class="small muted">And ${waivers.length - shown.length} more in the file.</p>` : ""}
</section>`;
}

function what(view: RepositoryWaivers, { fingerprint, rule, path, reason, owner, line }: WaiverRow): Html {
  const of =
    fingerprint === undefined
      ? html`<code>${said(rule ?? "", 120)}</code> in <code>${said(path ?? "", 200)}</code>`
      : html`<a href="${findingPath({ owner: view.owner, repository: view.repository, fingerprint })}">${rule === undefined ? "" : html`<code>${said(rule, 120)}</code> `}<code>${fingerprint.slice(0, 12)}…</code></a>`;
  return html`<div>${of}</div><div class="byline"><span>${said(reason, 500)}</span></div><div class="byline"><span>${said(owner, 120)}</span> <span>line ${line}</span></div>`;
}

function covers(view: RepositoryWaivers, { findings, pulls }: WaiverRow): Html {
  if (findings === 0) return html`<span class="muted">Nothing</span>`;
  const told = pulls.slice(0, PULLS_SHOWN).map((number) => ({ number, state: "waived" as const, url: "" }));
  return html`${findings === 1 ? "1 finding" : `${findings} findings`}<div class="byline"><span>${pullsCell(view, told, pulls.length)}</span></div>`;
}

function problems({ path, defaultBranch }: RepositoryWaivers, broken: NonNullable<RepositoryWaivers["broken"]>): Html {
  return html`<div class="notice bad">${icon("warning")}<div><p><code>${said(path, 200)}</code> on <code>${said(defaultBranch, 100)}</code> cannot be read: until it is repaired nothing is waived.</p>
<ul>${broken.slice(0, 20).map(({ line, column, message }) => html`<li>line ${line}, column ${column}: ${said(message, 500)}</li>`)}</ul></div></div>`;
}

function empty(asked: string): Html {
  return html`<div class="empty"><h2>No waivers</h2><p>${asked === "" ? "No repository that you see has any, as far as its pull requests were looked at." : "None here, as far as pull requests were looked at."} A waiver is merged to the default branch, with a reason, an owner and a last day.</p></div>`;
}
