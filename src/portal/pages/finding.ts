import { html } from "hono/html";
import type { RemediationBlock, Severity } from "../../model/finding.ts";
import type { FindingEvent } from "../../model/listed-finding.ts";
import type { FindingView } from "../views/finding-view.ts";
import { FINDING_STATE_NAMES, severityBadge } from "./finding-state.ts";
import { findingPath, place } from "./findings.ts";
import { freshness } from "./freshness.ts";
import { type IconName, icon } from "./icons.ts";
import type { Html } from "./markup.ts";
import { addressOf } from "./pager.ts";
import { pullPath } from "./pull-path.ts";
import { scansPath } from "./scans.ts";
import { ago, commit, moment, outward, said } from "./text.ts";

export interface FindingPage {
  view: FindingView;
  /** YAML, to be pasted. */
  waiver: string;
  nowMs: number;
}

const TEXT_MAX = 2_000;
/** The colours of the gate's states serve here too. */
const GROUNDS: Record<Severity, string> = {
  critical: "deny",
  high: "deny",
  medium: "waiting-on-people",
  low: "waiting-on-machines",
  note: "",
};

/** One finding: what it is, how to mend it, where it stands, what became of it, how to waive it. */
export function findingBody({ view, waiver, nowMs }: FindingPage): Html {
  const { row, remedy, block } = view;
  const repository = `${row.owner}/${row.repository}`;
  return html`<div class="heading"><p class="trail"><a href="/findings">Findings</a> / <a href="${addressOf("/findings", { repository })}"><bdi>${repository}</bdi></a></p>${freshness(findingPath(row), {}, `${row.installationId}/${row.repositoryId}`)}</div>
<h1>${said(row.message, TEXT_MAX)}</h1>
<div id="finding" data-live="the finding">
${headline(view, nowMs)}
<div class="with-aside">
<div>
<section class="panel" data-key="mend" aria-labelledby="mend"><h2 id="mend">${block ? "How to mend it" : "What to do"}</h2>${block ? html`${blockOf(block)}${order(row)}` : html`<p>${coded(remedy)}</p>`}</section>
<section class="panel" data-key="history" aria-labelledby="history"><h2 id="history">What became of it</h2>${history(view)}</section>
${overrides(view)}
${waiverPanel(view, waiver)}
</div>
<aside aria-label="Where it stands">
${places(view)}
<section class="panel" data-key="facts"><h2>Facts</h2><dl class="facts stacked">
<dt>Rule</dt><dd><code>${said(row.rule, 200)}</code></dd>
<dt>Scan</dt><dd>${row.kind}${row.tool ? html`, ${said(row.tool, 100)}` : ""}</dd>
<dt>Known since</dt><dd>${moment(row.sinceMs)}</dd>
<dt>Fingerprint</dt><dd class="paste"><code data-copy>${row.fingerprint}</code></dd>
</dl></section>
</aside>
</div>
</div>`;
}

function headline({ row, standing }: FindingView, nowMs: number): Html {
  const { waiver } = row;
  const state = standing
    ? html`<span class="tag finding-${row.state}">${FINDING_STATE_NAMES[row.state]}</span>`
    : html`<span class="tag">In no open pull request</span>`;
  return html`<div class="headline ${GROUNDS[row.severity]}">
<p class="states">${severityBadge(row.severity)}${state}${row.onChangedLine ? html`<span class="tag">On a changed line</span>` : ""}</p>
<p class="gate-title">${place(row)}</p>
${waiver ? html`<p class="small">Waived until ${said(waiver.until, 20)} by ${said(waiver.owner, 120)}: ${said(waiver.reason, 500)}</p>` : ""}
${row.wouldBeWaived ? html`<p class="small">A pull request proposes a waiver for it. It counts all the same until that is merged.</p>` : ""}
<p class="muted small">Seen ${ago(row.sinceMs, nowMs)} for the first time</p>
</div>`;
}

/** The scans of its pull request have what comes before and after it. */
function order({ owner, repository, pulls }: FindingView["row"]): Html {
  const [first] = pulls;
  if (!first) return html``;
  return html`<p class="small"><a href="${scansPath({ owner, repository, number: first.number })}">In which order to mend all of them</a></p>`;
}

/** Our own words hold code in backticks. */
function coded(text: string): Html {
  const parts = text.slice(0, TEXT_MAX).split("`");
  return html`${parts.map((part, at) =>
    at % 2 === 1 && at < parts.length - 1 ? html`<code>${said(part, TEXT_MAX)}</code>` : said(part, TEXT_MAX),
  )}`;
}

