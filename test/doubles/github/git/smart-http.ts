import type { IncomingMessage, ServerResponse } from "node:http";
import { gunzipSync } from "node:zlib";
import { type Actor, authenticate, canSee } from "../auth.ts";
import { readAll } from "../http/server.ts";
import { satisfies } from "../permissions.ts";
import { pushRefusal } from "../protection.ts";
import { afterPush } from "../push.ts";
import { atLeast, roleOf } from "../roles.ts";
import type { Site } from "../site.ts";
import type { Account, Repository } from "../state.ts";
import { parseCommands, type RefCommand, refusal } from "./receive-pack.ts";

const GIT_PATH = /^\/([^/]+)\/([^/]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/;

/** Git over HTTP: https://git-scm.com/docs/http-protocol. Answers whether the request was one. */
export async function serveGit(
  site: Site,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<boolean> {
  const match = GIT_PATH.exec(url.pathname);
  if (!match || url.pathname.startsWith("/api/v3/")) return false;
  const [, owner, name, operation = ""] = match;
  const service = operation === "info/refs" ? url.searchParams.get("service") : operation;
  const writes = service === "git-receive-pack";
  const refuse = (status: number, text: string) => {
    response.writeHead(status, {
      "content-type": "text/plain",
      ...(status === 401 ? { "www-authenticate": 'Basic realm="GitHub"' } : {}),
    });
    response.end(text);
    return true;
  };
  const fault = site.faults.take(request.method ?? "GET", url.pathname + url.search);
  if (fault?.status !== undefined) return refuse(fault.status, "The service is unavailable.");
  let actor: Actor;
  try {
    actor = authenticate(site, request.headers);
  } catch {
    return refuse(401, "Invalid username or token.");
  }
  const repository = site.state.repository(`${owner}/${name}`);
  const anonymous = actor.kind === "anonymous";
  if (!repository || !canSee(site, actor, repository)) return refuse(anonymous ? 401 : 404, "Repository not found.");
  if (writes && anonymous) return refuse(401, "Authentication required.");
  if (!mayTransfer(site, actor, repository, writes)) return refuse(403, `Permission to ${owner}/${name}.git denied.`);
  const raw = await readAll(request, 500 * 1024 * 1024);
  const body = request.headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw;
  const backend = (afterwards?: () => Promise<void>) =>
    runBackend(site, repository, { request, response, url, operation, body }, afterwards);
  if (operation !== "git-receive-pack") {
    await backend();
    return true;
  }
  const pusher =
    actor.kind === "user" ? actor.user : actor.kind === "installation" ? actor.token.installation.app.bot : undefined;
  if (!pusher) return refuse(403, "Permission denied.");
  await repository.git.exclusively(async () => {
    const { commands, capabilities } = parseCommands(body);
    const refused = await refusals(site, repository, commands, pusher);
    if (refused.size > 0) {
      response.writeHead(200, { "content-type": "application/x-git-receive-pack-result", "cache-control": "no-cache" });
      response.end(refusal(commands, refused, capabilities));
      return;
    }
    // A client that has its answer finds everything moved, which spares tests a wait that GitHub would need.
    await backend(async () => {
      for (const move of repository.git.rereadRefs()) await afterPush(site, repository, { ...move, by: pusher });
    });
  });
  return true;
}

function mayTransfer(site: Site, actor: Actor, repository: Repository, writes: boolean): boolean {
  if (actor.kind === "anonymous") return !writes;
  if (actor.kind === "installation")
    return satisfies(actor.token.permissions, writes ? "contents:write" : "contents:read");
  return actor.kind === "user" && atLeast(roleOf(site.state, repository, actor.user), writes ? "write" : "read");
}

async function refusals(
  site: Site,
  repository: Repository,
  commands: RefCommand[],
  by: Account,
): Promise<Map<string, string>> {
  const refused = new Map<string, string>();
  for (const { ref, before, after } of commands) {
    const hidden = !ref.startsWith("refs/heads/") && !ref.startsWith("refs/tags/");
    const reason = hidden
      ? "deny updating a hidden ref"
      : await pushRefusal(site, repository, { ref, before, after, by });
    if (reason) refused.set(ref, reason.startsWith("deny") ? reason : "protected branch hook declined");
  }
  return refused;
}

type BackendRequest = { request: IncomingMessage; response: ServerResponse; url: URL; operation: string; body: Buffer };

/** Runs `git http-backend` (CGI: https://git-scm.com/docs/git-http-backend) and copies its answer. */
function runBackend(
  site: Site,
  repository: Repository,
  { request, response, url, operation, body }: BackendRequest,
  afterwards: () => Promise<void> = async () => {},
): Promise<void> {
  const child = site.git.start(["http-backend"], {
    GIT_PROJECT_ROOT: repository.git.dir,
    GIT_HTTP_EXPORT_ALL: "1",
    PATH_INFO: `/${operation}`,
    REQUEST_METHOD: request.method ?? "GET",
    QUERY_STRING: url.search.slice(1),
    CONTENT_TYPE: request.headers["content-type"] ?? "",
    CONTENT_LENGTH: String(body.length),
    REMOTE_USER: "git",
    REMOTE_ADDR: "127.0.0.1",
    ...(request.headers["git-protocol"] ? { GIT_PROTOCOL: String(request.headers["git-protocol"]) } : {}),
  });
  return new Promise((resolve, reject) => {
    let head = Buffer.alloc(0) as Buffer;
    let started = false;
    child.stdout.on("data", (chunk: Buffer) => {
      if (started) {
        response.write(chunk);
        return;
      }
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return;
      started = true;
      const headers: Record<string, string> = {};
      for (const line of head.toString("latin1", 0, end).split("\r\n")) {
        headers[line.slice(0, line.indexOf(":")).toLowerCase()] = line.slice(line.indexOf(":") + 1).trim();
      }
      const { status, ...rest } = headers;
      response.writeHead(Number.parseInt(status ?? "200", 10), rest);
      response.write(head.subarray(end + 4));
    });
    child.once("error", reject);
    child.once("close", () => {
      if (!started) response.writeHead(500);
      afterwards().then(() => response.end(() => resolve()), reject);
    });
    child.stdin.end(body);
  });
}
