import { html } from "hono/html";
import { oneLine } from "../../model/markdown.ts";
import type { Html } from "./markup.ts";

/** Titles on GitHub end at 256 characters; what is longer is no title that somebody reads. */
const SAID_MAX = 300;

/** What somebody wrote, on one line, in its own direction, and no longer than anybody reads. */
export function said(text: string, max = SAID_MAX): Html {
  return html`<bdi>${plain(text, max)}</bdi>`;
}

/** The same without markup, for places that know none. */
export function plain(text: string, max: number): string {
  return clip(oneLine(text), max);
}

/** At most `max` UTF-16 code units of whole characters; what is cut ends in an ellipsis. */
function clip(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}

/** A commit by its first ten digits; the whole of it on hovering. */
export function commit(sha: string): Html {
  return html`<code title="${sha}">${sha.slice(0, 10)}</code>`;
}

/** `sha256:` and the first twelve digits; the whole of it on hovering. */
export function digest(value: string): Html {
  return html`<code title="${value}">${value.slice(0, 19)}</code>`;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `3 h`, `12 days`: the largest unit that fits. */
export function duration(ms: number): string {
  const whole = Math.max(0, ms);
  if (whole < MINUTE_MS) return `${Math.floor(whole / SECOND_MS)} s`;
  if (whole < HOUR_MS) return `${Math.floor(whole / MINUTE_MS)} min`;
  if (whole < 2 * DAY_MS) return `${Math.floor(whole / HOUR_MS)} h`;
  return `${Math.floor(whole / DAY_MS)} days`;
}

/** How long ago something was, with the moment itself for machines and on hovering. */
export function ago(atMs: number, nowMs: number): Html {
  const iso = new Date(atMs).toISOString();
  const words = nowMs - atMs < 5 * SECOND_MS ? "just now" : `${duration(nowMs - atMs)} ago`;
  return html`<time datetime="${iso}" title="${readable(iso)}">${words}</time>`;
}

/** How long until something is, with the moment itself for machines and on hovering. */
export function ahead(atMs: number, nowMs: number): Html {
  const iso = new Date(atMs).toISOString();
  // What has just begun to run is said to take its whole time, not an hour or a day less.
  const leftMs = atMs - nowMs > MINUTE_MS ? Math.ceil((atMs - nowMs) / MINUTE_MS) * MINUTE_MS : atMs - nowMs;
  const words = leftMs <= 0 ? "now" : `in ${duration(leftMs)}`;
  return html`<time datetime="${iso}" title="${readable(iso)}">${words}</time>`;
}

/** A moment to the second, in UTC. */
export function moment(atMs: number): Html {
  const iso = new Date(atMs).toISOString();
  return html`<time datetime="${iso}">${readable(iso)}</time>`;
}

function readable(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}

/** `2026-02-28 23:59:59`, in UTC, where the column says so. */
export function secondsOf(atMs: number): string {
  return readable(new Date(atMs).toISOString()).slice(0, 19);
}

/** A link to elsewhere; plain text when the address is none of the web: what GitHub or a policy says is no script to run. */
export function outward(url: string | undefined, text: Html | string): Html {
  if (url === undefined || !/^https?:\/\//i.test(url)) return html`${text}`;
  return html`<a href="${url}" rel="noreferrer">${text}</a>`;
}

/** JSON that can be read, folded away until somebody wants it. */
export function rawJson(summary: string, value: unknown): Html {
  return html`<details class="raw" data-key="raw ${summary}"><summary>${summary}</summary>
<pre tabindex="0" role="group" aria-label="${summary}"><code>${JSON.stringify(value, null, 2)}</code></pre></details>`;
}
