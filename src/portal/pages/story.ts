import { html } from "hono/html";
import type { PreviewState } from "../../model/preview.ts";
import type { LedgerEntry } from "../../ports/ledger.ts";
import { PREVIEW_TITLES } from "../../preview/preview.ts";
import type { IconName } from "./icons.ts";
import { icon } from "./icons.ts";
import type { Html } from "./markup.ts";
import { isPreviewState, previewIcon } from "./preview-state.ts";
import { STATE_NAMES } from "./state.ts";
import { commit, moment, said } from "./text.ts";

/** What happened to one pull request, oldest first: from the delivery to the call that wrote the check. */
export function story(entries: readonly LedgerEntry[]): Html {
  if (entries.length === 0) return html`<p class="muted">The ledger has nothing about it yet.</p>`;
  return html`<ol class="story">${entries.map(
    (entry) =>
      html`<li data-key="${entry.stream}:${entry.sequence}">${icon(iconOf(entry))}<div><p>${told(entry)}</p><p class="small muted">${moment(entry.atMs)} · entry ${entry.sequence}</p></div></li>`,
  )}</ol>`;
}

/** One entry of the ledger in words. */
export function told({ type, data, id }: LedgerEntry): Html {
  const text = (name: string): string => (typeof data[name] === "string" ? data[name] : "");
  switch (type) {
    case "delivery_accepted":
      return html`GitHub delivered <code>${said([text("event"), text("action")].filter(Boolean).join("."), 100)}</code> <span class="muted">${said(text("delivery"), 60)}</span>`;
    case "verdict":
      return html`Decided at ${commit(text("sha"))}: <strong>${outcomeWords(text("outcome"))}</strong>${rules(data)} <a href="/decisions/${encodeURIComponent(id)}">Decision</a>`;
    case "check_written":
      return html`Wrote <code>${said(text("check"), 100)}</code> to GitHub: ${checkWords(data.state)} “${said(text("title"))}”`;
    case "pull_closed":
      return html`${data.merged === true ? "Merged" : "Closed without a merge"} at ${commit(text("sha"))}`;
    case "override":
      return html`${said(text("by"), 100)} overrode <code>${said(text("rule"), 120)}</code> at ${commit(text("sha"))}: ${said(text("reason"))}`;
    case "command":
      return html`${said(text("by"), 100)} said <code>/hms ${said([text("verb"), text("action")].filter(Boolean).join(" "), 60)}</code>${text("reason") ? html`: ${said(text("reason"))}` : ""}`;
    case "deployment_thought":
      return html`Placed the preview on <strong>${said(listText(data.chosen))}</strong>: ${said(text("why"), 200)}`;
    case "scan_reported":
      return html`The scan <code>${said(text("kind"), 40)}</code> reported ${data.findings === 1 ? "1 finding" : `${Number(data.findings) || 0} findings`} <span class="muted">(${said(text("tool"), 60)})</span>`;
    case "scan_state":
      return html`The scan <code>${said(text("kind"), 40)}</code> is <strong>${said(text("state").replaceAll("-", " "), 40)}</strong>${text("reason") ? html`: ${said(text("reason"))}` : ""}`;
    case "scan_report_refused":
      return html`Refused a report of the scan <code>${said(text("kind"), 40)}</code>: ${said([text("why"), text("detail")].filter(Boolean).join(": "))}`;
    default: {
      const state = previewStateOf(type);
      if (state !== undefined) return previewWords(state, data);
      return html`<code>${said(type, 80)}</code>${Object.entries(data).map(([name, value]) => html` · ${said(name, 60)} ${said(valueText(value), 200)}`)}`;
    }
  }
}

function iconOf({ type, data }: LedgerEntry): IconName {
  switch (type) {
    case "verdict":
      return isState(data.outcome) ? data.outcome : "unknown";
    case "check_written":
      return "outside";
    case "pull_closed":
      return "gate";
    case "command":
    case "override":
      return "waiting-on-people";
    case "deployment_thought":
      return "rule";
    case "scan_reported":
      return "info";
    case "scan_state":
      return data.state === "queued" || data.state === "running" ? "waiting-on-machines" : "unknown";
    case "scan_report_refused":
      return "warning";
    default:
      return previewIcon(previewStateOf(type) ?? "");
  }
}

/** `preview_tearing_down` → `tearing-down`. */
function previewStateOf(type: string): PreviewState | undefined {
  const state = type.startsWith("preview_") ? type.slice("preview_".length).replaceAll("_", "-") : "";
  return isPreviewState(state) ? state : undefined;
}

function previewWords(state: PreviewState, data: LedgerEntry["data"]): Html {
  const sha = typeof data.sha === "string" && data.sha !== "" ? html` at ${commit(data.sha)}` : "";
  const reasons = listText(data.reasons);
  return html`Preview: <strong>${PREVIEW_TITLES[state]}</strong>${sha}${reasons === "" ? "" : html` (${said(reasons)})`}`;
}

function listText(value: unknown): string {
  return Array.isArray(value) ? value.map(String).join("; ") : "";
}

function isState(value: unknown): value is keyof typeof STATE_NAMES {
  return typeof value === "string" && Object.hasOwn(STATE_NAMES, value);
}

function outcomeWords(outcome: string): string {
  return isState(outcome) ? STATE_NAMES[outcome] : "Not decided";
}

function rules(data: LedgerEntry["data"]): Html | string {
  const named = [data.rules, data.waiting].flatMap((value) => (Array.isArray(value) ? value : []));
  return named.length === 0 ? "" : html` (${said([...new Set(named)].map(String).join(", "))})`;
}

function checkWords(state: unknown): Html {
  const { status, conclusion } = (typeof state === "object" && state !== null ? state : {}) as Record<string, unknown>;
  return html`<strong>${said(String(conclusion ?? status ?? "unknown").replaceAll("_", " "), 40)}</strong>`;
}

function valueText(value: unknown): string {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : (JSON.stringify(value) ?? "");
}
