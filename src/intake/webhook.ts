import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "pino";
import type { Probot } from "probot";
import type { Clock } from "../ports/clock.ts";
import type { Acceptance, Delivery as AcceptedDelivery, Queue } from "../ports/queue.ts";
import { activeTraceparent, span } from "../ports/span.ts";
import { type BodyResult, InFlight, withBody } from "./body.ts";
import { mapDelivery } from "./deliveries.ts";
import { happenedAtMs } from "./happened-at.ts";
import { signatureMatches, signatureShaped } from "./signature.ts";

/** GitHub caps payloads at 25 MB: https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap */
export const BODY_MAX_BYTES = 25 * 1024 * 1024;
const BODY_WITHIN_MS = 10_000;
/** Eight of the largest at once. */
const IN_FLIGHT_MAX_BYTES = 200 * 1024 * 1024;
/** A refused request's body up to here is let run out, so that its sender reads the answer; beyond, the connection is cut. */
const LET_RUN_OUT_BYTES = 64 * 1024;

export interface WebhookOptions {
  secret: string;
  queue: Queue;
  clock: Clock;
  log: Logger;
  /** Lower-case logins; empty: all owners. */
  allowedOwners: readonly string[];
  probot: Probot;
  /** Most bytes of bodies that are held over all connections; 200 MB unless given. Beyond, deliveries are answered 503. */
  inFlightMaxBytes?: number;
  /** `event` is one of GitHub's names or `other`: it ends up in a metric's label. */
  counted(event: string, result: WebhookResult): void;
  /** How long after GitHub's own time a delivery was accepted, where it tells. */
  lagged?(event: string, lagMs: number): void;
  /** A default branch may have another configuration now. */
  configurationChanged(installationId: number): void;
}

export type WebhookResult =
  | "accepted"
  | "duplicate"
  | "ignored"
  | "malformed"
  | "unsigned"
  | "too-large"
  | "unavailable";

/** The events that we act on. All others are acknowledged and end here. */
const EVENTS = [
  "pull_request",
  "pull_request_review",
  "issue_comment",
  "merge_group",
  "push",
  "check_run",
  "check_suite",
  "installation",
  "installation_repositories",
  "github_app_authorization",
  "installation_target",
  "repository",
  "workflow_run",
] as const;

export type WebhookListener = (request: IncomingMessage, response: ServerResponse) => void;

interface Answer {
  status: number;
  event: string;
  result: WebhookResult;
}

/**
 * `POST /api/github/webhooks`, in front of Probot, whose own middleware answers 202 after nine seconds whatever happened. Headers before
 * size before HMAC before JSON; 202 only after everything that the delivery means is durable (invariant I1).
 */
export function webhookListener(options: WebhookOptions): WebhookListener {
  const receive = registerHandlers(options);
  const inFlight = new InFlight(options.inFlightMaxBytes ?? IN_FLIGHT_MAX_BYTES);
  return (request, response) => {
    handle(options, receive, inFlight, request).then(
      ({ status, event, result }) => {
        options.counted(event, result);
        if (response.writableEnded || response.destroyed) return;
        const close = !request.complete && !runsOut(request, status);
        const text = JSON.stringify({ result });
        response.writeHead(status, {
          "content-type": "application/json; charset=utf-8",
          // Said beforehand, it spares the chunked encoding.
          "content-length": text.length,
          ...(status === 503 ? { "retry-after": "10" } : {}),
          ...(close ? { connection: "close" } : {}),
        });
        // What is not wanted stays unread.
        response.end(text, () => close && request.destroy());
      },
      (error: unknown) => {
        options.log.error({ err: error, delivery: request.headers["x-github-delivery"] }, "delivery not accepted");
        options.counted("other", "unavailable");
        if (!response.headersSent)
          response.writeHead(503, { "content-type": "application/json; charset=utf-8", "retry-after": "10" });
        response.end(JSON.stringify({ result: "unavailable" }));
      },
    );
  };
}

function runsOut(request: IncomingMessage, status: number): boolean {
  return status === 401 && Number(request.headers["content-length"]) <= LET_RUN_OUT_BYTES;
}

interface Delivery {
  id: string;
  name: string;
  payload: object;
}

type Receive = (delivery: Delivery) => Promise<"accepted" | "duplicate" | "ignored">;

