import { html } from "hono/html";
import type { CheckerDocument } from "../../model/checker-input.ts";
import type { Verdict } from "../../model/verdict.ts";
import { icon } from "./icons.ts";
import type { Html } from "./markup.ts";
import { ownRules, ruleFacts } from "./rule-facts.ts";
import { said } from "./text.ts";

type RuleOutcome = "deny" | "waiting-on-people" | "waiting-on-machines" | "warn" | "met";

/** What one rule said, with what it looked at and what to do. */
export interface RuleResult {
  rule: string;
  outcome: RuleOutcome;
  message: string;
  remedy?: string;
  whom?: string;
  controls: string[];
}

const OUTCOME_WORDS: Record<RuleOutcome, string> = {
  deny: "Blocks",
  "waiting-on-people": "Waits for people",
  "waiting-on-machines": "Waits for checks",
  warn: "Remarks",
  met: "Met",
};

const OUTCOME_ICONS = {
  deny: "deny",
  "waiting-on-people": "waiting-on-people",
  "waiting-on-machines": "waiting-on-machines",
  warn: "info",
  met: "allow",
} as const;

/**
 * Every rule's outcome: what denies first, then what waits, what remarks, and what is met. Which rules are met is known of our own policy only:
 * another one names the rules that object, not those that do not.
 */
export function ruleResults({ verdict, input, ownPolicy }: Omit<VerdictTree, "level">): RuleResult[] {
  const spoken: RuleResult[] = [
    ...verdict.deny.map(({ rule, message, remedy, controls }) => ({
      rule,
      outcome: "deny" as const,
      message,
      remedy,
      controls,
    })),
    ...verdict.waiting
      .toSorted((a, b) => Number(a.on === "machines") - Number(b.on === "machines"))
      .map(({ rule, message, on, whom }) => ({
        rule,
        outcome: on === "people" ? ("waiting-on-people" as const) : ("waiting-on-machines" as const),
        message,
        ...(whom === undefined ? {} : { whom }),
        controls: [],
      })),
    ...verdict.warn.map(({ rule, message }) => ({ rule, outcome: "warn" as const, message, controls: [] })),
  ];
  if (!ownPolicy) return spoken;
  const named = new Set(spoken.map(({ rule }) => rule));
  const met = ownRules(input)
    .filter(({ rule }) => !named.has(rule))
    .map(({ rule, asks }) => ({ rule, outcome: "met" as const, message: asks, controls: [] }));
  return [...spoken, ...met];
}

export interface VerdictTree {
  verdict: Verdict;
  /** What was judged; undefined where the facts are gone. */
  input: CheckerDocument | undefined;
  /** Whether the policy that comes with HMS-SYS decided. */
  ownPolicy: boolean;
  /** 3 unless given: the level of the rules' headings. */
  level?: 3 | 4;
}

/** Rule by rule: what it says, which facts it looked at, and what to do. */
export function verdictTree({ verdict, input, ownPolicy, level = 3 }: VerdictTree): Html {
  const results = ruleResults({ verdict, input, ownPolicy });
  const objecting = results.filter(({ outcome }) => outcome !== "met");
  const met = results.filter(({ outcome }) => outcome === "met");
  return html`${
    objecting.length > 0
      ? html`<ul class="rules">${objecting.map((result) => ruleItem(result, input, level))}</ul>`
      : html`<p>No rule objects.</p>`
  }${
    met.length > 0
      ? html`<details class="met" data-key="met"><summary>${met.length} ${met.length === 1 ? "rule is" : "rules are"} met</summary><ul class="rules">${met.map(
          (result) => ruleItem(result, input, level),
        )}</ul></details>`
      : ""
  }`;
}

function ruleItem(result: RuleResult, input: CheckerDocument | undefined, level: 3 | 4): Html {
  const { rule, outcome, message, remedy, whom, controls } = result;
  const facts = ruleFacts(rule, input);
  const name = html`<code>${said(rule, 120)}</code>`;
  return html`<li class="rule ${outcome}">${icon(OUTCOME_ICONS[outcome])}<div>
${level === 3 ? html`<h3>${name}</h3>` : html`<h4>${name}</h4>`}<span class="outcome">${OUTCOME_WORDS[outcome]}</span>
<p>${said(message, 2_000)}</p>
${facts.length > 0 ? html`<dl class="facts small">${facts.map(({ name, value }) => html`<dt>${said(name, 200)}</dt><dd>${said(value, 1_000)}</dd>`)}</dl>` : ""}
${whom === undefined ? "" : html`<p class="remedy"><strong>Awaited:</strong> ${said(whom)}</p>`}
${remedy ? html`<p class="remedy"><strong>What to do:</strong> ${said(remedy, 2_000)}</p>` : ""}
${controls.length > 0 ? html`<p class="small muted">Controls: ${said(controls.join(", "))}</p>` : ""}
</div></li>`;
}
