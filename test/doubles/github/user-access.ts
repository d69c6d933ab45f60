import { createHash, randomBytes } from "node:crypto";
import type { Account, App, State } from "./state.ts";

/** A user access token of a GitHub App: it may do what both the person and the App may. */
export type UserAccess = {
  app: App;
  user: Account;
  accessToken: string;
  /** Expires after eight hours; the refresh token, once it was used, takes both along. */
  expiresAt: Date;
  refreshToken: string;
  refreshExpiresAt: Date;
};

/** A code on its way from the page where somebody authorised the App to the App that exchanges it. */
export type AuthorizationCode = {
  app: App;
  user: Account;
  redirectUri: string;
  challenge: string | undefined;
  expiresAt: Date;
};

const CODE_LIFE_MS = 10 * 60_000;
const TOKEN_LIFE_MS = 8 * 3_600_000;
/** Six months, as GitHub counts them: 15,897,600 s. */
const REFRESH_LIFE_MS = 184 * 24 * 3_600_000;

/** Who authorised which App, the codes that are under way and the tokens that came of them. */
export class UserAccesses {
  private readonly codes = new Map<string, AuthorizationCode>();
  private readonly byToken = new Map<string, UserAccess>();
  private readonly byRefreshToken = new Map<string, UserAccess>();
  private readonly authorized = new Set<string>();

  authorize(now: Date, { app, user, ...asked }: Omit<AuthorizationCode, "expiresAt">): string {
    this.authorized.add(`${app.id} ${user.id}`);
    const code = randomBytes(10).toString("hex");
    this.codes.set(code, { app, user, ...asked, expiresAt: new Date(now.getTime() + CODE_LIFE_MS) });
    return code;
  }

  /** A code works once, whatever comes of it. */
  takeCode(now: Date, app: App, code: string): AuthorizationCode | undefined {
    const known = this.codes.get(code);
    if (known?.app !== app) return undefined;
    this.codes.delete(code);
    return known.expiresAt > now ? known : undefined;
  }

  issue(now: Date, app: App, user: Account): UserAccess {
    const access: UserAccess = {
      app,
      user,
      accessToken: `ghu_${randomBytes(18).toString("hex")}`,
      expiresAt: new Date(now.getTime() + TOKEN_LIFE_MS),
      refreshToken: `ghr_${randomBytes(38).toString("hex")}`,
      refreshExpiresAt: new Date(now.getTime() + REFRESH_LIFE_MS),
    };
    this.byToken.set(access.accessToken, access);
    this.byRefreshToken.set(access.refreshToken, access);
    return access;
  }

  refresh(now: Date, app: App, refreshToken: string): UserAccess | undefined {
    const known = this.byRefreshToken.get(refreshToken);
    if (known?.app !== app || known.refreshExpiresAt <= now) return undefined;
    this.drop(known);
    return this.issue(now, app, known.user);
  }

  holder(now: Date, accessToken: string): UserAccess | undefined {
    const known = this.byToken.get(accessToken);
    return known && known.expiresAt > now ? known : undefined;
  }

  /** Ends one token with its refresh token; the authorisation stays. */
  drop(access: UserAccess): void {
    this.byToken.delete(access.accessToken);
    this.byRefreshToken.delete(access.refreshToken);
  }

  /** Takes the authorisation back, and with it every token. False when there was none. */
  revoke(app: App, user: Account): boolean {
    for (const access of [...this.byToken.values()]) if (access.app === app && access.user === user) this.drop(access);
    return this.authorized.delete(`${app.id} ${user.id}`);
  }
}

/** RFC 7636, of which GitHub knows S256 alone. */
export function provesChallenge(verifier: string | undefined, challenge: string): boolean {
  return verifier !== undefined && createHash("sha256").update(verifier).digest("base64url") === challenge;
}

/** The App whose client id and secret stand in a Basic header. */
export function clientOf(state: State, header = ""): App | undefined {
  const [scheme = "", credential = ""] = header.split(" ");
  if (scheme.toLowerCase() !== "basic") return undefined;
  const [id, secret = ""] = Buffer.from(credential, "base64").toString("utf8").split(":");
  return [...state.apps.values()].find((app) => app.clientId === id && app.clientSecrets.includes(secret));
}
