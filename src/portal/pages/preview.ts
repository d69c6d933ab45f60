import { html } from "hono/html";
import type { PreviewReason } from "../../model/preview.ts";
import { commandsOf, PREVIEW_TITLES } from "../../preview/preview.ts";
import type { PreviewView, PullPreview } from "../views/preview-view.ts";
import { freshness } from "./freshness.ts";
import { icon } from "./icons.ts";
import type { Html } from "./markup.ts";
import { places, quotas } from "./preview-places.ts";
import { previewBadge, previewStyle } from "./preview-state.ts";
import { placement } from "./preview-thought.ts";
import { previewPath, pullPath } from "./pull-path.ts";
import { story } from "./story.ts";
import { table } from "./table.ts";
import { ago, ahead, commit, outward, said } from "./text.ts";

/** One preview: its state, why, what was made for it, what it uses, how long it stays. */
export function previewBody({ pull, preview }: PullPreview, nowMs: number): Html {
  const { installationId, repositoryId, owner, repository, number } = pull;
  const path = previewPath(pull);
  return html`<div class="heading"><p class="trail"><a href="/previews">Previews</a> / <bdi>${owner}/${repository}</bdi> / <a href="${pullPath(pull)}">#${number}</a></p>${freshness(path, {}, `${installationId}/${repositoryId}`)}</div>
<h1><span class="muted">Preview of</span> ${said(pull.title ?? `Pull request ${number}`, 1_000)}</h1>
<div id="preview" data-live="the preview">
${preview ? known(preview, pull.headSha, nowMs) : html`<div class="empty"><h2>No preview</h2><p>Nothing was made for this pull request, and nothing is awaited. A repository's <code>hms.yml</code> says what to preview.</p></div>`}
</div>`;
}

function known(view: PreviewView, headSha: string, nowMs: number): Html {
  return html`${headline(view, headSha, nowMs)}
<div class="with-aside">
<div>
${reasons(view.reasons)}
${parts(view)}
${places(view.places, nowMs)}
${placement(view.thought)}
<section class="panel" data-key="story" aria-labelledby="story"><h2 id="story">What happened</h2>${story(view.history)}</section>
</div>
<aside aria-label="Facts and commands">
${facts(view, nowMs)}
${quotas(view.places)}
${commands(view)}
</aside>
</div>`;
}

function headline({ row }: PreviewView, headSha: string, nowMs: number): Html {
  const { state, unknown, sha, url, sinceMs, position } = row;
  return html`<div class="headline ${previewStyle(row)}">
<p class="states">${previewBadge(row)}${position === undefined ? "" : html`<span class="tag">Number ${position} in line</span>`}</p>
${unknown === undefined ? "" : html`<p class="gate-title">${said(unknown, 500)}</p><p class="small">Last seen: ${PREVIEW_TITLES[state]}. What is not known never counts as healthy.</p>`}
${url !== undefined && state === "healthy" && unknown === undefined ? html`<p class="gate-title">${outward(url, html`${icon("outside")}<bdi>${url}</bdi>`)}</p>` : ""}
<p class="muted small">${sha === "" ? "" : html`At ${commit(sha)}${sha === headSha ? "" : html`; the pull request is at ${commit(headSha)} by now`} · `}so ${ago(sinceMs, nowMs)}</p>
</div>`;
}

function reasons(all: readonly PreviewReason[]): Html {
  if (all.length === 0) return html``;
  return html`<section class="panel" data-key="reasons" aria-labelledby="reasons"><h2 id="reasons">Why</h2><ul class="plain">${all
    .slice(0, 50)
    .map(
      (
        reason,
      ) => html`<li>${icon(reason.awaits === "people" ? "deny" : reason.awaits === "machines" ? "waiting-on-machines" : "info")}<div><p>${said(reason.message, 1_000)}</p>
<p class="small muted">${where(reason)} · ${reason.awaits === "nobody" ? "waits for nobody" : `waits for ${reason.awaits}`}</p></div></li>`,
    )}</ul></section>`;
}

function where({ cause, object, file, component, cluster }: PreviewReason): Html {
  return html`<code>${said(cause, 40)}</code>${[object, file, component, cluster].map((one) => (one ? html` · ${said(one, 200)}` : ""))}`;
}

function parts({ parts: all }: PreviewView): Html {
  if (all.length === 0) return html``;
  return html`<div data-key="parts">${table({
    heading: html`<h2>Components</h2>`,
    caption: "Components as Argo CD tells of them",
    columns: [
      { name: "Component" },
      { name: "Sync", kind: "time" },
      { name: "Health", kind: "time" },
      { name: "Revision", kind: "time" },
      { name: "As green asks", kind: "time" },
    ],
    rows: all.map((part) => [
      html`<strong>${said(part.component, 80)}</strong><div class="byline"><span>${said(part.cluster, 80)}</span> <code>${said(part.application, 80)}</code></div>`,
      said(part.sync, 40),
      said(part.health, 40),
      html`${part.revision === "" ? "None" : commit(part.revision)}`,
      html`${part.green ? html`${icon("allow")} Yes` : html`${icon("waiting-on-machines")} Not yet`}`,
    ]),
    keys: all.map((part) => `part-${part.application}`),
  })}</div>`;
}

function facts({ row, slug, places: made }: PreviewView, nowMs: number): Html {
  const { createdAtMs, sleepsAtMs, expiresAtMs, state, url } = row;
  const there = ["provisioning", "healthy", "degraded", "failed", "sleeping"].includes(state);
  const argocd = made[0]?.argocd;
  return html`<section class="panel" data-key="facts"><h2>What was made</h2>
<dl class="facts stacked">
<dt>Age</dt><dd>${createdAtMs === undefined || made.length === 0 ? "There is nothing now" : ago(createdAtMs, nowMs)}</dd>
${there && sleepsAtMs !== undefined && state !== "sleeping" ? html`<dt>Goes to sleep</dt><dd>${ahead(sleepsAtMs, nowMs)}</dd>` : ""}
${there && expiresAtMs !== undefined ? html`<dt>Is removed</dt><dd>${ahead(expiresAtMs, nowMs)}, unless there is a push or a command before</dd>` : ""}
${url === undefined ? "" : html`<dt>Address</dt><dd><code>${said(url, 300)}</code></dd>`}
<dt>Namespace</dt><dd>${made.length === 0 ? html`None; it would be <code>${slug}</code>` : made.map((place) => html`<div><code>${place.namespace}</code> on ${said(place.cluster, 100)}</div>`)}</dd>
${argocd ? html`<dt>AppProject and ApplicationSet</dt><dd><code>${slug}</code> in <code>${argocd.namespace}</code> on ${said(argocd.cluster, 100)}</dd>` : ""}
</dl></section>`;
}

function commands({ row }: PreviewView): Html {
  const lines = commandsOf(row.state);
  if (lines.length === 0) return html``;
  return html`<section class="panel next" data-key="next"><h2>To change it</h2><ul class="steps">${lines.map(
    (line) => html`<li><div class="paste"><code data-copy>${line}</code></div></li>`,
  )}</ul><p class="hint">Lines go into a comment on the pull request.</p></section>`;
}
