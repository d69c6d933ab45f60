/** Requests that one sender may make at once, and how they come back. */
interface Rate {
  burst: number;
  perSecond: number;
}

const PERSON: Rate = { burst: 600, perSecond: 10 };
const ADDRESS: Rate = { burst: 300, perSecond: 5 };
/** Senders that are remembered; beyond, those go first that have not asked for longest. */
const SENDERS_MAX = 10_000;

/** Token buckets by sender: who signed in has one of their own, everybody else shares that of their address. */
export class Allowance {
  readonly #now: () => number;
  readonly #buckets = new Map<string, { left: number; atMs: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes `cost`; otherwise the seconds after which it would be there. */
  take(sender: { login: string } | { address: string }, cost: number): { retryAfterS: number } | undefined {
    if (cost === 0) return undefined;
    const { burst, perSecond } = "login" in sender ? PERSON : ADDRESS;
    const key = "login" in sender ? `person ${sender.login}` : `address ${sender.address}`;
    const nowMs = this.#now();
    const known = this.#buckets.get(key) ?? { left: burst, atMs: nowMs };
    const refilled = Math.min(burst, known.left + (Math.max(0, nowMs - known.atMs) / 1000) * perSecond);
    const enough = refilled >= cost;
    this.#buckets.delete(key);
    this.#buckets.set(key, { left: enough ? refilled - cost : refilled, atMs: nowMs });
    if (this.#buckets.size > SENDERS_MAX) {
      const longest = this.#buckets.keys().next().value;
      if (longest !== undefined) this.#buckets.delete(longest);
    }
    return enough ? undefined : { retryAfterS: Math.ceil((cost - refilled) / perSecond) };
  }
}
