import { html } from "hono/html";
import type { Html } from "./markup.ts";

export interface Pager {
  path: string;
  /** What the address keeps from page to page. */
  query: Record<string, string>;
  /** Whether this is not the first page. */
  later: boolean;
  /** What the address of the next page has besides; empty on the last one. */
  next: Record<string, string>;
}

/** Links to the first and the next page; nothing where everything fits on one. */
export function pager({ path, query, later, next }: Pager): Html {
  const more = Object.keys(next).length > 0;
  if (!later && !more) return html``;
  return html`<nav class="pager" aria-label="Pages">
${later ? html`<a class="button quiet" href="${addressOf(path, query)}">First page</a>` : ""}
${more ? html`<a class="button quiet" rel="next" href="${addressOf(path, { ...query, ...next })}">Next page</a>` : ""}
</nav>`;
}

/** A path with its query. */
export function addressOf(path: string, query: Record<string, string>): string {
  const text = new URLSearchParams(query).toString();
  return text === "" ? path : `${path}?${text}`;
}
