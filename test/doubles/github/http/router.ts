import type { IncomingHttpHeaders } from "node:http";
import { type Access, type Actor, authorise } from "../auth.ts";
import type { Site } from "../site.ts";
import type { Repository } from "../state.ts";
import type { Body } from "./body.ts";
import { ApiError, notFound } from "./errors.ts";

export type Call = {
  site: Site;
  method: string;
  /** Without the Enterprise Server prefix. */
  path: string;
  params: Record<string, string>;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: Body;
  actor: Actor;
};
export type RepositoryCall = Call & { repository: Repository };

/** `body` is sent as JSON; `text` as it is, with its content type in `headers`. */
export type Reply = { status: number; body?: unknown; text?: string | Buffer; headers?: Record<string, string> };
export type Answer = Reply | Promise<Reply>;

type Route = { method: string; names: string[]; pattern: RegExp; handle: (call: Call) => Answer };

/** `GET /repos/{owner}/{repo}/contents/{path*}`: a star takes slashes too. */
export class Router {
  /** What is offered, in the spelling of GitHub's description: `GET /repos/{owner}/{repo}/pulls`. */
  readonly specs: string[] = [];
  private readonly routes = new Map<string, Route[]>();

  /** A route outside of repositories, which judges its caller itself. */
  on(spec: string, handle: (call: Call) => Answer): void {
    const [method = "", template = ""] = spec.split(" ");
    if (!template.startsWith("/repositories/")) this.specs.push(spec.replaceAll("*}", "}"));
    const names: string[] = [];
    const source = template.replace(/[.]/g, "\\.").replace(/\{(\w+)(\*?)\}/g, (_, name: string, star: string) => {
      names.push(name);
      return star ? "(.+)" : "([^/]+)";
    });
    const key = this.key(method, template);
    this.routes.set(key, [
      ...(this.routes.get(key) ?? []),
      { method, names, pattern: new RegExp(`^${source}$`), handle },
    ]);
  }

  /**
   * A route below `/repos/{owner}/{repo}`, also reachable as `/repositories/{id}` (which pagination links use). Who may
   * not see the repository gets 404, who may not do this 403.
   */
  repo(spec: string, access: Access, handle: (call: RepositoryCall) => Answer): void {
    const [method = "", below = ""] = spec.split(" ");
    const run = (call: Call, repository: Repository) => {
      authorise(call, repository, access);
      return handle({ ...call, repository });
    };
    this.on(`${method} /repos/{owner}/{repo}${below}`, (call) => {
      const name = `${call.params.owner}/${call.params.repo}`;
      const repository = call.site.state.repository(name);
      if (!repository) throw notFound();
      const moved = `${repository.owner.login}/${repository.name}`.toLowerCase() !== name.toLowerCase();
      return moved ? redirect(call, repository, access) : run(call, repository);
    });
    this.on(`${method} /repositories/{repository_id}${below}`, (call) => {
      const repository = call.site.state.repositories.get(Number(call.params.repository_id));
      if (!repository) throw notFound();
      return run(call, repository);
    });
  }

  match(method: string, path: string): { handle: (call: Call) => Answer; params: Record<string, string> } | undefined {
    for (const route of this.routes.get(this.key(method, path)) ?? []) {
      const found = route.pattern.exec(path);
      if (!found) continue;
      const params: Record<string, string> = {};
      route.names.forEach((name, index) => {
        params[name] = decode(found[index + 1] ?? "");
      });
      return { handle: route.handle, params };
    }
    return undefined;
  }

  /** Routes are looked up by method, first segment and, in a repository, by what follows its name. */
  private key(method: string, path: string): string {
    const [, first = "", , second = "", third = ""] = path.split("/");
    if (first === "repos") return `${method} repos ${third}`;
    return first === "repositories" ? `${method} repositories ${second}` : `${method} ${first}`;
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ApiError(400, "Bad Request");
  }
}

/** https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects */
function redirect(call: Call, repository: Repository, access: Access): Reply {
  authorise(call, repository, { ...access, needs: ["metadata:read"], role: "read" });
  const rest = call.path.split("/").slice(4).join("/");
  const query = call.query.size > 0 ? `?${call.query}` : "";
  const url = `${call.site.url}/repositories/${repository.id}${rest ? `/${rest}` : ""}${query}`;
  const status = call.method === "GET" ? 301 : 307;
  const message = status === 301 ? "Moved Permanently" : "Temporary Redirect";
  return {
    status,
    headers: { location: url },
    body: { message, url, documentation_url: "https://docs.github.com/rest" },
  };
}

export function ok(body: unknown): Reply {
  return { status: 200, body };
}

export function created(body: unknown): Reply {
  return { status: 201, body };
}

export function noContent(): Reply {
  return { status: 204 };
}
