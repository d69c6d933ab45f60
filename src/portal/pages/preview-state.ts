import { html } from "hono/html";
import type { PreviewState } from "../../model/preview.ts";
import { PREVIEW_TITLES } from "../../preview/preview.ts";
import { type IconName, icon } from "./icons.ts";
import type { Html } from "./markup.ts";

/** Which of the gate's states a preview's looks like. */
const LOOKS: Record<PreviewState, { style: string; icon: IconName }> = {
  disabled: { style: "absent", icon: "absent" },
  skipped: { style: "absent", icon: "absent" },
  blocked: { style: "waiting-on-people", icon: "waiting-on-people" },
  queued: { style: "waiting-on-machines", icon: "waiting-on-machines" },
  provisioning: { style: "waiting-on-machines", icon: "waiting-on-machines" },
  healthy: { style: "allow", icon: "allow" },
  degraded: { style: "deny", icon: "deny" },
  failed: { style: "deny", icon: "deny" },
  sleeping: { style: "absent", icon: "asleep" },
  "tearing-down": { style: "waiting-on-machines", icon: "waiting-on-machines" },
  gone: { style: "absent", icon: "absent" },
};

interface Known {
  state: PreviewState;
  unknown?: string;
}

/** A preview's state in a shape, words and a colour. What cannot be read is never shown as what it was. */
export function previewBadge({ state, unknown }: Known): Html {
  return unknown === undefined
    ? html`<span class="state ${LOOKS[state].style}">${icon(LOOKS[state].icon)}${PREVIEW_TITLES[state]}</span>`
    : html`<span class="state unknown">${icon("unknown")}Not known at the moment</span>`;
}

export function previewStyle({ state, unknown }: Known): string {
  return unknown === undefined ? LOOKS[state].style : "unknown";
}

export function previewIcon(state: string): IconName {
  return isPreviewState(state) ? LOOKS[state].icon : "info";
}

export function isPreviewState(text: string): text is PreviewState {
  return Object.hasOwn(PREVIEW_TITLES, text);
}
