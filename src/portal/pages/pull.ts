import { html } from "hono/html";
import type { PullView } from "../views/pull-view.ts";
import type { ScanRow } from "../views/scans-view.ts";
import { freshness } from "./freshness.ts";
import { icon } from "./icons.ts";
import type { Html } from "./markup.ts";
import { nextSteps } from "./next-steps.ts";
import { previewBadge } from "./preview-state.ts";
import { previewPath, pullPath } from "./pull-path.ts";
import { scansPanel } from "./scans.ts";
import { shadowTag, stateBadge } from "./state.ts";
import { story } from "./story.ts";
import { ago, commit, digest, moment, outward, rawJson, said } from "./text.ts";
import { verdictTree } from "./verdict.ts";

export interface PullPage {
  view: PullView;
  scans: readonly ScanRow[];
  ownPolicy: boolean;
  nowMs: number;
}

/** Everything about one pull request: what was decided, why, on which facts, and what to do next. */
export function pullBody({ view, scans, ownPolicy, nowMs }: PullPage): Html {
  const { row } = view;
  return html`<div class="heading"><p class="trail"><a href="/">Pull requests</a> / <bdi>${row.owner}/${row.repository}</bdi></p>${freshness(pullPath(row), {}, `${row.installationId}/${row.repositoryId}`)}</div>
<h1>${said(row.title, 1_000)} <span class="muted">#${row.number}</span></h1>
<div id="pull" data-live="the pull request">
${headline(view, nowMs)}
<div class="with-aside">
<div>
${nextSteps(view)}
<section class="panel" data-key="verdict" aria-labelledby="verdict"><h2 id="verdict">Verdict</h2>${verdict(view, ownPolicy)}</section>
<section class="panel" data-key="story" aria-labelledby="story"><h2 id="story">What happened</h2>${story(view.timeline)}</section>
<section class="panel" data-key="raw" aria-labelledby="raw"><h2 id="raw">Raw facts and answer</h2>${raw(view)}</section>
</div>
<aside aria-label="Checks and people">
${checks(view, nowMs)}
${scansPanel(row, scans)}
${preview(view)}
${people(view)}
${bindings(view)}
</aside>
</div>
</div>`;
}

function headline({ row }: PullView, nowMs: number): Html {
  return html`<div class="headline ${row.state}">
<p class="states">${stateBadge(row.state)}${row.mode === "shadow" ? shadowTag() : ""}${row.open ? "" : html`<span class="tag">${row.merged ? "Merged" : "Closed"}</span>`}${
    row.draft ? html`<span class="tag">${icon("draft")}Draft</span>` : ""
  }${row.fork ? html`<span class="tag">From a fork</span>` : ""}</p>
<p class="gate-title">${row.open ? "" : html`<span class="muted">The gate said last:</span> `}${said(row.gateTitle)}</p>
<p class="muted small">${row.author ? html`By ${said(row.author, 80)} ` : ""}into <code>${said(row.baseRef, 120)}</code> at ${commit(row.headSha)} · read ${ago(row.readAtMs, nowMs)}${
    row.url ? html` · ${outward(row.url, html`${icon("outside")}GitHub`)}` : ""
  }</p>
</div>`;
}

function verdict({ decision, undecided, input, integrity }: PullView, ownPolicy: boolean): Html {
  if (!decision) {
    return html`<div class="notice">${icon("unknown")}<p>${said(undecided ?? "Nothing was decided at this commit yet.", 1_000)} What is not known is never green.</p></div>`;
  }
  const gone =
    integrity === "erased"
      ? "The facts were erased, as retention asks; the ledger keeps their digest."
      : "What is stored as the facts is not what was judged: do not rely on it.";
  return html`${undecided ? html`<div class="notice">${icon("unknown")}<p>${said(undecided, 1_000)}</p></div>` : ""}
${integrity === undefined || integrity === "holds" ? "" : html`<div class="notice bad">${icon("warning")}<p>${gone}</p></div>`}
${verdictTree({ verdict: decision.verdict, input, ownPolicy })}`;
}

function checks({ checks: written }: PullView, nowMs: number): Html {
  if (written.length === 0)
    return html`<section class="panel" data-key="checks"><h2>Checks</h2><p class="muted">None was written yet.</p></section>`;
  return html`<section class="panel" data-key="checks"><h2>Checks</h2><ul class="plain">${written.map(
    ({
      name,
      status,
      conclusion,
      title,
      atMs,
    }) => html`<li data-key="check-${name}">${icon(checkIcon(conclusion ?? status))}<div><code>${name}</code> <span class="small">${said((conclusion ?? status).replaceAll("_", " "), 40)}</span>
<p class="small muted">${said(title)} · ${ago(atMs, nowMs)}</p></div></li>`,
  )}</ul></section>`;
}

function checkIcon(state: string): "allow" | "deny" | "waiting-on-people" | "waiting-on-machines" {
  if (state === "success") return "allow";
  if (state === "failure") return "deny";
  return state === "action_required" ? "waiting-on-people" : "waiting-on-machines";
}

function preview({ row, preview: known }: PullView): Html {
  if (!known) return html``;
  return html`<section class="panel" data-key="preview"><h2>Preview</h2><p class="states">${previewBadge(known)}</p><p><a href="${previewPath(row)}">All about the preview</a></p></section>`;
}

function people({ input, hold, overrides, okToTest }: PullView): Html {
  const approvals = input?.approvals ?? [];
  return html`<section class="panel" data-key="people"><h2>People</h2>
<dl class="facts stacked">
<dt>Hold</dt><dd>${hold ? html`${said(hold.by, 100)}${hold.reason ? html`: ${said(hold.reason)}` : ""}` : "None"}</dd>
<dt>Approvals</dt><dd>${
    approvals.length === 0
      ? "None"
      : approvals.map(
          ({ login, permission, sha }) =>
            html`<div>${said(login, 100)} <span class="muted small">${permission}${sha === input?.pull_request.head_sha ? "" : html`, given to ${commit(sha)}`}</span></div>`,
        )
  }</dd>
<dt>Overrides at this commit</dt><dd>${
    overrides.length === 0
      ? "None"
      : overrides.map(
          ({ rule, by, reason }) =>
            html`<div><code>${said(rule, 120)}</code> by ${said(by, 100)}: ${said(reason)}</div>`,
        )
  }</dd>
${okToTest ? html`<dt>Allowed to be tested</dt><dd>by ${said(okToTest.by, 100)}</dd>` : ""}
</dl></section>`;
}

function bindings({ decision }: PullView): Html {
  if (!decision) return html``;
  return html`<section class="panel" data-key="bindings"><h2>Bound to</h2>
<dl class="facts stacked">
<dt>Decision</dt><dd><a class="mono" href="/decisions/${encodeURIComponent(decision.id)}">${decision.id}</a></dd>
<dt>Decided</dt><dd>${moment(decision.atMs)}</dd>
<dt>Commit</dt><dd>${commit(decision.sha)}</dd>
<dt>Policy bundle</dt><dd>${digest(decision.bundleRevision)}</dd>
<dt>Facts</dt><dd>${digest(decision.inputDigest)}</dd>
</dl></section>`;
}

function raw({ input, decision }: PullView): Html {
  if (!input && !decision) return html`<p class="muted">There is none yet.</p>`;
  return html`${input ? rawJson("What the policy was given", input) : ""}${decision ? rawJson("What it answered", decision.verdict) : ""}`;
}
