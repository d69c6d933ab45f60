import { html } from "hono/html";
import type { LedgerEntry, LedgerPlace } from "../../ports/ledger.ts";
import { icon } from "./icons.ts";
import type { Html } from "./markup.ts";
import { addressOf, pager } from "./pager.ts";
import { told } from "./story.ts";
import { table } from "./table.ts";
import { digest, plain, rawJson, said, secondsOf } from "./text.ts";

/** The form on the ledger's page as it was sent; empty fields ask for nothing. */
export interface LedgerForm {
  repository: string;
  subject: string;
  type: string;
  /** Dates as `YYYY-MM-DD`, in UTC, both included. */
  since: string;
  until: string;
}

export interface LedgerPage {
  entries: readonly LedgerEntry[];
  form: LedgerForm;
  next?: LedgerPlace;
  /** Whether this is not the first page. */
  later: boolean;
  /** Streams of the entries on this page, each with what verifying it gave if somebody just asked. */
  verified?: { stream: string; result: { holds: true } | { holds: false; brokenAt: number; why: string } };
  refused?: string;
}

/** Every event of what the auditor sees, newest first. */
export function ledgerBody(page: LedgerPage): Html {
  const { entries, form, next, later, verified, refused } = page;
  const query = Object.fromEntries(Object.entries(form).filter(([, value]) => value !== ""));
  return html`<h1>Ledger</h1>
<p class="lead">What happened, who or what decided it, and on which facts. Entries are chained by their hashes and never changed.</p>
${verified ? verification(verified) : ""}
${filters(form, refused)}
${
  entries.length === 0
    ? html`<div class="empty"><h2>No entry</h2><p>${Object.keys(query).length > 0 || later ? "Nothing matches." : "Nothing has happened yet in the repositories that you audit."}</p></div>`
    : html`${table({
        caption: html`Entries <span class="muted">newest first</span>`,
        columns: [{ name: "Event" }, { name: "About", kind: "text" }, { name: "Time (UTC)", kind: "moment" }],
        rows: entries.map((entry) => [
          html`${told(entry)}${details(entry)}`,
          about(entry),
          html`<time datetime="${new Date(entry.atMs).toISOString()}">${secondsOf(entry.atMs)}</time>`,
        ]),
      })}${pager({ path: "/ledger", query, later, next: next ? { before: `${next.stream}:${next.sequence}` } : {} })}${verifyForms(entries)}`
}`;
}

function filters(form: LedgerForm, refused: string | undefined): Html {
  return html`<form class="panel filters" method="get" action="/ledger" role="search" aria-label="Filter entries">
${refused ? html`<div class="notice bad" role="alert">${icon("warning")}<p>${said(refused)}</p></div>` : ""}
<div class="fields">
<div class="field"><label for="repository">Repository</label><input id="repository" name="repository" value="${form.repository}" placeholder="owner/name" autocomplete="off" spellcheck="false"></div>
<div class="field"><label for="subject">Subject</label><input id="subject" name="subject" value="${form.subject}" placeholder="pull/7/42/12" autocomplete="off" spellcheck="false"></div>
<div class="field"><label for="type">Type</label><input id="type" name="type" value="${form.type}" placeholder="verdict" autocomplete="off" spellcheck="false"></div>
<div class="field"><label for="since">From</label><input type="date" id="since" name="since" value="${form.since}"></div>
<div class="field"><label for="until">To</label><input type="date" id="until" name="until" value="${form.until}"></div>
<div class="actions"><button type="submit">Filter</button>${Object.values(form).some((value) => value !== "") ? html`<a class="button quiet" href="/ledger">Clear</a>` : ""}</div>
</div>
</form>`;
}

/** The subject as a link to everything about it; of a commit its first digits. */
function about({ subject }: LedgerEntry): Html {
  const short = subject.replace(/(?<=\/[0-9a-f]{10})[0-9a-f]{30}$/, "…");
  return html`<a class="mono small" href="${addressOf("/ledger", { subject })}" title="${subject}">${plain(short, 200)}</a>`;
}

function details(entry: LedgerEntry): Html {
  const { type, data, hash, previousHash, bodyDigest, stream, sequence, id } = entry;
  return html`<details class="small"><summary><span class="mono">${plain(type, 80)}</span> · entry ${sequence}</summary>
<dl class="facts"><dt>Stream</dt><dd class="mono">${stream}</dd><dt>Id</dt><dd class="mono">${said(id, 300)}</dd><dt>Hash</dt><dd class="mono">${hash}</dd><dt>Before it</dt><dd class="mono">${previousHash}</dd>${bodyDigest ? html`<dt>Body</dt><dd>${digest(bodyDigest)}</dd>` : ""}</dl>
${rawJson("Data", data)}</details>`;
}

const STREAMS_SHOWN = 10;

function verifyForms(entries: readonly LedgerEntry[]): Html {
  const streams = [...new Set(entries.map(({ stream }) => stream))].slice(0, STREAMS_SHOWN);
  return html`<section class="panel" aria-labelledby="chains"><h2 id="chains">Verify the chains</h2>
<p class="small">Walks a chain from its first entry and computes every hash anew.</p>
<ul class="chains">${streams.map(
    (stream) =>
      html`<li><form method="post" action="/ledger/verify"><input type="hidden" name="stream" value="${stream}"><button type="submit" class="quiet">Verify <span class="mono">${stream}</span></button></form></li>`,
  )}</ul></section>`;
}

function verification({ stream, result }: NonNullable<LedgerPage["verified"]>): Html {
  return result.holds
    ? html`<div class="notice good" role="status">${icon("allow")}<p>The chain of <code>${stream}</code> holds: no entry was changed, taken away or put in between.</p></div>`
    : html`<div class="notice bad" role="alert">${icon("warning")}<div><p><strong>The chain of <code>${stream}</code> is broken at entry ${result.brokenAt}.</strong></p><p>${said(result.why, 500)}. Keep a copy of the store, and find out who could write to it.</p></div></div>`;
}
