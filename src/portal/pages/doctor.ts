import { html } from "hono/html";
import type { Diagnosis, DiagnosisLevel } from "../../model/diagnosis.ts";
import type { Route } from "../route.ts";
import type { Viewer } from "../viewer.ts";
import { type IconName, icon } from "./icons.ts";
import { page } from "./layout.ts";
import type { Html } from "./markup.ts";
import { table } from "./table.ts";
import { ago, said } from "./text.ts";

export interface DoctorPageOptions {
  /** What there is to say, and when it was looked at. */
  examine(): Promise<{ findings: Diagnosis[]; atMs: number }>;
  /** ms since the epoch. */
  now(): number;
}

/** What a level is called, its shape and its colour: any one of them is enough. */
const LEVELS: Record<DiagnosisLevel, { name: string; icon: IconName; state: string }> = {
  fail: { name: "To mend", icon: "deny", state: "deny" },
  unknown: { name: "Not known", icon: "unknown", state: "unknown" },
  warn: { name: "To think about", icon: "warning", state: "waiting-on-people" },
  ok: { name: "OK", icon: "allow", state: "allow" },
};
const WORST_FIRST: DiagnosisLevel[] = ["fail", "unknown", "warn", "ok"];

export function doctorRoute({ examine, now }: DoctorPageOptions): Route {
  return {
    method: "GET",
    path: "/doctor",
    access: "operator",
    summary: "What is missing before pull requests are gated, and what mends it.",
    cost: 10,
    async handler(_context, viewer) {
      const { findings, atMs } = await examine();
      const body = doctorBody(
        findings.filter((finding) => isTheirs(finding, viewer)),
        { atMs, nowMs: now() },
      );
      return page({ title: "Doctor", viewer, path: "/doctor", body });
    },
  };
}

/** The process and the App are every operator's; an installation is its owner's operators', a repository theirs who see it, too. */
function isTheirs({ about }: Diagnosis, viewer: Viewer): boolean {
  if (about === undefined) return true;
  const { owner, installationId, repositoryId } = about;
  return viewer.has("operator", owner) && (repositoryId === undefined || viewer.sees(installationId, repositoryId));
}

export function doctorBody(findings: readonly Diagnosis[], { atMs, nowMs }: { atMs: number; nowMs: number }): Html {
  const sorted = [...findings].sort((a, b) => WORST_FIRST.indexOf(a.level) - WORST_FIRST.indexOf(b.level));
  const count = (level: DiagnosisLevel): number => findings.filter((finding) => finding.level === level).length;
  return html`<div class="heading"><div><h1>Doctor</h1><p class="muted">Looked at ${ago(atMs, nowMs)}. The same at the process: <code>npm run hms doctor</code></p></div></div>
<dl class="tiles">${WORST_FIRST.map((level) => html`<div><dt>${LEVELS[level].name}</dt><dd>${count(level)}</dd></div>`)}</dl>
${table({
  caption: count("fail") + count("unknown") === 0 ? "Nothing to mend" : "What to mend comes first",
  columns: [
    { name: "Where", kind: "text" },
    { name: "State", kind: "state" },
    { name: "What" },
    { name: "What mends it" },
  ],
  rows: sorted.map((finding) => [
    said(finding.where, 200),
    html`<span class="state ${LEVELS[finding.level].state}">${icon(LEVELS[finding.level].icon)}${LEVELS[finding.level].name}</span>`,
    html`${said(finding.what, 600)} <code>${finding.code}</code>`,
    remedy(finding),
  ]),
})}`;
}

function remedy({ fix, command }: Diagnosis): Html {
  return html`${fix === undefined ? "" : linked(fix)}${command === undefined ? "" : html`<pre tabindex="0"><code>${command}</code></pre>`}`;
}

/** The text with its addresses as links; each ends at a blank, or before the mark that ends a clause. */
function linked(text: string): Html {
  const parts = text.split(/(https?:\/\/[^\s()"]*[^\s()".,;:])/);
  return html`${parts.map((part, at) => (at % 2 === 1 ? html`<a href="${part}">${part}</a>` : part))}`;
}
