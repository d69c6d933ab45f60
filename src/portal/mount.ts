import type { Context, Hono } from "hono";
import type { Allowance } from "./allowance.ts";
import { capBody } from "./capped-body.ts";
import { fromOwnPage } from "./own-origin.ts";
import { answerProblem, VIEWER } from "./problem-page.ts";
import type { Authenticate, Route } from "./route.ts";
import type { Viewer } from "./viewer.ts";

export interface Gatehouse {
  authenticate: Authenticate;
  allowance: Allowance;
  /** Where people reach this process, without a slash at the end. */
  publicUrl: string;
}

const MAX_BODY_BYTES = 64 * 1024;
/** What answers to those who are signed in carry in the context, so that nobody keeps them: see `http.ts`. */
export const PRIVATE = "private";
/** What the sender has left, as `allowance.ts` says it; told to programs: see `http.ts`. */
export const TAKEN = "taken";

const changesSomething = (route: Route): boolean => route.method !== "GET";
/** Whether it is a page for people, who are led to sign in, or for programs, who are told. */
const isPage = (route: Route): boolean => !route.path.startsWith("/api/");

/**
 * Whether a page's script asks, and not somebody who goes to the page. It is led nowhere: a sign-in would begin behind the back of whoever reads
 * that page, in place of the one that they may just be about. https://www.w3.org/TR/fetch-metadata/#sec-fetch-dest-header
 */
function isByScript(context: Context): boolean {
  const { req } = context;
  // Without TLS browsers do not say what an answer is for.
  return req.header("sec-fetch-dest") === "empty" || (req.header("accept") ?? "").includes("text/event-stream");
}

/** Puts every route behind its authorisation decision. A path that is known answers 405 to methods that are not. */
export function mount(app: Hono, routes: readonly Route[], gatehouse: Gatehouse): void {
  for (const route of routes) {
    app.on(route.method, route.path, (context) =>
      route.access === "public" ? answerAnyone(context, route, gatehouse) : answerViewer(context, route, gatehouse),
    );
  }
  for (const path of new Set(routes.map((route) => route.path))) {
    const methods = routes.filter((route) => route.path === path).map(({ method }) => method as string);
    const allow = [...methods, ...(methods.includes("GET") ? ["HEAD"] : [])].join(", ");
    app.all(path, (context) => answerProblem(context, "method-not-allowed", undefined, { allow }));
  }
}

async function answerAnyone(
  context: Context,
  route: Route & { access: "public" },
  gatehouse: Gatehouse,
): Promise<Response> {
  const taken = gatehouse.allowance.take({ address: addressOf(context) }, route.cost ?? 1);
  context.set(TAKEN, taken);
  if (taken?.retryAfterS !== undefined) return tooMany(context, taken.retryAfterS);
  if (changesSomething(route)) {
    // Without a session there is nothing that another page could use; still, no page sends people's browsers here in our name.
    if (fromOwnPage(saidBy(context), gatehouse.publicUrl) === "no") return answerProblem(context, "foreign-origin");
    if (!route.streams && !(await capBody(context, route.maxBodyBytes ?? MAX_BODY_BYTES)))
      return answerProblem(context, "too-large");
  }
  return route.handler(context);
}

async function answerViewer(
  context: Context,
  route: Exclude<Route, { access: "public" }>,
  { authenticate, allowance, publicUrl }: Gatehouse,
): Promise<Response> {
  context.set(PRIVATE, true);
  const viewer = await authenticate(context);
  context.set(VIEWER, viewer);
  const sender = viewer ? { login: `${viewer.kind} ${viewer.login}` } : { address: addressOf(context) };
  const taken = allowance.take(sender, route.cost ?? 1);
  context.set(TAKEN, taken);
  if (taken?.retryAfterS !== undefined) return tooMany(context, taken.retryAfterS);
  if (!viewer) {
    if (!isPage(route) || changesSomething(route) || isByScript(context))
      return answerProblem(context, "not-signed-in");
    const { pathname, search } = new URL(context.req.url);
    return context.redirect(`/sign-in?to=${encodeURIComponent(pathname + search)}`, 303);
  }
  // The operator token is sent by programs, never by a browser on its own, and is no cookie.
  if (changesSomething(route) && viewer.kind === "person" && fromOwnPage(saidBy(context), publicUrl) !== "yes")
    return answerProblem(context, "foreign-origin");
  const mayEnter = (one: Viewer) => one.has(route.access) || (route.orRole !== undefined && one.has(route.orRole));
  const known = mayEnter(viewer) ? viewer : ((await viewer.renewed?.()) ?? viewer);
  if (!mayEnter(known)) return answerProblem(context, "not-allowed", `This needs the role ${rolesOf(route)}.`);
  if (changesSomething(route) && !(await capBody(context, route.maxBodyBytes ?? MAX_BODY_BYTES)))
    return answerProblem(context, "too-large");
  const answer = await route.handler(context, known);
  if (changesSomething(route) || (answer.status !== 404 && answer.status !== 403)) return answer;
  const again: Viewer | undefined = await known.renewed?.();
  return again ? route.handler(context, again) : answer;
}

function rolesOf({ access, orRole }: Exclude<Route, { access: "public" }>): string {
  return orRole === undefined ? access : `${access} or ${orRole}`;
}

function tooMany(context: Context, retryAfterS: number): Response | Promise<Response> {
  return answerProblem(context, "too-many-requests", `There is room again in ${retryAfterS} s.`, {
    "retry-after": String(retryAfterS),
  });
}

function saidBy(context: Context) {
  return {
    site: context.req.header("sec-fetch-site"),
    origin: context.req.header("origin"),
    host: context.req.header("host"),
  };
}

/** The sender's address; of one in IPv6 the network, which is what one household has. */
function addressOf(context: Context): string {
  const { incoming } = (context.env ?? {}) as { incoming?: { socket?: { remoteAddress?: string } } };
  const address = (incoming?.socket?.remoteAddress ?? "unknown").replace(/^::ffff:(?=\d+\.)/, "");
  return address.includes(":") ? address.split(":").slice(0, 4).join(":") : address;
}
