import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { parse } from "yaml";
import { ADMIN, ANONYMOUS, accessTo, type User, userNamed } from "./access.ts";
import { type Api, refusal } from "./api.ts";
import type { Outages } from "./outages.ts";
import type { ApiRequest, ApiResponse } from "./request.ts";
import { ApiStatus } from "./status.ts";

/** As the API server limits request bodies. */
const MOST_BYTES = 3 * 1024 * 1024;

/** The API over HTTP/1.1 on loopback. Without TLS, which a kubeconfig has to say. */
export async function serveApi(api: Api, outages: Outages): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer((incoming, response) => {
    respond(api, outages, incoming, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else send(response, { status: 500, body: new ApiStatus(500, "InternalError", String(error)).body() });
    });
  });
  server.on("connection", (socket) => outages.connected(socket));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => closed(server) };
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function respond(api: Api, outages: Outages, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(incoming.url ?? "/", "http://cluster");
  const text = await bodyOf(incoming);
  const outage = await outages.before(incoming.method ?? "GET", url.pathname);
  if (outage === "cut") {
    incoming.socket.destroy();
    return;
  }
  if (outage === "error") return send(response, internalError());
  let request: ApiRequest;
  try {
    request = {
      method: incoming.method ?? "GET",
      path: url.pathname,
      query: url.searchParams,
      contentType: incoming.headers["content-type"]?.split(";")[0]?.trim() ?? "",
      body: parseBody(text),
      userAgent: incoming.headers["user-agent"] ?? "",
      user: userOf(api, incoming),
    };
    const target = api.watched(request);
    if (target) return stream(api, target, request, response);
  } catch (error) {
    return send(response, refusal(error));
  }
  const answer = api.handle(request);
  // The write is done, and its writer does not learn of it.
  if (outages.losesAnswer()) incoming.socket.destroy();
  else send(response, answer);
}

function internalError(): ApiResponse {
  const message = "Internal error occurred: etcdserver: request timed out";
  return { status: 500, body: new ApiStatus(500, "InternalError", message, { causes: [] }).body() };
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MOST_BYTES) chunks.push(chunk);
  }
  return bytes <= MOST_BYTES ? Buffer.concat(chunks).toString("utf8") : "\0";
}

function parseBody(text: string): unknown {
  if (text === "") return undefined;
  if (text === "\0") {
    const message = `Request entity too large: limit is ${MOST_BYTES}`;
    throw new ApiStatus(413, "RequestEntityTooLarge", message);
  }
  try {
    return JSON.parse(text);
  } catch {
    return parseYaml(text);
  }
}

function parseYaml(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new ApiStatus(400, "BadRequest", `error decoding YAML: ${String(error)}`);
  }
}

/** The token's user, or the one that it may act for. */
function userOf(api: Api, { headers }: IncomingMessage): User {
  const [, token] = /^Bearer (.+)$/i.exec(headers.authorization ?? "") ?? [];
  if (!token) return ANONYMOUS;
  const user = api.access.userOf(token);
  if (!user) throw new ApiStatus(401, "Unauthorized", "Unauthorized");
  const name = headers["impersonate-user"];
  return typeof name === "string" && name ? impersonated(api, user, name) : user;
}

/** https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/ */
export function impersonated(api: Api, user: User, name: string): User {
  const [, namespace, account] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name) ?? [];
  const access = account
    ? { ...accessTo(api.resources.builtIn("serviceaccounts"), "", "impersonate", namespace ?? "", account) }
    : { verb: "impersonate", group: "", resource: "users", namespace: "", name };
  if (user !== ADMIN && !api.access.may(user, access)) {
    const what = `${access.resource} ${JSON.stringify(access.name)} is forbidden`;
    const why = `User ${JSON.stringify(user.name)} cannot impersonate resource ${JSON.stringify(access.resource)} in API group ""`;
    throw new ApiStatus(403, "Forbidden", `${what}: ${why}`, { name: access.name, kind: access.resource });
  }
  return userNamed(name);
}

function send(response: ServerResponse, { status, body }: ApiResponse): void {
  const plain = typeof body === "string";
  response.writeHead(status, { "content-type": plain ? "text/plain; charset=utf-8" : "application/json" });
  response.end(plain ? body : JSON.stringify(body));
}

function stream(
  api: Api,
  target: Parameters<Api["watches"]["open"]>[0],
  request: ApiRequest,
  response: ServerResponse,
): void {
  let stop: (() => void) | undefined;
  let ended = false;
  const begin = () => {
    if (!response.headersSent) response.writeHead(200, { "content-type": "application/json" });
  };
  const end = () => {
    ended = true;
    stop?.();
    response.end();
  };
  try {
    stop = api.watches.open(
      target,
      request.query,
      (event) => {
        begin();
        response.write(`${JSON.stringify(event)}\n`);
      },
      end,
    );
  } catch (error) {
    // A watch that cannot begin says so in its stream: what came before was an answer of 200.
    const { body } = refusal(error);
    begin();
    response.end(`${JSON.stringify({ type: "ERROR", object: body })}\n`);
    return;
  }
  if (ended) return;
  begin();
  response.flushHeaders();
  response.on("close", () => stop?.());
}
