import type { Delivery } from "../webhooks/delivery.ts";
import { type Schema, timestamp } from "./schema.ts";

export function deliverySummaryShape(delivery: Delivery) {
  const { outcome } = delivery;
  return {
    id: delivery.id,
    guid: delivery.guid,
    delivered_at: timestamp(outcome?.at ?? delivery.createdAt),
    redelivery: delivery.redelivery,
    duration: outcome?.durationS ?? 0,
    status: outcome?.status ?? "",
    status_code: outcome?.statusCode ?? 0,
    event: delivery.event,
    action: delivery.action,
    installation_id: delivery.installationId,
    repository_id: delivery.repositoryId,
    throttled_at: null,
  } satisfies Schema<"hook-delivery-item">;
}

export function deliveryShape(delivery: Delivery): Schema<"hook-delivery"> {
  const { outcome } = delivery;
  return {
    ...deliverySummaryShape(delivery),
    url: delivery.app.webhookUrl ?? "",
    request: {
      headers: outcome?.requestHeaders ?? {},
      payload: JSON.parse(delivery.body) as { [key: string]: unknown },
    },
    response: { headers: outcome?.responseHeaders ?? {}, payload: outcome?.responseBody ?? null },
  };
}
