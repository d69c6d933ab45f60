import { html } from "hono/html";
import type { Viewer } from "../viewer.ts";
import { ASSETS } from "./assets.ts";
import { icon } from "./icons.ts";
import type { Html } from "./markup.ts";
import { plain, said } from "./text.ts";

export interface PageOptions {
  /** What the browser shows as the tab's name, before the product's. Text, escaped. */
  title: string;
  /** Who is signed in; undefined for whoever is not. */
  viewer: Viewer | undefined;
  /** Path of the page, which the navigation marks as the current one. */
  path: string;
  /** Everything inside `<main>`, beginning with the page's one `<h1>`. */
  body: Html;
  status?: number;
  /** Whether whoever is not signed in can; true unless given. */
  signIn?: boolean;
  /** Revision of the policy bundle in force, for the footer. */
  bundleRevision?: string;
  headers?: Record<string, string>;
}

/** No inline style or script, nothing from elsewhere, and no form that posts anywhere but here. */
export const PAGE_CSP =
  "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** A document of the portal: what stands around the page's own content, and the headers that go with it. */
export async function page(options: PageOptions): Promise<Response> {
  return new Response(String(await pageDocument(options)), {
    status: options.status ?? 200,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "content-security-policy": PAGE_CSP,
      ...options.headers,
    },
  });
}

/** The gate of the product's mark, for the tab. A data address: the policy above lets images come from nowhere else. */
const FAVICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'%3E%3Crect width='24' height='24' rx='6' fill='%23175f73'/%3E%3Cpath d='M6 19V7m12 12V7M6 10h12M6 15h12M12 10v5' stroke='%23fff' stroke-width='2.2' stroke-linecap='round' fill='none'/%3E%3C/svg%3E";

export function pageDocument({ title, viewer, path, body, bundleRevision, signIn = true }: PageOptions): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${plain(title, 150)} · HMS-SYS</title>
<link rel="icon" href="${FAVICON}">
<link rel="stylesheet" href="${ASSETS.style.path}">
<script type="module" src="${ASSETS.script.path}"></script>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="bar">
<a class="mark" href="/">${icon("gate")}<span>HMS-SYS</span></a>
${viewer ? navigation(viewer, path) : ""}
${viewer ? session(viewer) : !signIn ? "" : html`<a class="button session" href="/sign-in?to=${encodeURIComponent(path)}">Sign in</a>`}
</header>
<main id="main" tabindex="-1">
${body}
</main>
<div id="announcements" class="unseen" role="status" aria-live="polite"></div>
<footer>
<p>HMS-SYS · the pull request is the control plane${bundleRevision ? html` · policy bundle <code title="${bundleRevision}">${bundleRevision.slice(0, 19)}</code>` : ""}</p>
</footer>
</body>
</html>`;
}

interface Place {
  path: string;
  name: string;
  /** Shown only to whoever has the role somewhere: the others would be refused. */
  role?: "operator" | "auditor";
  orRole?: "operator";
}

const PLACES: Place[] = [
  { path: "/", name: "Pull requests" },
  { path: "/previews", name: "Previews" },
  { path: "/findings", name: "Findings" },
  { path: "/what-if", name: "What-if" },
  { path: "/queue", name: "Queue", role: "operator" },
  { path: "/installations", name: "Installations", role: "operator" },
  { path: "/ledger", name: "Ledger", role: "auditor" },
  { path: "/compliance", name: "Compliance", role: "auditor", orRole: "operator" },
  { path: "/doctor", name: "Doctor", role: "operator" },
];

function navigation(viewer: Viewer, path: string): Html {
  const places = PLACES.filter(
    ({ role, orRole }) => role === undefined || viewer.has(role) || (orRole !== undefined && viewer.has(orRole)),
  );
  return html`<nav aria-label="Main"><ul>${places.map(
    (place) =>
      html`<li><a href="${place.path}"${place.path === path ? html` aria-current="page"` : ""}>${place.name}</a></li>`,
  )}</ul></nav>`;
}

function session(viewer: Viewer): Html {
  return html`<form class="session" method="post" action="/sign-out">
<span class="who"><span class="unseen">Signed in as </span>${said(viewer.login, 100)}</span>
<button type="submit" class="quiet">Sign out</button>
</form>`;
}
