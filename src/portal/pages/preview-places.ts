import { html } from "hono/html";
import type { NamespaceSight, SeenEvent, SeenUse } from "../../preview/preview.ts";
import type { PreviewView } from "../views/preview-view.ts";
import { icon } from "./icons.ts";
import type { Html } from "./markup.ts";
import { table } from "./table.ts";
import { ago, said } from "./text.ts";

type Places = PreviewView["places"];

/** What the clusters show now; of one that cannot be read, that it cannot. */
export function places(all: Places, nowMs: number): Html {
  return html`${all.map(({ cluster, namespace, now }) => {
    const key = `${cluster}-${namespace}`;
    return now.kind === "seen"
      ? html`<div data-key="place-${key}">${objects(now.sight, cluster, nowMs)}${events(now.sight, cluster, nowMs)}</div>`
      : html`<div class="notice" data-key="place-${key}">${icon("unknown")}<div><p>What runs on ${said(cluster, 100)} cannot be read at the moment. What stands here otherwise is what was last seen.</p><p class="small muted">${said(now.why, 500)}</p></div></div>`;
  })}`;
}

function objects({ objects: all, left }: NamespaceSight, cluster: string, nowMs: number): Html {
  const heading = html`<h2>What runs <span class="muted">on ${said(cluster, 100)}</span></h2>`;
  if (all.length === 0)
    return html`<section class="panel">${heading}<p class="muted">Nothing at the moment.</p></section>`;
  return html`${table({
    heading,
    caption: `What runs on ${cluster}`,
    columns: [{ name: "Object" }, { name: "State", kind: "text" }, { name: "Age", kind: "time" }],
    rows: all.map(({ kind, name, state, ready, createdAtMs }) => [
      html`<span class="muted">${kind}</span> <strong>${said(name, 120)}</strong>`,
      html`${ready === undefined ? "" : icon(ready ? "allow" : "waiting-on-machines")} ${said(state, 160)}`,
      html`${createdAtMs === undefined ? "" : ago(createdAtMs, nowMs)}`,
    ]),
    keys: all.map(({ kind, name }) => `${kind}-${name}`),
  })}${left.objects > 0 ? html`<p class="muted small">${left.objects} more are not shown.</p>` : ""}`;
}

function events({ events: all, left }: NamespaceSight, cluster: string, nowMs: number): Html {
  if (all.length === 0) return html``;
  return html`<section class="panel" data-key="events"><h2>Events <span class="muted">on ${said(cluster, 100)}, newest first</span></h2><ul class="plain">${all.map(
    (event) => eventLine(event, nowMs),
  )}</ul>${left.events > 0 ? html`<p class="muted small">${left.events} older ones are not shown.</p>` : ""}</section>`;
}

function eventLine({ object, reason, message, warning, count, atMs }: SeenEvent, nowMs: number): Html {
  return html`<li>${icon(warning ? "warning" : "info")}<div><p>${warning ? html`<span class="unseen">Warning: </span>` : ""}<strong>${said(reason, 80)}</strong> ${said(message, 500)}</p>
<p class="small muted">${said(object, 200)}${count > 1 ? ` · ${count} times` : ""} · ${ago(atMs, nowMs)}</p></div></li>`;
}

/** Use against quota, on each cluster. */
export function quotas(all: Places): Html {
  return html`${all.map(({ cluster, now }) => (now.kind === "seen" && now.sight.use.length > 0 ? quota(cluster, now.sight.use) : ""))}`;
}

function quota(cluster: string, use: readonly SeenUse[]): Html {
  const used = use.filter(({ share = 0, used: now }) => share > 0 || now !== "0");
  const unused = use.filter((one) => !used.includes(one));
  return html`<section class="panel" data-key="quota-${cluster}"><h2>Use against quota <span class="muted">on ${said(cluster, 100)}</span></h2>
<ul class="uses">${used.map(
    (one) =>
      html`<li data-key="use-${one.resource}"><div class="use"><span>${said(one.resource, 80)}</span> <span class="muted small">${said(one.used, 40)} of ${said(one.hard, 40)}</span></div>${
        one.share === undefined
          ? ""
          : html`<meter min="0" max="100" high="90" optimum="0" value="${Math.round(one.share * 100)}" aria-label="${one.resource}">${Math.round(one.share * 100)} %</meter>`
      }</li>`,
  )}</ul>${
    unused.length === 0
      ? ""
      : html`<details class="small" data-key="unused-${cluster}"><summary>${unused.length} more of which nothing is used</summary><ul class="uses">${unused.map(
          (one) =>
            html`<li><div class="use"><span>${said(one.resource, 80)}</span> <span class="muted small">at most ${said(one.hard, 40)}</span></div></li>`,
        )}</ul></details>`
  }</section>`;
}
