import { createVerify } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { ApiError, forbidden, notFound } from "./http/errors.ts";
import type { Call } from "./http/router.ts";
import { type Need, satisfies } from "./permissions.ts";
import { atLeast, roleOf } from "./roles.ts";
import type { Site } from "./site.ts";
import { type Account, type App, covers, type InstallationToken, type Repository, type Role } from "./state.ts";
import { clientOf, type UserAccess } from "./user-access.ts";

export type Actor =
  | { kind: "anonymous" }
  /** `via`: by a token that an App got for them. */
  | { kind: "user"; user: Account; via?: UserAccess }
  | { kind: "app"; app: App }
  | { kind: "installation"; token: InstallationToken };

/** `needs`: any one of these App permissions will do. `role`: what a person has to have; unless given, by method. */
export type Access = { needs: Need[]; role?: Role };

/** How far ahead an App JWT may expire, and the clock drift that is forgiven, in seconds. */
const JWT_MAX_LIFE_S = 600;
const JWT_DRIFT_S = 5;
const EXP = "'Expiration time' claim ('exp')";
const IAT = "'Issued at' claim ('iat')";

/** https://docs.github.com/rest/authentication/authenticating-to-the-rest-api */
export function authenticate(site: Site, headers: IncomingHttpHeaders): Actor {
  const header = headers.authorization;
  if (!header) return { kind: "anonymous" };
  const [scheme = "", credential = ""] = header.split(" ");
  switch (scheme.toLowerCase()) {
    case "bearer":
    case "token":
      return credential.split(".").length === 3 ? appActor(site, credential) : tokenActor(site, credential);
    case "basic": {
      // Some routes take an App's client id and secret, and look at them themselves.
      if (clientOf(site.state, header)) return { kind: "anonymous" };
      const [user = "", password = ""] = Buffer.from(credential, "base64").toString("utf8").split(":");
      return tokenActor(site, password === "" || password === "x-oauth-basic" ? user : password);
    }
    default:
      throw new ApiError(401, "Bad credentials");
  }
}

export function tokenActor(site: Site, token: string): Actor {
  const user = site.state.userTokens.get(token);
  if (user) return { kind: "user", user };
  const via = site.state.userAccesses.holder(site.now(), token);
  if (via) return { kind: "user", user: via.user, via };
  const installationToken = site.state.installationTokens.get(token);
  if (!installationToken || installationToken.expiresAt <= site.now()) throw new ApiError(401, "Bad credentials");
  const { installation } = installationToken;
  if (!site.state.installations.has(installation.id)) throw new ApiError(401, "Bad credentials");
  if (installation.suspendedAt) throw forbidden("This installation has been suspended");
  return { kind: "installation", token: installationToken };
}

/** https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app */
function appActor(site: Site, jwt: string): Actor {
  const undecodable = new ApiError(401, "A JSON web token could not be decoded");
  const [head = "", payload = "", signature = ""] = jwt.split(".");
  const header = decodeJson(head);
  const claims = decodeJson(payload);
  if (!header || !claims || header.alg !== "RS256") throw undecodable;
  const issuer = String(claims.iss ?? "");
  const app = [...site.state.apps.values()].find((known) => String(known.id) === issuer || known.clientId === issuer);
  if (claims.iss === undefined) throw new ApiError(401, "'Issuer' claim ('iss') must be supplied");
  if (!app) throw new ApiError(404, "Integration not found");
  const verified = createVerify("RSA-SHA256")
    .update(`${head}.${payload}`)
    .verify(app.publicKey, signature, "base64url");
  if (!verified) throw undecodable;
  const nowS = site.now().getTime() / 1000;
  const { exp, iat } = claims;
  const refused = (reason: string) => new ApiError(401, reason);
  if (typeof exp !== "number" || exp <= nowS)
    throw refused(`${EXP} must be a numeric value representing the future time at which the assertion expires`);
  if (exp > nowS + JWT_MAX_LIFE_S + JWT_DRIFT_S) throw refused(`${EXP} is too far in the future`);
  if (typeof iat !== "number" || iat > nowS + JWT_DRIFT_S)
    throw refused(`${IAT} must be an Integer representing the time that the assertion was issued`);
  return { kind: "app", app };
}

function decodeJson(part: string): Record<string, unknown> | undefined {
  try {
    const json: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return typeof json === "object" && json !== null ? (json as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Throws 404 for who may not know of the repository, 403 for who may not do this in it. */
export function authorise(call: Call, repository: Repository, access: Access): void {
  const { actor, site } = call;
  const role = access.role ?? (call.method === "GET" ? "read" : "write");
  if (!canSee(site, actor, repository)) throw notFound();
  switch (actor.kind) {
    case "anonymous":
      if (role !== "read" || call.method !== "GET") throw new ApiError(401, "Requires authentication");
      return;
    case "app":
      throw forbidden();
    case "installation":
      if (access.needs.some((need) => satisfies(actor.token.permissions, need))) return;
      throw new ApiError(403, "Resource not accessible by integration", {
        headers: { "x-accepted-github-permissions": access.needs.map((need) => need.replace(":", "=")).join("; ") },
      });
    case "user":
      if (actor.via && !reaches(site, actor.via, repository, access.needs)) throw forbidden();
      if (atLeast(roleOf(site.state, repository, actor.user), role)) return;
      throw forbidden(
        role === "admin" ? "Must have admin rights to Repository." : "Must have push access to repository",
      );
  }
}

/** Installation tokens know only the repositories that they were made for, even where others are public. */
export function canSee(site: Site, actor: Actor, repository: Repository): boolean {
  switch (actor.kind) {
    case "anonymous":
      return !repository.private;
    case "user":
      if (actor.via && repository.private && !reaches(site, actor.via, repository, ["metadata:read"])) return false;
      return roleOf(site.state, repository, actor.user) !== undefined;
    case "app":
      return !repository.private || site.state.installationOf(actor.app, repository) !== undefined;
    case "installation": {
      const { installation, repositoryIds } = actor.token;
      return covers(installation, repository) && (repositoryIds === undefined || repositoryIds.has(repository.id));
    }
  }
}

/** Whether the App of a user access token is installed there with one of these permissions. */
function reaches(site: Site, { app }: UserAccess, repository: Repository, needs: Need[]): boolean {
  const installation = site.state.installationOf(app, repository);
  return (
    installation !== undefined &&
    !installation.suspendedAt &&
    needs.some((need) => satisfies(installation.permissions, need))
  );
}

/** The account that acts: an installation acts as its App's bot. */
export function accountOf(actor: Actor): Account {
  switch (actor.kind) {
    case "user":
      return actor.user;
    case "installation":
      return actor.token.installation.app.bot;
    default:
      throw new ApiError(401, "Requires authentication");
  }
}

export function appOfActor(actor: Actor): App | undefined {
  return actor.kind === "installation" ? actor.token.installation.app : undefined;
}
