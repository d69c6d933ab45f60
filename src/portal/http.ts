import { Hono } from "hono";
import { html } from "hono/html";
import { atMostEvery } from "./at-most-every.ts";

export interface HttpOptions {
  /** Rejects while the store is away. */
  probeStore(): Promise<void>;
  draining(): boolean;
  metrics(): Promise<{ text: string; contentType: string }>;
  jsonSchema(): Record<string, unknown>;
  policyRevision(): string;
}

/** Everything but the webhook: liveness, readiness, metrics, the schema of hms.yml, and a front page. */
export function httpApp(options: HttpOptions): Hono {
  const app = new Hono();
  // Every probe writes: whoever may ask must not decide how often.
  const probeStore = atMostEvery(1000, options.probeStore);
  app.use(async (context, next) => {
    await next();
    context.header(
      "content-security-policy",
      "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    context.header("x-content-type-options", "nosniff");
    context.header("referrer-policy", "no-referrer");
  });
  app.get("/healthz", (context) => context.json({ status: "ok" }));
  app.get("/readyz", async (context) => {
    if (options.draining()) return context.json({ status: "draining" }, 503);
    try {
      await probeStore();
      return context.json({ status: "ready" });
    } catch {
      return context.json({ status: "unavailable", reason: "the store cannot be written" }, 503);
    }
  });
  app.get("/metrics", async (context) => {
    const { text, contentType } = await options.metrics();
    return context.body(text, 200, { "content-type": contentType });
  });
  app.get("/schema/hms.json", (context) => context.json(options.jsonSchema()));
  app.get("/", (context) =>
    context.html(html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>HMS-SYS</title>
<style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}code{overflow-wrap:anywhere}</style></head>
<body><main><h1>HMS-SYS</h1><p>This GitHub App is running. Reasons for a decision stand in the pull request's <code>hms/gate</code> check.</p>
<ul><li><a href="/readyz">Readiness</a></li><li><a href="/metrics">Metrics</a></li><li><a href="/schema/hms.json">Schema of hms.yml</a></li></ul>
<p>Policy bundle <code>${options.policyRevision()}</code></p></main></body></html>`),
  );
  app.notFound((context) => context.json({ type: "about:blank", title: "Not found", status: 404 }, 404));
  app.onError((_error, context) => context.json({ type: "about:blank", title: "Internal error", status: 500 }, 500));
  return app;
}
