import { html } from "hono/html";
import type { RemediationPlan } from "../../model/finding.ts";
import type { PullScans, ScanRow } from "../views/scans-view.ts";
import { countsText } from "./finding-state.ts";
import { findingsAddress } from "./findings.ts";
import { freshness } from "./freshness.ts";
import { type IconName, icon } from "./icons.ts";
import type { Html } from "./markup.ts";
import { pullPath } from "./pull-path.ts";
import { table } from "./table.ts";
import { ago, commit, outward, said } from "./text.ts";

type Pull = { owner: string; repository: string; number: number };

export function scansPath(pull: Pull): string {
  return `${pullPath(pull)}/scans`;
}

/** On the pull request's own page. */
export function scansPanel(pull: Pull, scans: readonly ScanRow[]): Html {
  if (scans.length === 0) return html``;
  return html`<section class="panel" data-key="scans"><h2>Scans</h2><ul class="plain">${scans.map(
    (
      scan,
    ) => html`<li data-key="scan-${scan.kind}">${icon(stateOf(scan).icon)}<div><code>${scan.kind}</code> <span class="small">${stateOf(scan).words}</span>
<p class="small muted">${found(pull, scan)}${scan.url ? html` · ${run(scan)}` : ""}</p></div></li>`,
  )}</ul><p><a href="${scansPath(pull)}">All about the scans</a></p></section>`;
}

/** The scans of one pull request: how each stands, what it found, and what to do in which order. */
export function scansBody({ pull, title, scans }: PullScans, nowMs: number): Html {
  const { owner, repository, number, installationId, repositoryId } = pull;
  return html`<div class="heading"><p class="trail"><a href="/findings">Findings</a> / <bdi>${owner}/${repository}</bdi> / <a href="${pullPath(pull)}">#${number}</a></p>${freshness(scansPath(pull), {}, `${installationId}/${repositoryId}`)}</div>
<h1><span class="muted">Scans of</span> ${said(title, 1_000)}</h1>
<div id="scans" data-live="the scans">
${
  scans.length === 0
    ? html`<div class="empty"><h2>No scans</h2><p>They are listed while the pull request is open and once it was looked at.</p></div>`
    : html`${table({
        caption: "Scans of this pull request",
        columns: [
          { name: "Scan" },
          { name: "State", kind: "state" },
          { name: "Found", kind: "text" },
          { name: "Asked for", kind: "time" },
          { name: "Reported", kind: "time" },
        ],
        rows: scans.map((scan) => cells(pull, scan, nowMs)),
        keys: scans.map(({ kind }) => `scan-${kind}`),
      })}
${scans.map(notes)}
${scans.map(({ plan }) => (plan ? wavePlan(plan) : ""))}`
}
</div>`;
}

function cells(pull: PullScans["pull"], scan: ScanRow, nowMs: number): Html[] {
  const { kind, tool, reason, requestedAtMs, reportedAtMs, refused, sha } = scan;
  const { icon: name, words } = stateOf(scan);
  const old =
    sha !== undefined && sha !== pull.headSha
      ? html`<div class="byline"><span>at ${commit(sha)}, not the head</span></div>`
      : "";
  const vain = refused.reduce((sum, { reports }) => sum + reports, 0);
  return [
    html`<strong>${kind}</strong><div class="byline">${tool ? html`<span>${said(tool, 100)}</span>` : ""}${scan.url ? html` <span>${run(scan)}</span>` : ""}</div>`,
    html`<span class="states">${icon(name)} ${words}</span>${reason ? html`<div class="byline"><span>${said(reason, 300)}</span></div>` : ""}`,
    html`${found(pull, scan)}${old}${vain === 0 ? "" : html`<div class="byline"><span>${icon("warning")} ${vain === 1 ? "1 report was" : `${vain} reports were`} refused: ${said(refused.map(({ why, reports }) => `${reports} ${why}`).join(", "), 300)}</span></div>`}`,
    html`${requestedAtMs === undefined ? html`<span class="muted">With each push</span>` : ago(requestedAtMs, nowMs)}`,
    html`${reportedAtMs === undefined ? "" : ago(reportedAtMs, nowMs)}`,
  ];
}

/** What is not completed is never a pass, and says so. */
function stateOf({ status, phase, cause, counts }: ScanRow): { icon: IconName; words: string } {
  if (status === "running") return { icon: "waiting-on-machines", words: phase === "queued" ? "Queued" : "Running" };
  if (status === "unknown") {
    const words = {
      failed: "Failed",
      "timed-out": "Timed out",
      "not-installed": "Not installed",
      cancelled: "Cancelled",
    };
    return { icon: "unknown", words: `${cause ? words[cause] : "Not known"}: not a pass` };
  }
  const standing = counts.some(({ state }) => state === "new" || state === "overdue");
  return { icon: standing ? "warning" : "allow", words: "Completed" };
}

function found(pull: Pull, { kind, counts, sha }: ScanRow): Html {
  const text = countsText(counts);
  if (text === "") return sha === undefined ? html`<span class="muted">Nothing reported yet</span>` : html`No findings`;
  return html`<a href="${findingsAddress(pull, { kind })}">${text}</a>`;
}

function run({ url, kind }: ScanRow): Html {
  return outward(url, html`${icon("outside")}<span class="unseen">Run of ${kind} on </span>GitHub`);
}

function notes({ kind, notes: all, waiverNotes }: ScanRow): Html {
  const lines = [...waiverNotes, ...all];
  if (lines.length === 0) return html``;
  return html`<section class="panel" data-key="notes-${kind}"><h2>What to know of ${kind}</h2><ul>${lines.slice(0, 60).map((line) => html`<li>${said(line, 1_000)}</li>`)}</ul></section>`;
}

const TASKS_SHOWN = 200;

/** What can be done at the same time, and what waits for what. */
function wavePlan({ waves, notes: all }: RemediationPlan): Html {
  if (waves.length === 0) return html``;
  let left = TASKS_SHOWN;
  return html`<section class="panel" data-key="plan" aria-labelledby="plan"><h2 id="plan">In which order to mend the agents</h2>
<p>Tasks of a wave can be done at the same time; a wave waits for the one before it.</p>
${waves.map(({ number, tasks }) => {
  const shown = tasks.slice(0, Math.max(0, left));
  left -= shown.length;
  return html`<h3>Wave ${number}</h3><ul class="plain">${shown.map(
    (
      task,
    ) => html`<li data-key="task-${task.id}">${icon("rule")}<div><p><strong>${said(task.id, 20)}</strong> <code>${said(task.rule, 100)}</code> in <code>${said(task.path, 200)}</code> <span class="muted small">risk ${task.score} · ${task.findings === 1 ? "1 finding" : `${task.findings} findings`}${task.restart ? " · restarts agents" : ""}</span></p>
${task.after.length === 0 ? "" : html`<p class="small muted">After ${task.after.slice(0, 10).map(({ task: id, because }, at) => html`${at > 0 ? "; " : ""}${said(id, 20)}: ${said(because, 200)}`)}${task.after.length > 10 ? html` and ${task.after.length - 10} more` : ""}</p>`}</div></li>`,
  )}</ul>${shown.length < tasks.length ? html`<p class="small muted">And ${tasks.length - shown.length} more; the API has all of them.</p>` : ""}`;
})}
${all.length === 0 ? "" : html`<ul>${all.slice(0, 30).map((line) => html`<li>${said(line, 500)}</li>`)}</ul>`}</section>`;
}
