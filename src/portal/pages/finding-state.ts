import { html } from "hono/html";
import type { Severity } from "../../model/finding.ts";
import { SEVERITIES } from "../../model/finding.ts";
import type { FindingState } from "../../model/listed-finding.ts";
import { type IconName, icon } from "./icons.ts";
import type { Html } from "./markup.ts";

/** What a finding is to a pull request, in words. */
export const FINDING_STATE_NAMES: Record<FindingState, string> = {
  new: "New",
  overdue: "Overdue",
  unchanged: "Known",
  waived: "Waived",
  fixed: "Fixed",
};

const SEVERITY_ICONS: Record<Severity, IconName> = {
  critical: "deny",
  high: "warning",
  medium: "info",
  low: "absent",
  note: "rule",
};

/** A severity in a shape, a word and a colour, any one of which is enough. */
export function severityBadge(severity: Severity): Html {
  return html`<span class="state severity-${severity}">${icon(SEVERITY_ICONS[severity])}${nameOf(severity)}</span>`;
}

export function nameOf(severity: Severity): string {
  return severity.charAt(0).toUpperCase() + severity.slice(1);
}

/** `3 new: 1 critical, 2 high · 40 known`; empty where nothing was found. */
export function countsText(
  counts: readonly { state: FindingState; severity: Severity; findings: number }[],
  states: readonly FindingState[] = ["new", "overdue", "unchanged", "waived", "fixed"],
): string {
  return states
    .flatMap((state) => {
      const own = counts.filter((one) => one.state === state);
      const total = own.reduce((sum, one) => sum + one.findings, 0);
      if (total === 0) return [];
      const name = FINDING_STATE_NAMES[state].toLowerCase();
      if (state !== "new" && state !== "overdue") return [`${grouped(total)} ${name}`];
      const by = SEVERITIES.flatMap((severity) => {
        const number = own.filter((one) => one.severity === severity).reduce((sum, one) => sum + one.findings, 0);
        return number > 0 ? [`${grouped(number)} ${severity}`] : [];
      });
      return [`${grouped(total)} ${name}: ${by.join(", ")}`];
    })
    .join(" · ");
}

export function grouped(number: number): string {
  return number.toLocaleString("en-US");
}
