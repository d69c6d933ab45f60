import { html } from "hono/html";
import type { PullView } from "../views/pull-view.ts";
import type { Html } from "./markup.ts";
import { said } from "./text.ts";

export interface NextStep {
  /** What to do, in the imperative. */
  what: string;
  /** A comment's line that does it, to be pasted as it is. */
  line?: string;
}

/** Rules that wait for a review. */
const REVIEWED = ["approvals", "code-owners", "path-approvals", "trusted-paths-admin-approval"];

/** What the default policy says of findings, which may be secrets. */
const SECRETS = new Set(["no-critical-findings", "no-high-findings", "no-leaks-findings"]);

/** What brings a pull request on from where it stands, most pressing first. Nothing for one that is closed or ready. */
export function stepsOf({ row, decision, input, hold }: PullView): NextStep[] {
  if (!row.open || row.state === "allow") return [];
  if (!decision) return [{ what: "Wait: it is tried again by itself. Or ask for it now:", line: "/hms retry" }];
  const { verdict } = decision;
  const overridable = new Map((input?.config.overrides ?? []).map(({ rule, permission }) => [rule, permission]));
  const steps: NextStep[] = [];
  for (const { rule } of verdict.deny) {
    const permission = overridable.get(rule);
    if (permission === undefined) continue;
    steps.push({
      what: `Fix what ${rule} names. Or let it pass once, as somebody with ${permission} permission who neither wrote nor last pushed it${SECRETS.has(rule) ? " (it takes two where secrets were found)" : ""}:`,
      line: `/hms override ${rule} ${row.headSha} <reason>`,
    });
  }
  if (verdict.deny.some(({ rule }) => !overridable.has(rule)))
    steps.push({ what: "Do what the blocking rules ask, then push." });
  if (hold) steps.push({ what: "End the hold, once its reason is gone:", line: "/hms unhold" });
  const rules = new Set(verdict.waiting.map(({ rule }) => rule));
  if (rules.has("ready-for-review")) steps.push({ what: "Mark it ready for review on GitHub." });
  if (REVIEWED.some((rule) => rules.has(rule))) steps.push({ what: "Approve this commit in a review on GitHub." });
  if (verdict.waiting.some(({ on }) => on === "machines"))
    steps.push({ what: "Wait for what still has to report. Or look again now:", line: "/hms retry" });
  return steps;
}

export function nextSteps(view: PullView): Html {
  const steps = stepsOf(view);
  if (steps.length === 0) return html``;
  return html`<section class="panel next" data-key="next"><h2>What to do next</h2><ul class="steps">${steps.map(
    ({ what, line }) =>
      html`<li>${said(what, 500)}${line === undefined ? "" : html`<div class="paste"><code data-copy>${line}</code></div>`}</li>`,
  )}</ul>${steps.some(({ line }) => line !== undefined) ? html`<p class="hint">Lines go into a comment on the pull request.</p>` : ""}</section>`;
}
