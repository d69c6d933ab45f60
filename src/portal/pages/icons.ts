import { html, raw } from "hono/html";
import type { Html } from "./markup.ts";

/** Paths on a grid of 16, drawn with the colour of the text around them. Each state has a shape of its own: colour alone says nothing. */
const SHAPES = {
  gate: '<path d="M3.5 13V3.5m9 9.5V3.5m-9 2.5h9m-9 4h9M8 6v4"/>',
  allow: '<circle cx="8" cy="8" r="6.25"/><path d="m5.2 8.2 2 2 3.7-4.2"/>',
  deny: '<path d="M5.4 1.75h5.2l3.65 3.65v5.2l-3.65 3.65H5.4L1.75 10.6V5.4zM5.8 5.8l4.4 4.4m0-4.4-4.4 4.4"/>',
  "waiting-on-people": '<circle cx="8" cy="5" r="2.75"/><path d="M2.75 14c.4-3 2.5-4.5 5.25-4.5s4.85 1.5 5.25 4.5"/>',
  "waiting-on-machines": '<circle cx="8" cy="8" r="6.25"/><path d="M8 4.4V8l2.4 1.7"/>',
  unknown:
    '<circle cx="8" cy="8" r="6.25" stroke-dasharray="2.6 2.3"/><path d="M6.3 6.4c.1-2 3.4-2 3.4 0 0 1.3-1.7 1.3-1.7 2.6m0 2v.1"/>',
  shadow: '<path d="M2 8s2.2-4 6-4 6 4 6 4-2.2 4-6 4-6-4-6-4z"/><circle cx="8" cy="8" r="1.6"/>',
  draft: '<path d="M11.2 2.6 13.4 4.8 5.6 12.6l-3 .8.8-3z"/>',
  outside: '<path d="M6.5 3.5h-3v9h9v-3M9.5 3.5h3v3M12.3 3.7 7.5 8.5"/>',
  rule: '<path d="M2.5 4h11m-11 4h7m-7 4h9"/>',
  info: '<circle cx="8" cy="8" r="6.25"/><path d="M8 7.4v3.6M8 5v.1"/>',
  asleep: '<path d="M13.4 9.7A5.75 5.75 0 0 1 6.3 2.6a5.75 5.75 0 1 0 7.1 7.1z"/>',
  absent: '<circle cx="8" cy="8" r="6.25"/><path d="M5.2 8h5.6"/>',
  warning: '<path d="M8 2 14.3 13.5H1.7zM8 6.4v3.2m0 2v.1"/>',
} as const;

export type IconName = keyof typeof SHAPES;

/** Decoration beside words that say the same: nobody who listens to the page hears of it. */
export function icon(name: IconName): Html {
  return html`<svg class="icon" viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">${raw(SHAPES[name])}</svg>`;
}
