import { html } from "hono/html";
import type { QueueView } from "../views/queue-view.ts";
import { freshness } from "./freshness.ts";
import { icon } from "./icons.ts";
import type { Html } from "./markup.ts";
import { table } from "./table.ts";
import { ago, duration, said } from "./text.ts";

export interface QueuePage {
  view: QueueView;
  /** What came of a key that somebody just asked to be tried again. */
  retried?: { key: string; done: boolean };
  nowMs: number;
}

/** What waits to be worked on, and what waits for somebody to act. */
export function queueBody({ view, retried, nowMs }: QueuePage): Html {
  const { stats, parked } = view;
  return html`<div class="heading"><h1>Queue</h1>${freshness("/queue")}</div>
${retried ? outcome(retried) : ""}
<div id="queue" data-live="the queue">
<dl class="tiles">
<div><dt>Ready</dt><dd>${stats.ready}</dd><dd class="small muted">${stats.ready > 0 ? `oldest waits for ${duration(stats.oldestReadyMs)}` : "nothing waits"}</dd></div>
<div><dt>Running</dt><dd>${stats.leased}</dd><dd class="small muted">looked at now</dd></div>
<div><dt>Delayed</dt><dd>${stats.delayed}</dd><dd class="small muted">looked at again later</dd></div>
<div><dt>Parked</dt><dd>${stats.parked}</dd><dd class="small muted">${stats.parked > 0 ? "somebody has to act" : "nothing to do"}</dd></div>
</dl>
${
  parked.length === 0
    ? html`<div class="empty"><h2>Nothing is parked</h2><p>A key is parked when trying again cannot help until somebody acts, such as a missing permission. It then stands here with its reason.</p></div>`
    : table({
        caption: html`Parked <span class="muted">${parked.length}</span>`,
        columns: [
          { name: "Key", kind: "text" },
          { name: "Reason" },
          { name: "Parked", kind: "time" },
          { name: "Try again", kind: "time" },
        ],
        rows: parked
          .slice(0, 500)
          .map(({ key, reason, parkedAtMs }) => [
            html`<code>${said(key, 200)}</code>`,
            said(reason, 500),
            ago(parkedAtMs, nowMs),
            html`<form method="post" action="/queue/retry"><input type="hidden" name="key" value="${key}"><button type="submit" class="quiet">Retry<span class="unseen"> ${key}</span></button></form>`,
          ]),
      })
}
</div>`;
}

function outcome({ key, done }: { key: string; done: boolean }): Html {
  return done
    ? html`<div class="notice good" role="status">${icon("allow")}<p><code>${said(key, 200)}</code> is tried again.</p></div>`
    : html`<div class="notice" role="status">${icon("info")}<p><code>${said(key, 200)}</code> is not parked any more, or not yours to try again.</p></div>`;
}
