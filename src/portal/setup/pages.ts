import type { Context } from "hono";
import { html } from "hono/html";
import type { AppDefinition } from "../../config/app-definition.ts";
import { icon } from "../pages/icons.ts";
import { PAGE_CSP, page } from "../pages/layout.ts";
import type { Html } from "../pages/markup.ts";
import { PROBLEMS, type ProblemCode, problem } from "../problem.ts";
import { NAME_MAX } from "./manifest.ts";

/** The pages of set-up. None needs a script; the one form that leaves goes to GitHub. */

function setupPage(title: string, path: string, body: Html, options: { status?: number; formTo?: string } = {}) {
  const { status = 200, formTo } = options;
  const csp = formTo
    ? PAGE_CSP.replace("form-action 'self'", `form-action 'self' ${new URL(formTo).origin}`)
    : PAGE_CSP;
  return page({
    title,
    viewer: undefined,
    signIn: false,
    path,
    body,
    status,
    headers: { "content-security-policy": csp },
  });
}

function notice(kind: "bad" | "good" | "", text: Html | string): Html {
  return html`<div class="notice ${kind}">${icon(kind === "" ? "info" : kind === "bad" ? "warning" : "allow")}<div><p>${text}</p></div></div>`;
}

export interface ChoicePage {
  githubWebUrl: string;
  publicUrl: string;
  /** Lower-case logins; empty: all owners. */
  allowedOwners: readonly string[];
  /** What is known to be wrong already, in sentences. */
  warnings: readonly string[];
  /** A registration that was cut off before its credentials were saved. */
  unfinished: { beganAt: string; owner: string; appsUrl: string } | undefined;
}

export function choicePage({ githubWebUrl, publicUrl, allowedOwners, warnings, unfinished }: ChoicePage) {
  const body = html`<h1>Set up HMS-SYS</h1>
<p>Two steps: GitHub registers an App of your own, and you install it. Nothing is to be copied by hand; the App's keys stay on this machine.</p>
${unfinished ? notice("bad", html`On ${unfinished.beganAt} GitHub registered an App for ${unfinished.owner}, but its credentials were never saved here. Look for it under <a href="${unfinished.appsUrl}">GitHub's settings</a> and delete it there; then go on.`) : ""}
${warnings.map((warning) => notice("bad", warning))}
<section class="panel" aria-labelledby="whose">
<h2 id="whose">Whose App is it to be?</h2>
<form method="get" action="/setup/review" class="stack">
<div class="field"><label for="organisation">Organisation on ${new URL(githubWebUrl).host}</label>
<input id="organisation" name="organisation" autocomplete="off" spellcheck="false" maxlength="100"${allowedOwners.length === 1 ? html` value="${allowedOwners[0]}"` : ""} aria-describedby="organisation-hint">
<p class="hint" id="organisation-hint">Its login. You have to own it. Empty: your own account.${allowedOwners.length > 0 ? html` HMS_ALLOWED_OWNERS lists ${allowedOwners.join(", ")}.` : ""}</p></div>
<div class="field"><label for="name">Name of the App</label>
<input id="name" name="name" autocomplete="off" maxlength="${NAME_MAX}" aria-describedby="name-hint">
<p class="hint" id="name-hint">Free on all of GitHub, ${NAME_MAX} characters at most. Empty: HMS-SYS and the organisation. People see it beside every check.</p></div>
<div class="actions"><button type="submit">Go on</button></div>
</form>
</section>
<dl class="facts"><dt>This process is reached at</dt><dd><code>${publicUrl}</code> (HMS_PUBLIC_URL)</dd><dt>GitHub</dt><dd><code>${githubWebUrl}</code> (GITHUB_API_URL)</dd></dl>`;
  return setupPage("Set up", "/setup", body);
}

export function reviewPage(options: {
  /** Address at GitHub that takes the manifest, with the state. */
  action: string;
  manifest: Record<string, unknown>;
  definition: AppDefinition;
  owner: string;
  name: string;
  warnings: readonly string[];
}) {
  const { action, manifest, definition, owner, name, warnings } = options;
  const permissions = Object.entries(definition.default_permissions).sort();
  const body = html`<h1>What GitHub will be asked</h1>
<p>GitHub shows it once more, lets you change the name, and registers the App <strong>${name}</strong> for <strong>${owner}</strong>. It is private: only ${owner} can install it.</p>
${warnings.map((warning) => notice("bad", warning))}
<form method="post" action="${action}">
<input type="hidden" name="manifest" value="${JSON.stringify(manifest)}">
<div class="actions"><button type="submit">Register the App on GitHub</button><a class="button quiet" href="/setup">Back</a></div>
</form>
<div class="columns">
<section aria-labelledby="may"><h2 id="may">What it may do</h2>
<table><thead><tr><th scope="col">Permission</th><th scope="col">Level</th></tr></thead><tbody>
${permissions.map(([permission, level]) => html`<tr><td><code>${permission}</code></td><td>${level}</td></tr>`)}
</tbody></table></section>
<section aria-labelledby="hears"><h2 id="hears">What it hears of</h2>
<p>${definition.default_events.map((event, index) => html`${index > 0 ? ", " : ""}<code>${event}</code>`)}, sent to <code>${String((manifest.hook_attributes as { url: string }).url)}</code></p></section>
</div>`;
  return setupPage("Set up", "/setup/review", body, { formTo: action });
}

export interface Refusal {
  /** Why in this case, as text. */
  detail?: string;
  /** Whether there is a beginning to go back to. */
  again?: boolean;
  /** Whether the last step can be tried once more. */
  retry?: boolean;
}

/** A refusal with its code, why, and the next step: as a page for a browser, `application/problem+json` for everybody else. */
export function refuse(context: Context, code: ProblemCode, { detail, again, retry }: Refusal = {}) {
  if (!(context.req.header("accept") ?? "").includes("text/html")) return problem(code, detail);
  const { status, title, next } = PROBLEMS[code];
  const body = html`<h1>${title}</h1>
${detail === undefined ? "" : html`<p>${detail}</p>`}
${notice("bad", html`<strong>Next:</strong> ${next}`)}
<div class="actions">
${retry ? html`<form method="post" action="/setup/finish"><button type="submit">Try again</button></form>` : ""}
${again ? html`<a class="button quiet" href="/setup">Back to the beginning</a>` : ""}
</div>
<p class="muted">Code <code>${code}</code></p>`;
  return setupPage(title, "/setup", body, { status });
}

/** What anyone sees until it is set up. */
export function waitingPage() {
  const body = html`<h1>HMS-SYS is not set up yet</h1>
<p>Whoever started it finds the address to go on with in the process's output.</p>`;
  return setupPage("Not set up", "/", body, { status: 503 });
}
