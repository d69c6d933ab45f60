/** Requests that one sender may make at once, and how they come back. */
interface Rate {
  /** As the headers call it. */
  name: string;
  burst: number;
  perSecond: number;
}

const PERSON: Rate = { name: "viewer", burst: 600, perSecond: 10 };
const ADDRESS: Rate = { name: "address", burst: 300, perSecond: 5 };
/** Senders that are remembered; beyond, those go first that have not asked for longest. */
const SENDERS_MAX = 10_000;

/** What a sender has left after a request. */
export interface Taken {
  /** Seconds after which there would be room; absent where there was. */
  retryAfterS?: number;
  /** https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ */
  headers: { "ratelimit-policy": string; ratelimit: string };
}

/** Token buckets by sender: who signed in has one of their own, everybody else shares that of their address. */
export class Allowance {
  readonly #now: () => number;
  readonly #buckets = new Map<string, { left: number; atMs: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes `cost`, if it is there. Undefined for what costs nothing. */
  take(sender: { login: string } | { address: string }, cost: number): Taken | undefined {
    if (cost === 0) return undefined;
    const { name, burst, perSecond } = "login" in sender ? PERSON : ADDRESS;
    const key = "login" in sender ? `person ${sender.login}` : `address ${sender.address}`;
    const nowMs = this.#now();
    const known = this.#buckets.get(key) ?? { left: burst, atMs: nowMs };
    const refilled = Math.min(burst, known.left + (Math.max(0, nowMs - known.atMs) / 1000) * perSecond);
    const enough = refilled >= cost;
    const left = enough ? refilled - cost : refilled;
    this.#buckets.delete(key);
    this.#buckets.set(key, { left, atMs: nowMs });
    if (this.#buckets.size > SENDERS_MAX) {
      const longest = this.#buckets.keys().next().value;
      if (longest !== undefined) this.#buckets.delete(longest);
    }
    const headers = {
      "ratelimit-policy": `"${name}";q=${burst};w=${Math.ceil(burst / perSecond)}`,
      ratelimit: `"${name}";r=${Math.floor(left)};t=${Math.ceil((burst - left) / perSecond)}`,
    };
    return enough ? { headers } : { headers, retryAfterS: Math.ceil((cost - refilled) / perSecond) };
  }
}
