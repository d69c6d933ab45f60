import { Hono } from "hono";
import { Allowance, type Taken } from "./allowance.ts";
import { mount, PRIVATE, TAKEN } from "./mount.ts";
import { PAGE_CSP } from "./pages/layout.ts";
import { answerProblem, VIEWER } from "./problem-page.ts";
import type { Authenticate, Route } from "./route.ts";

/** What no page of ours uses, whoever asks for it. */
const UNUSED = [
  "accelerometer",
  "camera",
  "display-capture",
  "geolocation",
  "gyroscope",
  "microphone",
  "payment",
  "usb",
];

export interface HttpOptions {
  /** Where people reach this process, without a slash at the end. */
  publicUrl: string;
  now(): number;
  /** Told of what a handler threw; the answer says nothing of it. */
  failed(error: Error): void;
}

/** Everything but the webhook: all routes, each with who may use it, behind the headers that every answer carries. */
export function httpApp(routes: readonly Route[], authenticate: Authenticate, options: HttpOptions): Hono {
  const { publicUrl, now, failed } = options;
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    const has = (name: string): boolean => context.res.headers.has(name);
    if (!has("content-security-policy")) context.header("content-security-policy", PAGE_CSP);
    context.header("x-content-type-options", "nosniff");
    // Not "no-referrer": a form's request would then come from the origin "null", and so from no page of ours.
    context.header("referrer-policy", "same-origin");
    context.header("cross-origin-opener-policy", "same-origin");
    context.header("cross-origin-resource-policy", "same-origin");
    context.header("permissions-policy", UNUSED.map((name) => `${name}=()`).join(", "));
    if (publicUrl.startsWith("https:")) context.header("strict-transport-security", "max-age=31536000");
    if (context.get(PRIVATE as never)) context.header("cache-control", "no-store");
    const taken = context.get(TAKEN as never) as Taken | undefined;
    if (taken && context.req.path.startsWith("/api/"))
      for (const [name, value] of Object.entries(taken.headers)) context.header(name, value);
  });
  mount(app, routes, { authenticate, allowance: new Allowance(now), publicUrl });
  app.notFound(async (context) => {
    // The page around it shows who is signed in.
    if (context.req.header("accept")?.includes("text/html"))
      context.set(VIEWER as never, (await authenticate(context)) as never);
    return answerProblem(context, "not-found");
  });
  app.onError((error, context) => {
    failed(error);
    return answerProblem(context, "internal-error");
  });
  return app;
}