async function handle(
  options: WebhookOptions,
  receive: Receive,
  inFlight: InFlight,
  request: IncomingMessage,
): Promise<Answer> {
  const event = "other";
  const length = Number(request.headers["content-length"] ?? 0);
  if (length > BODY_MAX_BYTES) return { status: 413, event, result: "too-large" };
  const signature = single(request.headers["x-hub-signature-256"]);
  if (!signatureShaped(signature)) return { status: 401, event, result: "unsigned" };
  const id = single(request.headers["x-github-delivery"]);
  const name = single(request.headers["x-github-event"]);
  if (!inFlight.fits(length)) return { status: 503, event, result: "unavailable" };
  const limits = { maxBytes: BODY_MAX_BYTES, withinMs: BODY_WITHIN_MS, inFlight };
  return withBody(request, limits, async (body: BodyResult): Promise<Answer> => {
    if (body === "too-large") return { status: 413, event, result: "too-large" };
    if (body === "too-slow") return { status: 408, event, result: "malformed" };
    if (body === "too-many") return { status: 503, event, result: "unavailable" };
    if (!signatureMatches(options.secret, body, signature)) return { status: 401, event, result: "unsigned" };
    if (!id || id.length > 100 || !name) return { status: 202, event, result: "malformed" };
    const received = receiveJson(receive, id, name, body);
    if (!received) return { status: 202, event, result: "malformed" };
    const result = await received;
    return { status: 202, event: result === "ignored" ? "other" : name, result };
  });
}

/**
 * Probot's webhooks emitter carries the typed event to our one handler, which says what to accept. Accepted it is after the handler: else the
 * emitter would hold every payload until the store has answered, long enough to make garbage collection dear.
 */
function registerHandlers(options: WebhookOptions): Receive {
  const asked = new Map<object, Acceptance>();
  const { webhooks } = options.probot;
  webhooks.on([...EVENTS], (event: { id: string; name: string; payload: object }) => {
    const acceptance = acceptanceOf(options, event);
    if (acceptance) asked.set(event.payload, acceptance);
  });
  const handled = async (delivery: Delivery): Promise<Acceptance | undefined> => {
    // The emitter finds its handlers by name and action: it must not be asked for `__proto__`, or for what is no text.
    const { action } = delivery.payload as { action?: unknown };
    if (!EVENTS.some((event) => event === delivery.name) || (action !== undefined && typeof action !== "string"))
      return undefined;
    try {
      await webhooks.receive(delivery as Parameters<typeof webhooks.receive>[0]);
      return asked.get(delivery.payload);
    } finally {
      asked.delete(delivery.payload);
    }
  };
  return (delivery) => {
    const attributes = { "hms.delivery": delivery.id, "hms.event": delivery.name };
    return span("webhook", { kind: "server", attributes }, async () => {
      const acceptance = await handled(delivery);
      if (!acceptance) return "ignored";
      const result = await options.queue.accept(acceptance);
      const { event, receivedAtMs, happenedAtMs } = acceptance.delivery;
      if (result === "accepted" && happenedAtMs !== undefined) options.lagged?.(event, receivedAtMs - happenedAtMs);
      return result;
    });
  };
}

/** Undefined for what is none of ours. */
function acceptanceOf(options: WebhookOptions, { id, name, payload }: Delivery): Acceptance | undefined {
  const nowMs = options.clock.now();
  const mapped = mapDelivery(id, name, payload, nowMs);
  const allowed =
    mapped?.owner === undefined ||
    options.allowedOwners.length === 0 ||
    options.allowedOwners.includes(mapped.owner.toLowerCase());
  if (!mapped || !allowed) return undefined;
  const { action, installation } = payload as { action?: unknown; installation: { id: number } };
  const { keys, intents, records } = mapped;
  // A push that asks for a look is one to a default branch; all others only tell who pushed. An installation may read more than before.
  if ((name === "push" && keys.length > 0) || name.startsWith("installation"))
    options.configurationChanged(installation.id);
  const delivery: AcceptedDelivery = { id, event: name, receivedAtMs: nowMs };
  if (typeof action === "string") delivery.action = action;
  const happened = happenedAtMs(payload);
  if (happened !== undefined) delivery.happenedAtMs = happened;
  const traceparent = activeTraceparent();
  if (traceparent !== undefined) delivery.traceparent = traceparent;
  return {
    delivery,
    keys,
    intents,
    records,
  };
}

/** In a function of its own, so that nothing holds the payload while the store writes. */
function receiveJson(receive: Receive, id: string, name: string, body: Buffer): ReturnType<Receive> | undefined {
  const payload = parse(body);
  return payload && receive({ id, name, payload });
}

/** Only objects: GitHub sends nothing else, and a signed `null` has crashed others. */
function parse(body: Buffer): object | undefined {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
