import { html } from "hono/html";
import { icon } from "../pages/icons.ts";
import { page } from "../pages/layout.ts";
import { PROBLEMS } from "../problem.ts";
import type { Route } from "../route.ts";

export interface InstalledOptions {
  /** Lower-case logins; empty: all owners. */
  allowedOwners: readonly string[];
  /** Whose installation it is; undefined where GitHub knows none of ours by that number. */
  installationOwner(id: number): Promise<string | undefined>;
}

/** Where GitHub leads people after they installed the App: whether it is served, and what to do next. Names nobody. */
export function installedRoute({ allowedOwners, installationOwner }: InstalledOptions): Route {
  return {
    method: "GET",
    path: "/installed",
    access: "public",
    summary: "Where GitHub leads whoever installed the App.",
    // Asks GitHub, as the App: not for anyone to do without end.
    cost: 20,
    async handler(context) {
      const id = /^\d{1,15}$/.exec(context.req.query("installation_id") ?? "")?.[0];
      const owner = id === undefined || allowedOwners.length === 0 ? undefined : await installationOwner(Number(id));
      const refused = owner !== undefined && !allowedOwners.includes(owner.toLowerCase());
      const body = refused
        ? html`<h1>${PROBLEMS["installation-not-served"].title}</h1>
<div class="notice bad">${icon("warning")}<div><p>The owner of this installation is not in HMS_ALLOWED_OWNERS: no pull request of theirs is looked at, and no check will come.</p>
<p><strong>Next:</strong> ${PROBLEMS["installation-not-served"].next}</p></div></div>
<p class="muted">Code <code>installation-not-served</code></p>`
        : html`<h1>The App is installed</h1>
<div class="notice good">${icon("allow")}<div><p>Every pull request that is open, or opened from now on, gets the check <code>hms/gate</code>.</p></div></div>
<h2>What is left</h2>
<ol><li>Open a pull request and see its check.</li>
<li>Require <code>hms/gate</code> on the default branch, <em>from this App</em>, in a ruleset of the repository or the organisation: before that it only advises.</li>
<li>Run <code>npm run hms doctor</code> where the process runs: it says what is still missing, with the command or link that mends it.</li></ol>`;
      return page({
        title: refused ? "Not served" : "Installed",
        viewer: undefined,
        signIn: false,
        path: "/installed",
        body,
        status: refused ? 403 : 200,
      });
    },
  };
}
