import { createHmac } from "node:crypto";
import { createServer, type IncomingMessage, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { pino } from "pino";
import { afterEach, expect, test } from "vitest";
import { type WebhookOptions, webhookListener } from "../../src/intake/webhook.ts";

const SECRET = "secret";
let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A listener whose emitter hands every delivery to the one handler; what it accepted and forgot fills up, and what came of the first request. */
async function listener(change: Partial<WebhookOptions> = {}) {
  const accepted: Parameters<WebhookOptions["queue"]["accept"]>[0][] = [];
  const forgotten: number[] = [];
  let handler: (delivery: unknown) => void = () => undefined;
  const options = {
    secret: SECRET,
    queue: {
      accept: async (acceptance: (typeof accepted)[number]) => {
        accepted.push(acceptance);
        return "accepted";
      },
    },
    clock: { now: () => 0 },
    log: pino({ enabled: false }),
    allowedOwners: [],
    probot: {
      webhooks: {
        on: (_events: string[], given: typeof handler) => {
          handler = given;
        },
        receive: async (delivery: unknown) => handler(delivery),
      },
    },
    counted: () => undefined,
    configurationChanged: (installationId: number) => void forgotten.push(installationId),
    ...change,
  } as unknown as WebhookOptions;
  const http = createServer(webhookListener(options));
  server = http;
  const first = { bytes: 0, closed: false };
  http.once("request", (incoming) => {
    incoming.on("data", (chunk: Buffer) => {
      first.bytes += chunk.length;
    });
    incoming.on("close", () => {
      first.closed = true;
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return { port: (http.address() as AddressInfo).port, accepted, forgotten, first };
}

function sign(body: string): string {
  return `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}`;
}

const headers = (body: string, event = "ping"): Record<string, string> => ({
  "x-hub-signature-256": sign(body),
  "x-github-delivery": "d-1",
  "x-github-event": event,
});

/** Sends `sent` and leaves the request open unless `end`: an answer then came without the rest of the body. */
function post(port: number, given: Record<string, string>, sent: string, end = true) {
  const outgoing = request({ port, host: "127.0.0.1", method: "POST", headers: given });
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.on("response", (response) => resolve(response.resume()));
    outgoing.on("error", reject);
  });
  answer.catch(() => undefined);
  if (end) outgoing.end(sent);
  else outgoing.write(sent);
  return { answer, destroy: () => outgoing.on("error", () => undefined).destroy() };
}

test.each([
  ["no signature", { "x-hub-signature-256": "" }, 401],
  ["a misshapen one", { "x-hub-signature-256": "sha256=abc" }, 401],
])("%s: refused while the body is still on its way", async (_what, change, status) => {
  const { port } = await listener();
  const { answer, destroy } = post(port, { ...headers("{}"), ...change, "content-length": "1000000" }, "{", false);
  const response = await answer;
  expect(response.statusCode).toBe(status);
  expect(response.headers.connection).toBe("close");
  destroy();
});

test("a small refused delivery keeps its connection", async () => {
  const { port } = await listener();
  const response = await post(port, { ...headers("{}"), "x-hub-signature-256": "" }, "{}").answer;
  expect(response.statusCode).toBe(401);
  expect(response.headers.connection).not.toBe("close");
});

test("more bytes at once than are held: 503 with retry-after, and accepted again when the others are through", async () => {
  const { port, first } = await listener({ inFlightMaxBytes: 100 });
  const held = post(port, { ...headers("{}"), "content-length": "90" }, " ".repeat(80), false);
  await expect.poll(() => first.bytes).toBe(80);
  const announced = await post(port, { ...headers("{}"), "content-length": "50" }, "{", false).answer;
  expect(announced.statusCode).toBe(503);
  expect(announced.headers["retry-after"]).toBe("10");
  const chunked = await post(port, { ...headers("{}"), "transfer-encoding": "chunked" }, " ".repeat(50), false).answer;
  expect(chunked.statusCode).toBe(503);
  held.destroy();
  await expect.poll(() => first.closed).toBe(true);
  const body = `{"a":"${" ".repeat(50)}"}`;
  expect((await post(port, headers(body), body).answer).statusCode).toBe(202);
  expect((await post(port, headers(body), body).answer).statusCode).toBe(202);
});

test.each(["installation", "installation_repositories"])(
  "%s: what was believed absent is asked for again",
  async (event) => {
    const { port, forgotten, accepted } = await listener();
    const body = JSON.stringify({ action: "added", installation: { id: 7 } });
    expect((await post(port, headers(body, event), body).answer).statusCode).toBe(202);
    expect(forgotten).toEqual([7]);
    expect(accepted[0]?.keys).toEqual(["installation/7"]);
  },
);