function blockOf(block: RemediationBlock): Html {
  const list = (lines: readonly string[], ordered = false): Html => {
    const items = lines.slice(0, 50).map((line) => html`<li>${coded(line)}</li>`);
    return ordered ? html`<ol>${items}</ol>` : html`<ul>${items}</ul>`;
  };
  return html`<dl class="facts stacked">
<dt>Issue</dt><dd>${coded(block.issue)}</dd>
<dt>Solution</dt><dd>${coded(block.solution)}</dd>
<dt>Steps</dt><dd>${list(block.steps, true)}</dd>
<dt>Tests</dt><dd>${list(block.tests)}</dd>
<dt>Rollback</dt><dd>${coded(block.rollback)}</dd>
<dt>Dependencies</dt><dd>${block.dependencies.length === 0 ? "None" : list(block.dependencies)}</dd>
<dt>Risks</dt><dd>${coded(block.risks)}</dd>
<dt>Success</dt><dd>${coded(block.success)}</dd>
</dl>`;
}

const EVENT_WORDS: Record<FindingEvent["what"], { icon: IconName; words: string }> = {
  found: { icon: "deny", words: "Found" },
  gone: { icon: "allow", words: "Gone" },
  fixed: { icon: "allow", words: "Fixed: the merge base has it, this commit has not" },
  waived: { icon: "shadow", words: "Waived" },
  "counts-again": { icon: "warning", words: "Counts again: no waiver covers it any more" },
  overdue: { icon: "warning", words: "Overdue: known for longer than its grace" },
};

function history({ row, history: events, waiversPath, mergedWith }: FindingView): Html {
  if (events.length === 0)
    return html`<p class="muted">Nothing but that it was there: the merge base has it as well, and no waiver ever covered it.</p>`;
  return html`<ol class="story">${events.map(({ atMs, number, sha, what, waiver }, at) => {
    const { icon: name, words } = EVENT_WORDS[what];
    const told = waiver
      ? html` until ${said(waiver.until, 20)} by ${said(waiver.owner, 120)}: ${said(waiver.reason, 500)} <span class="muted">(<code>${said(waiversPath, 200)}</code>${waiver.line === undefined ? "" : html`, line ${waiver.line}`})</span>`
      : "";
    return html`<li data-key="event-${at}">${icon(name)}<div><p>${words}${told}</p><p class="small muted">${moment(atMs)} · in <a href="${pullPath({ ...row, number })}">#${number}</a> at ${commit(sha)}</p></div></li>`;
  })}</ol>${
    mergedWith.length === 0
      ? ""
      : html`<p class="small">Merged although it was there: ${mergedWith.map((number, at) => html`${at > 0 ? ", " : ""}<a href="${pullPath({ ...row, number })}">#${number}</a>`)}</p>`
  }`;
}

function overrides({ row, overrides: all }: FindingView): Html {
  if (all.length === 0) return html``;
  return html`<section class="panel" data-key="overrides" aria-labelledby="overrides"><h2 id="overrides">Overrides</h2>
<p>Of rules that speak of it. An override lets one commit of one pull request pass; the finding stays.</p>
<ol class="story">${all.map(
    ({ number, rule, by, reason, sha, atMs }, at) =>
      html`<li data-key="override-${at}">${icon("waiting-on-people")}<div><p>${said(by, 100)} overrode <code>${said(rule, 120)}</code>: ${said(reason, 500)}</p><p class="small muted">${moment(atMs)} · in <a href="${pullPath({ ...row, number })}">#${number}</a> at ${commit(sha)}</p></div></li>`,
  )}</ol></section>`;
}

function places({ row, places: all, standing }: FindingView): Html {
  const known = new Map(row.pulls.map((pull) => [pull.number, pull]));
  return html`<section class="panel" data-key="places"><h2>Where it stands</h2>${
    all.length === 0
      ? html`<p class="muted">In no open pull request. It was last seen in ${place(row)}.</p>`
      : html`<ul class="plain">${all.map((one, at) => {
          const pull = known.get(one.number);
          return html`<li data-key="place-${at}">${icon("outside")}<div><p><a href="${pullPath({ ...row, number: one.number })}">#${one.number}</a> <span class="small">${pull ? FINDING_STATE_NAMES[pull.state] : ""}</span></p>
<p class="small muted">${place(one)}${pull?.url ? html` · ${outward(pull.url, html`<span class="unseen">#${one.number} on </span>GitHub`)}` : ""}</p></div></li>`;
        })}</ul>`
  }${row.pullCount > row.pulls.length && standing ? html`<p class="small muted">It stands in ${row.pullCount} open pull requests.</p>` : ""}</section>`;
}

function waiverPanel({ row, waiversPath, standing }: FindingView, waiver: string): Html {
  if (!standing) return html``;
  const secret = row.kind === "secrets" || row.kind === "leaks";
  return html`<section class="panel" data-key="waiver" aria-labelledby="waiver"><h2 id="waiver">To waive it</h2>
<p class="small">${secret ? "Rotate what was leaked first: a waiver hides nothing. " : ""}Below <code>waivers:</code> in <code>${said(waiversPath, 200)}</code> on the default branch. It counts once that is merged.</p>
<div class="paste"><pre data-copy tabindex="0" role="group" aria-label="Waiver"><code>${waiver}</code></pre></div></section>`;
}
