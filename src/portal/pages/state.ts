import { html } from "hono/html";
import type { GateState } from "../../model/verdict.ts";
import { icon } from "./icons.ts";
import type { Html } from "./markup.ts";

/** What a state of the gate is called, worst first as people look for it. */
export const STATE_NAMES: Record<GateState, string> = {
  deny: "Blocked",
  "waiting-on-people": "Waiting for people",
  "waiting-on-machines": "Waiting for checks",
  unknown: "Not decided",
  allow: "Ready to merge",
};

/** A state in a shape, words and a colour, any one of which is enough. */
export function stateBadge(state: GateState): Html {
  return html`<span class="state ${state}">${icon(state)}${STATE_NAMES[state]}</span>`;
}

/** Beside a state that is shown but holds nobody up. */
export function shadowTag(): Html {
  return html`<span class="tag">${icon("shadow")}Shadow: only shown</span>`;
}
