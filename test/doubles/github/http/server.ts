import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { type Actor, authenticate } from "../auth.ts";
import { serveGit } from "../git/smart-http.ts";
import type { Site } from "../site.ts";
import { Body } from "./body.ts";
import { ApiError, notFound } from "./errors.ts";
import type { Reply, Router } from "./router.ts";

const MAX_BODY_BYTES = 50 * 1024 * 1024;

export function createApiServer(site: Site, router: Router): Server {
  const server = createServer((request, response) => {
    serve(site, router, request, response).catch((error: unknown) => {
      console.error("github double:", error);
      response.destroy();
    });
  });
  server.keepAliveTimeout = 60_000;
  return server;
}

async function serve(site: Site, router: Router, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", site.url);
  if (await serveGit(site, request, response, url)) return;
  const path = url.pathname.replace(/^\/api\/v3(?=\/|$)/, "").replace(/(.)\/$/, "$1") || "/";
  const method = request.method ?? "GET";
  const raw = await readAll(request);
  const fault = site.faults.take(method, path + url.search);
  if (fault?.dropConnection === "before") {
    response.destroy();
    return;
  }
  if (fault?.delayMs) await sleep(fault.delayMs);
  const { reply, actor } =
    fault?.status === undefined
      ? await answer(site, router, { method, path, url, raw, request })
      : {
          reply: { status: fault.status, body: fault.body ?? { message: "Server Error" } } satisfies Reply,
          actor: { kind: "anonymous" } satisfies Actor as Actor,
        };
  site.requests.add({
    method,
    path: path + url.search,
    status: reply.status,
    installationId: actor.kind === "installation" ? actor.token.installation.id : undefined,
    at: site.now(),
  });
  if (fault?.dropConnection === "after") {
    response.destroy();
    return;
  }
  response.setHeader("date", site.now().toUTCString());
  send(response, {
    ...reply,
    headers: {
      date: site.now().toUTCString(),
      ...(fault?.status === undefined ? site.rateLimits.headers(actor) : {}),
      ...reply.headers,
      ...fault?.headers,
    },
  });
}

type Request = { method: string; path: string; url: URL; raw: Buffer; request: IncomingMessage };

async function answer(
  site: Site,
  router: Router,
  { method, path, url, raw, request }: Request,
): Promise<{ reply: Reply; actor: Actor }> {
  let actor: Actor = { kind: "anonymous" };
  try {
    // Not the API, but what runners talk to, which has tokens of its own.
    const service = path.startsWith("/_services/");
    if (!service) actor = authenticate(site, request.headers);
    const counted = !service && path !== "/rate_limit" && !path.startsWith("/login/");
    if (counted) site.rateLimits.check(actor, method, path);
    const route = router.match(method, path);
    if (!route) throw notFound();
    const body = Body.parse(raw, request.headers["content-type"]);
    const call = {
      site,
      method,
      path,
      params: route.params,
      query: url.searchParams,
      headers: request.headers,
      body,
      actor,
    };
    const reply = conditional(await route.handle(call), method, request.headers);
    if (reply.status !== 304 && counted) site.rateLimits.charge(actor);
    return { reply, actor };
  } catch (error) {
    if (error instanceof ApiError) return { reply: error.reply(), actor };
    console.error("github double:", method, path, error);
    return { reply: new ApiError(500, "Server Error").reply(), actor };
  }
}

/** An entity tag holds for one token only, as on GitHub. */
function conditional(reply: Reply, method: string, headers: IncomingMessage["headers"]): Reply {
  if (method !== "GET" || reply.status !== 200) return reply;
  const text = reply.text ?? JSON.stringify(reply.body);
  const hash = createHash("sha256")
    .update(headers.authorization ?? "")
    .update(headers.accept ?? "")
    .update(text);
  const etag = `W/"${hash.digest("hex")}"`;
  const json = reply.text === undefined ? { "content-type": "application/json; charset=utf-8" } : {};
  const all = {
    ...json,
    ...reply.headers,
    etag,
    "cache-control": "private, max-age=60, s-maxage=60",
    vary: "Accept, Authorization, Cookie",
  };
  const given = headers["if-none-match"];
  if (given?.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag.slice(2)))
    return { status: 304, headers: all };
  return { status: 200, text, headers: all };
}

function send(response: ServerResponse, reply: Reply): void {
  const text = reply.text ?? (reply.body === undefined ? undefined : JSON.stringify(reply.body));
  response.writeHead(reply.status, {
    server: "github.com",
    "x-github-media-type": "github.v3; format=json",
    "x-github-request-id": randomUUID(),
    "x-github-api-version-selected": "2022-11-28",
    ...(reply.body === undefined ? {} : { "content-type": "application/json; charset=utf-8" }),
    ...reply.headers,
    ...(text === undefined || reply.status === 304 ? {} : { "content-length": String(Buffer.byteLength(text)) }),
  });
  response.end(reply.status === 304 ? undefined : text);
}

export async function readAll(request: IncomingMessage, limitBytes = MAX_BODY_BYTES): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limitBytes) throw new Error("request body too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
