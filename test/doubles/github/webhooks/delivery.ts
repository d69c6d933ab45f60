import { createHmac, randomUUID } from "node:crypto";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { App, Installation, Repository } from "../state.ts";

/** https://docs.github.com/webhooks/using-webhooks/handling-webhook-deliveries: ten seconds, and no retry. */
const TIMEOUT_MS = 10_000;

export type Delivery = {
  id: number;
  /** `X-GitHub-Delivery`; a redelivery has the same. */
  guid: string;
  app: App;
  event: string;
  action: string | null;
  installationId: number | null;
  repositoryId: number | null;
  body: string;
  redelivery: boolean;
  createdAt: Date;
  /** Undefined while it waits or is under way. */
  outcome: DeliveryOutcome | undefined;
};

export type DeliveryOutcome = {
  at: Date;
  statusCode: number;
  status: string;
  durationS: number;
  requestHeaders: Record<string, string>;
  responseHeaders: Record<string, string>;
  responseBody: string;
};

export type DeliveryDraft = {
  app: App;
  event: string;
  payload: Record<string, unknown>;
  installation?: Installation;
  repository?: Repository;
};

export function newDelivery(
  id: number,
  now: Date,
  { app, event, payload, installation, repository }: DeliveryDraft,
): Delivery {
  return {
    id,
    guid: randomUUID(),
    app,
    event,
    action: typeof payload.action === "string" ? payload.action : null,
    installationId: installation?.id ?? null,
    repositoryId: repository?.id ?? null,
    body: JSON.stringify(payload),
    redelivery: false,
    createdAt: now,
    outcome: undefined,
  };
}

/** https://docs.github.com/webhooks/webhook-events-and-payloads#delivery-headers */
export function deliveryHeaders(delivery: Delivery): Record<string, string> {
  const { app, body } = delivery;
  const signature = (algorithm: string) => createHmac(algorithm, app.webhookSecret).update(body).digest("hex");
  return {
    Accept: "*/*",
    "Content-Type": "application/json",
    "User-Agent": "GitHub-Hookshot/044aadd",
    "X-GitHub-Delivery": delivery.guid,
    "X-GitHub-Event": delivery.event,
    "X-GitHub-Hook-ID": String(app.hookId),
    "X-GitHub-Hook-Installation-Target-ID": String(app.id),
    "X-GitHub-Hook-Installation-Target-Type": "integration",
    "X-Hub-Signature": `sha1=${signature("sha1")}`,
    "X-Hub-Signature-256": `sha256=${signature("sha256")}`,
  };
}

/** One attempt; a fault of the receiver is an outcome, not an error. */
export function send(delivery: Delivery, url: string, now: () => Date): Promise<DeliveryOutcome> {
  const headers = deliveryHeaders(delivery);
  const started = performance.now();
  const outcome = (statusCode: number, status: string, responseHeaders = {}, responseBody = ""): DeliveryOutcome => ({
    at: now(),
    statusCode,
    status,
    durationS: Math.round((performance.now() - started) / 10) / 100,
    requestHeaders: headers,
    responseHeaders,
    responseBody,
  });
  return new Promise((resolve) => {
    const request = url.startsWith("https:") ? httpsRequest : httpRequest;
    const sent = request(url, {
      method: "POST",
      agent: false,
      headers: { ...headers, "Content-Length": Buffer.byteLength(delivery.body) },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    sent.once("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", () => resolve(outcome(0, "connection closed")));
      response.once("end", () => {
        const code = response.statusCode ?? 0;
        const all = Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));
        const status = code < 300 ? "OK" : `Invalid HTTP Response: ${code}`;
        resolve(outcome(code, status, all, Buffer.concat(chunks).toString("utf8").slice(0, 10_000)));
      });
    });
    sent.once("error", (error) => {
      const timedOut = error.name === "AbortError" || error.name === "TimeoutError";
      resolve(timedOut ? outcome(504, "timed out") : outcome(502, "failed to connect to host"));
    });
    sent.end(delivery.body);
  });
}

export const missingUrlOutcome = (now: Date): DeliveryOutcome => ({
  at: now,
  statusCode: 502,
  status: "failed to connect to host",
  durationS: 0,
  requestHeaders: {},
  responseHeaders: {},
  responseBody: "",
});
