import { html } from "hono/html";
import type { Html } from "./markup.ts";
import { addressOf } from "./pager.ts";

/**
 * How the page stays true: by a link that loads it again and, with the script, by itself.
 * @param repository `installation/repository id` whose events change this page; undefined for all that the viewer sees.
 */
export function freshness(path: string, query: Record<string, string> = {}, repository?: string): Html {
  return html`<p class="freshness muted small" data-freshness="${repository ?? ""}"><span class="dot" aria-hidden="true"></span><span data-freshness-text>As of loading</span> · <a data-freshness-link href="${addressOf(path, query)}">Reload</a></p>`;
}
