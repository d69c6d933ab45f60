import { html } from "hono/html";
import type { CheckerDocument } from "../../model/checker-input.ts";
import type { DecisionView } from "../views/decisions.ts";
import type { Replay } from "../views/replay.ts";
import { type EditForm, editForm } from "./edit-facts.ts";
import { icon } from "./icons.ts";
import type { Html } from "./markup.ts";
import { pullPath } from "./pull-path.ts";
import { stateBadge } from "./state.ts";
import { commit, digest, moment, rawJson, said } from "./text.ts";
import { verdictTree } from "./verdict.ts";

export interface DecisionPage {
  view: DecisionView;
  ownPolicy: boolean;
  /** What came of judging it again, if somebody just asked. */
  replay?: Replay;
  /** The form as it was sent; the stored facts unless given. */
  form?: EditForm;
  /** Why the form could not be taken. */
  refused?: string;
}

/** One decision: what it is bound to, what it said, and what it would say again. */
export function decisionBody({ view, ownPolicy, replay, form, refused }: DecisionPage): Html {
  const path = `/decisions/${encodeURIComponent(view.id)}`;
  const known = view.owner !== "" && view.number !== undefined;
  const pull = known ? { owner: view.owner, repository: view.repository, number: view.number ?? 0 } : undefined;
  return html`<p class="trail"><a href="/">Pull requests</a>${pull ? html` / <a href="${pullPath(pull)}"><bdi>${pull.owner}/${pull.repository}</bdi> #${pull.number}</a>` : ""}</p>
<h1>Decision <span class="muted mono">${view.id}</span></h1>
<p class="states">${stateBadge(view.outcome)}</p>
${replay ? replayed(replay, ownPolicy && (!view.input || isAboutPull(view.input))) : ""}
<div class="with-aside">
<div>
<section class="panel" aria-labelledby="verdict"><h2 id="verdict">Verdict</h2>${
    view.verdict ? verdictTree({ verdict: view.verdict, input: view.input, ownPolicy }) : gone(view.integrity)
  }</section>
${view.input && isAboutPull(view.input) ? html`<section class="panel" aria-labelledby="edit"><h2 id="edit">What if the facts were others?</h2>${editForm({ path, input: view.input, form, refused })}</section>` : ""}
<section class="panel" aria-labelledby="raw"><h2 id="raw">Raw facts and answer</h2>${
    view.input || view.verdict
      ? html`${view.input ? rawJson("What the policy was given", view.input) : ""}${view.verdict ? rawJson("What it answered", view.verdict) : ""}`
      : html`<p class="muted">There is none any more.</p>`
  }</section>
</div>
<aside aria-label="Bindings and replay">
<section class="panel"><h2>Bound to</h2><dl class="facts stacked">
<dt>Decided</dt><dd>${moment(view.atMs)}</dd>
<dt>Commit</dt><dd>${commit(view.sha)}</dd>
<dt>Policy bundle</dt><dd>${digest(view.bundleRevision)} <span class="small muted">${view.sameBundle ? "in force now too" : "another one is in force now"}</span></dd>
<dt>Facts</dt><dd>${digest(view.inputDigest)} <span class="small muted">${INTEGRITY[view.integrity]}</span></dd>
</dl></section>
${view.input ? replayForm(path) : ""}
</aside>
</div>`;
}

const INTEGRITY: Record<DecisionView["integrity"], string> = {
  holds: "the stored facts are these",
  erased: "erased, as retention asks",
  broken: "the stored facts are others",
};

/** A merge group's facts have none of the fields that the form edits. */
function isAboutPull({ point }: CheckerDocument): boolean {
  return point !== "merge-group";
}

function gone(integrity: DecisionView["integrity"]): Html {
  return integrity === "broken"
    ? html`<div class="notice bad">${icon("warning")}<p>What is stored as the facts is not what was judged, by its digest: do not rely on it.</p></div>`
    : html`<div class="notice">${icon("info")}<p>The facts were erased, as retention asks. The ledger keeps their digest and the outcome.</p></div>`;
}

function replayForm(path: string): Html {
  return html`<section class="panel"><h2>Replay</h2>
<p class="small">Judges the stored facts once more, by the policy in force now. It changes nothing.</p>
<form method="post" action="${path}/replay"><button type="submit">Replay</button></form></section>`;
}

function replayed(replay: Replay, ownPolicy: boolean): Html {
  return html`<section class="panel result" aria-labelledby="result"><h2 id="result">${replay.kind === "judged" && replay.edited ? "With other facts" : "Replay"}</h2>${outcome(replay, ownPolicy)}</section>`;
}

function outcome(replay: Replay, ownPolicy: boolean): Html {
  switch (replay.kind) {
    case "judged": {
      const { before, after, same, edited } = replay;
      return html`<div class="notice ${same || edited ? "good" : "bad"}">${icon(same ? "allow" : "info")}<div>${comparison(replay)}</div></div>
${
  same
    ? ""
    : html`<div class="columns">
<section class="side"><h3>As decided</h3><p class="states">${stateBadge(before.outcome)}</p>${verdictTree({ verdict: before.verdict, input: undefined, ownPolicy, level: 4 })}</section>
<section class="side"><h3>${edited ? "With these facts" : "By the policy in force"}</h3><p class="states">${stateBadge(after.outcome)}</p>${verdictTree({ verdict: after.verdict, input: undefined, ownPolicy, level: 4 })}</section>
</div>`
}`;
    }
    case "patch-refused":
      return html`<div class="notice bad">${icon("warning")}<div><p><strong>These facts cannot be judged.</strong></p><p>${said(replay.why, 600)}</p></div></div>`;
    case "undecided":
      return html`<div class="notice bad">${icon("unknown")}<div><p><strong>The policy could not decide.</strong> That is never a yes.</p><p>${said(replay.why, 600)}</p></div></div>`;
    case "erased":
    case "broken":
      return gone(replay.kind);
    case "not-found":
      return html`<p>There is no such decision.</p>`;
  }
}

function comparison({ before, after, same, sameBundle, edited }: Extract<Replay, { kind: "judged" }>): Html {
  if (same) {
    return edited
      ? html`<p><strong>Nothing changes.</strong> The verdict stays the same, word for word.</p>`
      : html`<p><strong>The same verdict, word for word.</strong> ${sameBundle ? "The same policy bundle gives the same answer." : "Another policy bundle is in force now; it gives the same answer."}</p>`;
  }
  const change =
    before.outcome === after.outcome
      ? html`The outcome stays, the reasons change.`
      : html`${stateBadge(before.outcome)} becomes ${stateBadge(after.outcome)}`;
  if (edited) return html`<p>${change}</p>`;
  return html`<p><strong>Another verdict.</strong> ${change}</p><p>${
    sameBundle
      ? "The policy bundle is the one that decided, so this should not be: look at the log, and verify the ledger."
      : html`Another policy bundle is in force now: ${digest(after.bundleRevision)}.`
  }</p>`;
}
