import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * A registry of images that answers what https://github.com/opencontainers/distribution-spec/blob/main/spec.md and
 * https://distribution.github.io/distribution/spec/auth/token/ say, as far as finding out whether a manifest is there.
 */
export interface RegistryDouble {
  /** `127.0.0.1:PORT` */
  host: string;
  /** `name:tag` or `name@digest` of what is there; private ones want credentials. */
  images: Map<string, { private?: boolean }>;
  user: { username: string; password: string };
  /** Whether it wants tokens, Basic credentials, or nothing. */
  auth: "token" | "basic" | "none";
  /** Where it sends clients for tokens; its own unless set. */
  realm: string | undefined;
  /** Answered to everything instead. */
  status: number | undefined;
  requests: { method: string; path: string; query: string; accept: string; authorization: string }[];
  close(): void;
}

export async function startRegistry(): Promise<RegistryDouble> {
  const double: RegistryDouble = {
    host: "",
    images: new Map(),
    user: { username: "bot", password: "s3cret" },
    auth: "token",
    realm: undefined,
    status: undefined,
    requests: [],
    close: () => close(server),
  };
  const server = createServer((request, response) => answer(double, request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  double.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return double;
}

function answer(double: RegistryDouble, request: IncomingMessage, response: ServerResponse): undefined {
  const url = new URL(request.url ?? "/", `http://${double.host}`);
  const authorization = request.headers.authorization ?? "";
  const { accept = "" } = request.headers;
  double.requests.push({ method: request.method ?? "", path: url.pathname, query: url.search, accept, authorization });
  if (double.status !== undefined) return end(response, double.status);
  if (url.pathname === "/token") return token(double, url, authorization, response);
  const [, name = "", reference = ""] = /^\/v2\/(.+)\/manifests\/([^/]+)$/.exec(url.pathname) ?? [];
  const image = double.images.get(`${name}${reference.includes(":") ? "@" : ":"}${reference}`);
  if (!mayRead(double, name, authorization)) {
    response.setHeader("www-authenticate", challenge(double, name));
    return end(response, 401);
  }
  // Without the media type of what is there, it is not there.
  const known = accept.includes("application/vnd.oci.image.index.v1+json");
  const seen = image && known && (!image.private || authorization !== `Bearer ${tokenFor(name, "anybody")}`);
  end(response, seen ? 200 : 404);
}

function token(double: RegistryDouble, url: URL, authorization: string, response: ServerResponse): undefined {
  const name = /^repository:(.+):pull$/.exec(url.searchParams.get("scope") ?? "")?.[1];
  if (name === undefined || url.searchParams.get("service") !== "registry.double") return end(response, 400);
  if (authorization !== "" && authorization !== basic(double)) return end(response, 401);
  const of = authorization === "" ? "anybody" : double.user.username;
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ token: tokenFor(name, of), expires_in: 300 }));
}

function mayRead(double: RegistryDouble, name: string, authorization: string): boolean {
  if (double.auth === "none") return true;
  if (double.auth === "basic") return authorization === basic(double);
  return ["anybody", double.user.username].some((who) => authorization === `Bearer ${tokenFor(name, who)}`);
}

function challenge(double: RegistryDouble, name: string): string {
  if (double.auth === "basic") return 'Basic realm="registry"';
  const realm = double.realm ?? `http://${double.host}/token`;
  return `Bearer realm="${realm}",service="registry.double",scope="repository:${name}:pull,push"`;
}

function basic({ user }: RegistryDouble): string {
  return `Basic ${Buffer.from(`${user.username}:${user.password}`).toString("base64")}`;
}

function tokenFor(name: string, who: string): string {
  return Buffer.from(`${who} ${name}`).toString("base64url");
}

function end(response: ServerResponse, status: number): undefined {
  response.statusCode = status;
  response.end();
}

function close(server: Server): void {
  server.closeAllConnections();
  server.close();
}
