import { notFound, validationFailed } from "../http/errors.ts";
import { type Call, ok, type Router } from "../http/router.ts";
import { deliveryShape, deliverySummaryShape } from "../shapes/delivery.ts";
import type { App } from "../state.ts";
import type { Delivery } from "../webhooks/delivery.ts";
import { requireApp } from "./apps.ts";

/** https://docs.github.com/webhooks/testing-and-troubleshooting-webhooks/viewing-webhook-deliveries */
const KEPT_DAYS = 3;

/** https://docs.github.com/rest/apps/webhooks */
export function deliveryRoutes(router: Router): void {
  router.on("GET /app/hook/config", (call) => {
    return ok(config(requireApp(call.actor)));
  });
  router.on("PATCH /app/hook/config", (call) => {
    const app = requireApp(call.actor);
    app.webhookUrl = call.body.optionalString("url") ?? app.webhookUrl;
    app.webhookSecret = call.body.optionalString("secret") ?? app.webhookSecret;
    const insecure = call.body.json.insecure_ssl;
    if (insecure !== undefined) app.hookInsecure = String(insecure) === "1";
    return ok(config(app));
  });
  router.on("GET /app/hook/deliveries", list);
  router.on("GET /app/hook/deliveries/{delivery_id}", (call) => ok(deliveryShape(deliveryOf(call))));
  router.on("POST /app/hook/deliveries/{delivery_id}/attempts", (call) => {
    call.site.webhooks.redeliver(deliveryOf(call));
    return { status: 202, body: {} };
  });
}

function config(app: App) {
  const insecureSsl = app.hookInsecure ? "1" : "0";
  return { content_type: "json", insecure_ssl: insecureSsl, secret: "********", url: app.webhookUrl ?? "" };
}

function deliveryOf(call: Call): Delivery {
  const app = requireApp(call.actor);
  const found = finished(call.site.webhooks.deliveries(app), call.site.now()).find(
    ({ id }) => id === Number(call.params.delivery_id),
  );
  if (!found) throw notFound();
  return found;
}

/** What is still under way is not listed yet, and what is older than three days not any more. */
function finished(deliveries: Delivery[], now: Date): Delivery[] {
  const oldestMs = now.getTime() - KEPT_DAYS * 24 * 3_600_000;
  return deliveries.filter(({ outcome, createdAt }) => outcome !== undefined && createdAt.getTime() >= oldestMs);
}

/** Newest first; the cursor names the last one seen, pages have no numbers. */
function list(call: Call) {
  const app = requireApp(call.actor);
  const perPage = Math.min(Number(call.query.get("per_page") ?? 30) || 30, 100);
  const cursor = call.query.get("cursor");
  if (cursor !== null && !/^v1_\d+$/.test(cursor))
    throw validationFailed({ resource: "HookDelivery", field: "cursor", code: "invalid" });
  const status = call.query.get("status");
  const below = cursor ? Number(cursor.slice(3)) : Number.POSITIVE_INFINITY;
  const matching = finished(call.site.webhooks.deliveries(app), call.site.now())
    .filter(({ outcome }) => status === null || (outcome?.statusCode ?? 0) < 400 === (status === "success"))
    .sort((a, b) => b.id - a.id)
    .filter(({ id }) => id < below);
  const page = matching.slice(0, perPage);
  const query = new URLSearchParams(call.query);
  query.set("cursor", `v1_${page.at(-1)?.id}`);
  const link = matching.length > perPage ? { link: `<${call.site.url}${call.path}?${query}>; rel="next"` } : {};
  return { status: 200, body: page.map(deliverySummaryShape), headers: link };
}
