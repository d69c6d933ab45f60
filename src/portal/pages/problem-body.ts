import { html } from "hono/html";
import { icon } from "./icons.ts";
import type { Html } from "./markup.ts";
import { said } from "./text.ts";

export interface ProblemBody {
  title: string;
  detail: string | undefined;
  /** What to do, in the imperative. */
  next: string;
  code: string;
  /** Where the code is explained. */
  documentation: string;
}

/** Why something was not shown or done, and what to do next. */
export function problemBody({ title, detail, next, code, documentation }: ProblemBody): Html {
  return html`<div class="panel problem"><h1>${icon("warning")}${title}</h1>
${detail === undefined ? "" : html`<p>${said(detail, 1_000)}</p>`}
<p><strong>${next}</strong></p>
<p class="actions"><a class="button" href="/">To the pull requests</a></p>
<p class="small muted">Code <code>${code}</code> · <a href="${documentation}">what it means</a></p></div>`;
}
