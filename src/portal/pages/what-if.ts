import { html } from "hono/html";
import type { WhatIfAnswer, WhatIfChange, WhatIfReport } from "../views/what-if.ts";
import { icon } from "./icons.ts";
import type { Html } from "./markup.ts";
import { pullPath } from "./pull-path.ts";
import { stateBadge } from "./state.ts";
import { table } from "./table.ts";
import { ago, digest, said } from "./text.ts";

export interface WhatIfForm {
  days: number;
  patch: string;
}

export interface WhatIfPage {
  form: WhatIfForm;
  answer?: WhatIfAnswer;
  /** Why the form could not be taken. */
  refused?: string;
  nowMs: number;
}

export const DAYS = [7, 30, 90] as const;
/** Rows of the answer that are shown; the counts above them are of all. */
const CHANGES_MAX = 500;

/** Another policy, or other configuration, over the decisions that were made: which merges would it have blocked? */
export function whatIfBody({ form, answer, refused, nowMs }: WhatIfPage): Html {
  return html`<h1>What if the policy were another?</h1>
<p class="lead">Judges the decisions of the last days once more, on the facts of then, and tells which pull requests would have had another outcome. It changes nothing.</p>
${answer ? answered(answer, nowMs) : ""}
<section class="panel" aria-labelledby="ask"><h2 id="ask">${answer ? "Ask again" : "Ask"}</h2>${questionForm(form, refused)}</section>`;
}

function questionForm(form: WhatIfForm, refused: string | undefined): Html {
  return html`<form class="stack" method="post" action="/what-if" enctype="multipart/form-data">
${refused ? html`<div class="notice bad" role="alert">${icon("warning")}<p>${said(refused, 600)}</p></div>` : ""}
<div class="columns">
<div class="field"><label for="patch">Other facts or configuration, as a JSON merge patch</label>
<textarea id="patch" name="patch" spellcheck="false" aria-describedby="patch-hint">${form.patch}</textarea>
<p class="hint" id="patch-hint">Applied to the facts of every decision. <code>{"config": {"approvals": {"count": 2}}}</code> asks for two approvals; <code>{}</code> changes nothing.</p></div>
<div class="stack">
<div class="field"><label for="bundle">Another policy, as a compiled bundle</label>
<input type="file" id="bundle" name="bundle" accept=".gz,.tgz,application/gzip" aria-describedby="bundle-hint">
<p class="hint" id="bundle-hint">Made by <code>opa build -t wasm -e hms/decision</code>, at most 8 MiB. Without one, the policy in force judges. It runs apart from this process, and with limits.</p></div>
<div class="field"><label for="days">Decisions of the last</label><select id="days" name="days">${DAYS.map(
    (days) => html`<option value="${days}"${days === form.days ? " selected" : ""}>${days} days</option>`,
  )}</select></div>
</div>
</div>
<div class="actions"><button type="submit">Which merges would it have blocked?</button></div>
</form>`;
}

function answered(answer: WhatIfAnswer, nowMs: number): Html {
  return html`<section class="panel result" aria-labelledby="result"><h2 id="result">Answer</h2>${
    answer.kind === "answered" ? report(answer, nowMs) : refusal(answer)
  }</section>`;
}

function refusal(answer: Exclude<WhatIfAnswer, { kind: "answered" }>): Html {
  const [what, why] = (() => {
    switch (answer.kind) {
      case "busy":
        return answer.who === "viewer"
          ? ["Your last question is still being answered.", "Wait for its answer, then ask again."]
          : ["Others are asking at the moment.", "Try again in a minute."];
      case "bundle-refused":
        return ["This policy bundle cannot be used.", answer.why];
      case "patch-refused":
        return [`The patch makes facts that cannot be judged (decision ${answer.decision}).`, answer.why];
      case "cancelled":
        return ["It was cancelled.", "Ask again."];
    }
  })();
  return html`<div class="notice bad" role="alert">${icon("warning")}<div><p><strong>${said(what)}</strong></p><p>${said(why, 600)}</p></div></div>`;
}

function report(answer: WhatIfReport, nowMs: number): Html {
  const merged = answer.changes.filter(({ mergedAtMs }) => mergedAtMs !== undefined);
  const open = answer.changes.filter(({ mergedAtMs }) => mergedAtMs === undefined);
  return html`<p class="answer">${
    answer.merges.blocked === 0
      ? html`It would have blocked <strong>none</strong> of ${answer.merges.total} merges.`
      : html`It would have blocked <strong>${answer.merges.blocked} of ${answer.merges.total} ${answer.merges.total === 1 ? "merge" : "merges"}</strong>.`
  }</p>
<ul class="figures">
${figure(answer.judged, "decisions judged anew")}
${figure(answer.open.blocked, `of ${answer.open.total} open would be blocked`)}
${figure(answer.merges.freed + answer.open.freed, "would be let through that were not")}
${figure(answer.undecided, "it could not decide: never a yes")}
${answer.withoutFacts > 0 ? figure(answer.withoutFacts, "without facts any more") : ""}
${answer.unjudgedMerges > 0 ? figure(answer.unjudgedMerges, "merges without a decision") : ""}
</ul>
${answer.truncated ? html`<div class="notice">${icon("info")}<p>There are more decisions than are judged at one time: these are the newest.</p></div>` : ""}
${changes("Merges that would have gone otherwise", merged, nowMs)}
${changes("Open pull requests that would go otherwise", open, nowMs)}
${answer.bundleRevision === undefined ? "" : html`<p class="small muted">Judged by policy bundle ${digest(answer.bundleRevision)}.</p>`}`;
}

function figure(count: number, what: string): Html {
  return html`<li><strong>${count}</strong> ${what}</li>`;
}

function changes(caption: string, rows: readonly WhatIfChange[], nowMs: number): Html {
  if (rows.length === 0) return html``;
  const left = rows.length - CHANGES_MAX;
  return html`${table({
    caption: html`${caption} <span class="muted">${rows.length}</span>`,
    columns: [
      { name: "Pull request" },
      { name: "Was", kind: "state" },
      { name: "Would be", kind: "state" },
      { name: "Why" },
      { name: "When", kind: "time" },
    ],
    rows: rows
      .slice(0, CHANGES_MAX)
      .map((change) => [
        named(change),
        stateBadge(change.from),
        stateBadge(change.to),
        html`${change.rules.slice(0, 5).map(({ rule, message }) => html`<div class="small"><code>${said(rule, 120)}</code> ${said(message)}</div>`)}`,
        ago(change.mergedAtMs ?? change.decision.atMs, nowMs),
      ]),
  })}${left > 0 ? html`<p class="muted">And ${left} more.</p>` : ""}`;
}

function named({ decision, title }: WhatIfChange): Html {
  const { owner, repository, number, id } = decision;
  const link = html`<a class="small" href="/decisions/${encodeURIComponent(id)}">Decision</a>`;
  if (number === undefined || owner === "") return html`${said(title || decision.subject)} ${link}`;
  const name = `${owner}/${repository} #${number}`;
  return html`<a class="title" href="${pullPath({ owner, repository, number })}">${said(title || name)}</a><div class="muted small"><bdi>${name}</bdi> · ${link}</div>`;
}
