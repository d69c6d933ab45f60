import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "pino";
import type { Probot } from "probot";
import type { Clock } from "../ports/clock.ts";
import type { Queue } from "../ports/queue.ts";
import { mapDelivery } from "./deliveries.ts";
import { signatureMatches } from "./signature.ts";

/** GitHub caps payloads at 25 MB: https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap */
export const BODY_MAX_BYTES = 25 * 1024 * 1024;
const BODY_WITHIN_MS = 10_000;

export interface WebhookOptions {
  secret: string;
  queue: Queue;
  clock: Clock;
  log: Logger;
  /** Lower-case logins; empty: all owners. */
  allowedOwners: readonly string[];
  probot: Probot;
  /** `event` is one of GitHub's names or `other`: it ends up in a metric's label. */
  counted(event: string, result: WebhookResult): void;
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
  "push",
  "check_run",
  "check_suite",
  "installation",
  "installation_repositories",
] as const;

export type WebhookListener = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * `POST /api/github/webhooks`, in front of Probot, whose own middleware answers 202 after nine seconds whatever happened. Size before HMAC
 * before JSON; 202 only after everything that the delivery means is durable (invariant I1).
 */
export function webhookListener(options: WebhookOptions): WebhookListener {
  const receive = registerHandlers(options);
  return (request, response) => {
    handle(options, receive, request).then(
      ({ status, event, result }) => {
        options.counted(event, result);
        if (response.writableEnded || response.destroyed) return;
        const close = status === 413 || status === 408;
        response.writeHead(status, {
          "content-type": "application/json; charset=utf-8",
          ...(close ? { connection: "close" } : {}),
        });
        // What is too large stays unread.
        response.end(JSON.stringify({ result }), () => close && request.destroy());
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

type Receive = (delivery: {
  id: string;
  name: string;
  payload: object;
}) => Promise<"accepted" | "duplicate" | "ignored">;

async function handle(
  options: WebhookOptions,
  receive: Receive,
  request: IncomingMessage,
): Promise<{ status: number; event: string; result: WebhookResult }> {
  const event = "other";
  if (Number(request.headers["content-length"] ?? 0) > BODY_MAX_BYTES)
    return { status: 413, event, result: "too-large" };
  const body = await readBody(request);
  if (body === "too-large") return { status: 413, event, result: "too-large" };
  if (body === "too-slow") return { status: 408, event, result: "malformed" };
  if (!signatureMatches(options.secret, body, single(request.headers["x-hub-signature-256"])))
    return { status: 401, event, result: "unsigned" };
  const id = single(request.headers["x-github-delivery"]);
  const name = single(request.headers["x-github-event"]);
  const payload = parse(body);
  if (!id || id.length > 100 || !name || payload === undefined) return { status: 202, event, result: "malformed" };
  const result = await receive({ id, name, payload });
  return { status: 202, event: result === "ignored" ? "other" : name, result };
}

/** Probot's webhooks emitter carries the typed event; the only work of our handlers is `accept`. */
function registerHandlers(options: WebhookOptions): Receive {
  const results = new Map<object, "accepted" | "duplicate" | "ignored">();
  const accept = async (event: { id: string; name: string; payload: object }) => {
    const { id, name, payload } = event;
    const mapped = mapDelivery(name, payload, options.clock.now());
    const allowed =
      mapped?.owner === undefined ||
      options.allowedOwners.length === 0 ||
      options.allowedOwners.includes(mapped.owner.toLowerCase());
    if (!mapped || !allowed) {
      results.set(payload, "ignored");
      return;
    }
    const action = (payload as { action?: unknown }).action;
    if (name === "push") options.configurationChanged((payload as { installation: { id: number } }).installation.id);
    const result = await options.queue.accept({
      delivery: {
        id,
        event: name,
        ...(typeof action === "string" ? { action } : {}),
        receivedAtMs: options.clock.now(),
      },
      keys: mapped.keys,
      intents: mapped.intents,
      records: mapped.records,
    });
    results.set(payload, result);
  };
  const { webhooks } = options.probot;
  webhooks.on([...EVENTS], accept);
  return async (delivery) => {
    // The emitter finds its handlers by name and action: it must not be asked for `__proto__`, or for what is no text.
    const { action } = delivery.payload as { action?: unknown };
    if (!EVENTS.some((event) => event === delivery.name) || (action !== undefined && typeof action !== "string"))
      return "ignored";
    try {
      await webhooks.receive(delivery as Parameters<typeof webhooks.receive>[0]);
      return results.get(delivery.payload) ?? "ignored";
    } finally {
      results.delete(delivery.payload);
    }
  };
}

function readBody(request: IncomingMessage): Promise<Buffer | "too-large" | "too-slow"> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const timer = setTimeout(() => resolve("too-slow"), BODY_WITHIN_MS);
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > BODY_MAX_BYTES) {
        request.pause();
        resolve("too-large");
      } else chunks.push(chunk);
    });
    request.on("end", () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    request.on("error", reject);
    request.on("close", () => {
      clearTimeout(timer);
      // Does nothing after "end"; before it, the sender hung up.
      reject(new Error("the connection was closed before the whole delivery had arrived"));
    });
  });
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
