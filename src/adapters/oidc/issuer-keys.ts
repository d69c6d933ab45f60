import { importJWK } from "jose";
import { z } from "zod";
import type { EgressReads } from "../../ports/egress.ts";
import { WorkloadIdentityUnavailable } from "../../ports/workload-identity.ts";

type VerifyKey = Awaited<ReturnType<typeof importJWK>>;

/** After so long the keys are asked for anew, so that one that was withdrawn is not trusted on. */
const FRESH_MS = 10 * 60_000;
/** While the issuer does not answer, what it last said holds for so long. */
const STALE_MS = 60 * 60_000;
/** However many tokens name keys that nobody knows: the issuer is not asked more often. */
const AGAIN_MS = 30_000;
const DOCUMENT_MAX_BYTES = 64 * 1024;
const KEYS_MAX = 20;

const discovery = z.object({ issuer: z.string(), jwks_uri: z.string() });
/** Of the keys those that RS256 is verified with; https://www.rfc-editor.org/rfc/rfc7517#section-4 */
const key = z.object({
  kty: z.literal("RSA"),
  kid: z.string().min(1).max(200),
  use: z.literal("sig").optional(),
  alg: z.literal("RS256").optional(),
  // 2,048 bits at the least: https://www.rfc-editor.org/rfc/rfc7518#section-3.3
  n: z.string().min(342).max(2000),
  e: z.string().min(1).max(20),
});
const keySet = z.object({ keys: z.array(z.unknown()) });

/** The issuer's keys by their id, as its discovery document leads to them. https://openid.net/specs/openid-connect-discovery-1_0.html */
export class IssuerKeys {
  readonly #issuer: string;
  readonly #egress: EgressReads;
  readonly #now: () => number;
  #keys: ReadonlyMap<string, VerifyKey> = new Map();
  /** When they were read; undefined: never. */
  #readAtMs: number | undefined;
  #askedAtMs: number | undefined;
  #problem = "";
  #underWay: Promise<void> | undefined;

  /** @param issuer without a slash at the end */
  constructor(issuer: string, egress: EgressReads, now: () => number) {
    this.#issuer = issuer;
    this.#egress = egress;
    this.#now = now;
  }

  /**
   * Undefined: the issuer positively has no such key.
   * @throws {WorkloadIdentityUnavailable}
   */
  async find(kid: string): Promise<VerifyKey | undefined> {
    const age = this.#age();
    if (age > FRESH_MS || !this.#keys.has(kid)) await this.#ask();
    if (this.#age() > STALE_MS) throw new WorkloadIdentityUnavailable(this.#problem);
    const found = this.#keys.get(kid);
    // What could not be read may have it.
    if (!found && this.#problem !== "") throw new WorkloadIdentityUnavailable(this.#problem);
    return found;
  }

  #age(): number {
    return this.#readAtMs === undefined ? Number.POSITIVE_INFINITY : this.#now() - this.#readAtMs;
  }

  async #ask(): Promise<void> {
    if (this.#underWay) return this.#underWay;
    if (this.#askedAtMs !== undefined && this.#now() - this.#askedAtMs < AGAIN_MS) return;
    this.#askedAtMs = this.#now();
    this.#underWay = this.#read().finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  async #read(): Promise<void> {
    const askedAtMs = this.#now();
    try {
      this.#keys = await this.#fetch();
      this.#readAtMs = askedAtMs;
      this.#problem = "";
    } catch (error) {
      this.#problem = `the keys of ${this.#issuer} cannot be had: ${(error as Error).message}`;
    }
  }

  async #fetch(): Promise<Map<string, VerifyKey>> {
    const told = discovery.parse(await this.#json(`${this.#issuer}/.well-known/openid-configuration`));
    if (told.issuer !== this.#issuer) throw new Error("its discovery document is another issuer's");
    // Whoever could write another address there could sign anything.
    if (!URL.canParse(told.jwks_uri) || new URL(told.jwks_uri).origin !== new URL(this.#issuer).origin)
      throw new Error("its discovery document leads to another host");
    const { keys } = keySet.parse(await this.#json(told.jwks_uri));
    const usable = keys.slice(0, KEYS_MAX).flatMap((one) => key.safeParse(one).data ?? []);
    if (usable.length === 0) throw new Error("it has no key for RS256");
    return new Map(
      await Promise.all(
        usable.map(async (jwk) => [jwk.kid, await importJWK({ kty: jwk.kty, n: jwk.n, e: jwk.e }, "RS256")] as const),
      ),
    );
  }

  async #json(url: string): Promise<unknown> {
    const headers = { accept: "application/json" };
    const { status, body } = await this.#egress.read("GET", url, { headers, maxBytes: DOCUMENT_MAX_BYTES });
    if (status !== 200) throw new Error(`it answered ${status}`);
    try {
      return JSON.parse(body);
    } catch {
      throw new Error("it answered something that is not JSON");
    }
  }
}
