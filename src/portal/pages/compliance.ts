import { html } from "hono/html";
import { answerProblem } from "../problem-page.ts";
import type { Route } from "../route.ts";
import { type ComplianceView, type ControlCount, type ControlRow, complianceView } from "../views/compliance.ts";
import { icon } from "./icons.ts";
import type { Html } from "./markup.ts";
import { type PagesDeps, show } from "./show.ts";
import { table } from "./table.ts";
import { ago, said } from "./text.ts";

export function complianceRoute(deps: PagesDeps): Route {
  return {
    method: "GET",
    path: "/compliance",
    access: "auditor",
    orRole: "operator",
    summary:
      "Which rules bear on which controls of a framework, what they said lately, and which controls none bears on.",
    cost: 10,
    async handler(context, viewer) {
      const name = new URL(context.req.url).searchParams.get("framework") ?? undefined;
      const view = await complianceView(deps.views, viewer, name);
      if (!view) return answerProblem(context, "not-found", "There is no map of that framework.");
      return show(deps, context, viewer, {
        title: "Compliance",
        place: "/compliance",
        body: complianceBody(view, deps.views.clock.now()),
      });
    },
  };
}

/** A framework's controls: first what the rules of each said, then the gaps. */
export function complianceBody(view: ComplianceView, nowMs: number): Html {
  const { covered, gaps, decisions, repositories } = view;
  return html`<div class="heading"><div><h1>Compliance</h1><p class="muted">${said(view.title, 400)}</p></div></div>
${view.maps.length > 1 ? frameworks(view) : ""}
<div class="notice" role="note">${icon("info")}<p><strong>This maps checks to controls. It certifies nothing.</strong> A rule supports a control in the part that a pull request touches; whether a control is met as a whole, people and assessors decide. Rules that no <code>hms.yml</code> switches on raise nothing, which is no evidence. Decisions in shadow mode are counted as well, and block nothing.</p></div>
<p class="small muted">${said(view.source, 400)}${view.sourceUrl === undefined ? "" : html` <a href="${view.sourceUrl}" rel="noreferrer">${view.sourceUrl}</a>`}</p>
<p class="small muted">${view.chosen ? "Denials name their controls by this map." : "Denials name their controls by another map."}</p>
<dl class="tiles">
<div><dt>Covered</dt><dd>${covered.length}</dd><dd class="small muted">controls that a rule bears on</dd></div>
<div><dt>Gaps</dt><dd>${gaps.length}</dd><dd class="small muted">controls that none bears on</dd></div>
<div><dt>Decisions</dt><dd>${decisions}</dd><dd class="small muted">in 30 days, of ${repositories === 1 ? "1 repository" : `${repositories} repositories`}${view.cut ? "; older ones were not read" : ""}</dd></div>
<div><dt>Last decision</dt><dd>${view.lastDecisionAtMs === undefined ? "none" : ago(view.lastDecisionAtMs, nowMs)}</dd><dd class="small muted">of those that you audit or operate</dd></div>
</dl>
${table({
  heading: html`<h2>Controls with rules <span class="muted">${covered.length}</span></h2>`,
  caption: "Controls with the rules that bear on them",
  columns: [
    { name: "Control", kind: "text" },
    { name: "Rules" },
    { name: "Decisions of 30 days", kind: "text" },
    { name: "Last denied", kind: "time" },
  ],
  rows: covered.map((control) => controlRow(control, nowMs)),
})}
${
  gaps.length === 0
    ? html`<p>Every control of this map has a rule.</p>`
    : table({
        heading: html`<h2>Gaps <span class="muted">${gaps.length}</span></h2>`,
        caption: "Controls of this map that no rule bears on",
        columns: [{ name: "Control", kind: "text" }, { name: "What it asks for" }],
        rows: gaps.map(({ id, title }) => [html`<code>${said(id, 60)}</code>`, said(title, 400)]),
      })
}`;
}

function frameworks({ maps, name }: ComplianceView): Html {
  return html`<nav aria-label="Framework"><ul class="choices">${maps.map(
    (one) =>
      html`<li><a href="/compliance?framework=${encodeURIComponent(one)}"${one === name ? html` aria-current="page"` : ""}>${said(one, 100)}</a></li>`,
  )}</ul></nav>`;
}

function controlRow(control: ControlRow, nowMs: number): Html[] {
  return [
    html`<strong>${said(control.id, 60)}</strong><div class="byline">${said(control.title, 400)}</div>`,
    html`${control.rules.map(
      ({ rule, denied, waited }) =>
        html`<div><code>${said(rule, 120)}</code>${denied + waited === 0 ? "" : html` <span class="muted small">${spoken({ denied, waited })}</span>`}</div>`,
    )}${
      control.commandRules.length === 0
        ? ""
        : html`<div class="muted small">Of commands, and in no decision: ${said(control.commandRules.join(", "), 600)}</div>`
    }`,
    control.rules.length === 0 ? html`<span class="muted">not counted</span>` : html`${said(counts(control))}`,
    control.lastDeniedAtMs === undefined ? html`<span class="muted">never</span>` : ago(control.lastDeniedAtMs, nowMs),
  ];
}

function counts({ raisedNothing, denied, waited }: ControlCount): string {
  return `${denied} denied, ${waited} waited, ${raisedNothing} raised nothing`;
}

function spoken({ denied, waited }: Pick<ControlCount, "denied" | "waited">): string {
  return [...(denied > 0 ? [`${denied} denied`] : []), ...(waited > 0 ? [`${waited} waited`] : [])].join(", ");
}
