import { z } from "zod";
import type { AppDeliveries, DeliveryAttempt } from "../../ports/app-deliveries.ts";
import type { Connection } from "./connection.ts";
import { take } from "./shapes.ts";

const attempt = z
  .object({
    id: z.union([z.number(), z.bigint(), z.string()]),
    guid: z.string(),
    delivered_at: z.string(),
    status_code: z.number(),
    event: z.string(),
    action: z.string().nullish(),
    installation_id: z.union([z.number(), z.bigint()]).nullish(),
  })
  .transform(
    (one): DeliveryAttempt => ({
      id: String(one.id),
      guid: one.guid,
      atMs: Date.parse(one.delivered_at) || 0,
      statusCode: one.status_code,
      event: one.event,
      action: one.action ?? undefined,
      installationId: one.installation_id ? Number(one.installation_id) : undefined,
    }),
  );

/** https://docs.github.com/en/rest/apps/webhooks — asked as the App itself. */
export function appDeliveries(connection: Connection): AppDeliveries {
  return {
    async page(cursor) {
      const { data, link } = await connection.callAsApp("GET /app/hook/deliveries", {
        per_page: 100,
        ...(cursor === undefined ? {} : { cursor }),
      });
      return { attempts: take(z.array(attempt), data), next: nextCursor(link) };
    },
    async redeliver(attemptId) {
      await connection.callAsApp("POST /app/hook/deliveries/{delivery_id}/attempts", { delivery_id: attemptId });
    },
  };
}

/** Pages have no numbers: the next one's cursor stands in the `Link` header only. */
export function nextCursor(link: string | undefined): string | undefined {
  const url = /<([^<>]{1,2000})>; rel="next"/.exec(link ?? "")?.[1];
  return url && URL.canParse(url) ? (new URL(url).searchParams.get("cursor") ?? undefined) : undefined;
}
