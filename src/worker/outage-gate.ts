/** So many keys in a row that GitHub did not answer for, and none that it did, say that GitHub is down and not that one of them is broken. */
const DOWN_AFTER_KEYS = 5;
const CLOSED_MS = 1_000;
const CLOSED_MOST_MS = 30_000;

/**
 * Keeps all keys back while GitHub is down, instead of failing them one by one: one run at a time is let through to see whether it is back,
 * at growing distances.
 */
export class OutageGate {
  readonly #unanswered = new Set<string>();
  #failures = 0;
  #closedUntilMs = 0;

  /** How many runs may be under way: all, one that looks, or none. */
  room(all: number, nowMs: number): number {
    if (!this.down) return all;
    // A clock that was set back must not keep it closed.
    return nowMs >= this.#closedUntilMs || this.#closedUntilMs - nowMs > CLOSED_MOST_MS ? 1 : 0;
  }

  get down(): boolean {
    return this.#unanswered.size >= DOWN_AFTER_KEYS;
  }

  /** Whether that was what closed it. */
  unanswered(key: string, nowMs: number): boolean {
    const before = this.down;
    this.#unanswered.add(key);
    if (!this.down) return false;
    // Those that were under way when it closed say nothing new.
    if (before && nowMs < this.#closedUntilMs) return false;
    this.#closedUntilMs = nowMs + Math.min(CLOSED_MS * 2 ** this.#failures++, CLOSED_MOST_MS);
    return !before;
  }

  /** Whether that was what opened it. */
  answered(): boolean {
    const before = this.down;
    this.#unanswered.clear();
    this.#failures = 0;
    this.#closedUntilMs = 0;
    return before;
  }

  get closedUntilMs(): number {
    return this.#closedUntilMs;
  }
}
