import { html } from "hono/html";
import { icon } from "./icons.ts";
import type { Html } from "./markup.ts";

/** What whoever is not signed in sees: what this is, and nothing of any repository. */
export function frontBody(): Html {
  return html`<div class="front">
<h1>The gate of your pull requests</h1>
<p class="lead">This GitHub App puts one required check, <code>hms/gate</code>, on every pull request. An external policy decides it, and every decision can be looked at, replayed and asked “what if”.</p>
<p class="actions"><a class="button" href="/sign-in?to=%2F">Sign in with GitHub</a></p>
<p class="hint">You see the repositories that GitHub shows you, and nothing else. Reading a pull request's check needs no sign-in: the reasons stand on GitHub too.</p>
<ul class="points">
<li>${icon("rule")}<div><h2>Why it is blocked</h2><p>Each rule, the facts that it looked at, and the line to paste that goes on from there.</p></div></li>
<li>${icon("waiting-on-people")}<div><h2>Who is awaited</h2><p>Open pull requests by repository, with the people or machines that each of them waits for.</p></div></li>
<li>${icon("unknown")}<div><h2>What would change</h2><p>Other facts for one decision, or another policy for the last 30 days: which merges would it have blocked?</p></div></li>
</ul>
<section aria-labelledby="for-machines">
<h2 id="for-machines">For operators and tools</h2>
<ul class="inline">
<li><a href="/readyz">Readiness</a></li>
<li><a href="/metrics">Metrics</a></li>
<li><a href="/schema/hms.json">Schema of hms.yml</a></li>
<li><a href="/api/v1/openapi.json">OpenAPI</a></li>
</ul>
</section>
</div>`;
}
