import { createPrivateKey, type KeyObject, sign } from "node:crypto";

/** GitHub refuses what lies further than ten minutes ahead. */
const LIFE_S = 9 * 60;
/** Against clocks that differ a little, as GitHub recommends. */
const BACKDATED_S = 60;
/** `Date` has whole seconds, and an answer takes its time. */
const UNSURE_MS = 5_000;

/**
 * The App's JSON web tokens, by GitHub's clock: this machine's may be wrong, and GitHub refuses a token from the future or the past.
 * https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
 */
export class AppJwt {
  readonly #appId: number;
  readonly #key: KeyObject;
  readonly #now: () => number;
  readonly #told: ((offsetMs: number) => void) | undefined;
  #offsetMs = 0;

  /** @param told hears of it when GitHub's clock turns out to be another one, or the same again; positive where it is ahead of ours */
  constructor(appId: number, privateKey: string, now: () => number, told?: (offsetMs: number) => void) {
    this.#appId = appId;
    this.#key = createPrivateKey(privateKey);
    this.#now = now;
    this.#told = told;
  }

  /** Takes the time from any of GitHub's answers. Whether it had another one in mind. */
  learn(date: string | null): boolean {
    const atMs = Date.parse(date ?? "");
    if (Number.isNaN(atMs)) return false;
    const foundMs = atMs - this.#now();
    const offsetMs = Math.abs(foundMs) <= UNSURE_MS ? 0 : foundMs;
    if (Math.abs(offsetMs - this.#offsetMs) <= UNSURE_MS) return false;
    this.#offsetMs = offsetMs;
    this.#told?.(offsetMs);
    return true;
  }

  get offsetMs(): number {
    return this.#offsetMs;
  }

  create(): { jwt: string; expiresAt: string } {
    const nowS = Math.floor((this.#now() + this.#offsetMs) / 1000);
    const claims = { iat: nowS - BACKDATED_S, exp: nowS + LIFE_S, iss: this.#appId };
    const text = [{ alg: "RS256", typ: "JWT" }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
      .join(".");
    const signature = sign("RSA-SHA256", Buffer.from(text), this.#key).toString("base64url");
    return { jwt: `${text}.${signature}`, expiresAt: new Date(claims.exp * 1000).toISOString() };
  }
}
