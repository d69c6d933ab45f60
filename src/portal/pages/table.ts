import { html } from "hono/html";
import type { Html } from "./markup.ts";

export interface Column {
  name: string;
  /** What its cells hold, for their width: the same column is as wide in every table of a page. */
  kind?: "state" | "text" | "time" | "moment";
}

export interface TableOptions {
  /** A heading above the rows, inside the table's frame; the caption is then only heard. */
  heading?: Html;
  /** What the rows are, for everybody. */
  caption: Html | string;
  /** The first one names its row. */
  columns: Column[];
  /** One cell for each column. */
  rows: Html[][];
  /** One name for each row that stays with what the row is about, for rows that are updated in place. */
  keys?: string[];
}

/**
 * A table whose rows become cards on a narrow screen. Taking a table apart by style takes its meaning from screen readers too, so every part
 * says what it is.
 */
export function table({ heading, caption, columns, rows, keys }: TableOptions): Html {
  return html`<div class="table">${heading ?? ""}<table role="table">
<caption${heading ? html` class="unseen"` : ""}>${caption}</caption>
<thead role="rowgroup"><tr role="row">${columns.map(
    ({ name, kind }) => html`<th role="columnheader" scope="col"${classOf(kind)}>${name}</th>`,
  )}</tr></thead>
<tbody role="rowgroup">${rows.map(
    (cells, row) =>
      html`<tr role="row"${keys ? html` data-key="${keys[row]}"` : ""}>${columns.map((column, at) => cell(column, cells[at], at === 0))}</tr>\n`,
  )}</tbody>
</table></div>`;
}

function cell({ name, kind }: Column, content: Html | undefined, names: boolean): Html {
  return names
    ? html`<th role="rowheader" scope="row"${classOf(kind)}>${content ?? ""}</th>`
    : html`<td role="cell" data-label="${name}"${classOf(kind)}>${content ?? ""}</td>`;
}

function classOf(kind: Column["kind"]): Html | string {
  return kind === undefined ? "" : html` class="col-${kind}"`;
}
