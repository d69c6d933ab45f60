/**
 * What was spent during the last `spanMs`, kept in `slots` parts of it. Never more than `limit` within any stretch of that length: a part
 * counts until the last moment that it covers is out of sight.
 */
export class SlidingWindow {
  readonly #limit: number;
  readonly #slotMs: number;
  readonly #slots: number;
  readonly #spent: { slot: number; cost: number }[] = [];
  #sum = 0;

  constructor({ limit, spanMs, slots }: { limit: number; spanMs: number; slots: number }) {
    this.#limit = limit;
    this.#slotMs = spanMs / slots;
    this.#slots = slots;
  }

  /** ms until `cost` fits below `share` of the limit; 0: now. */
  waitMs(cost: number, nowMs: number, share = 1): number {
    this.#forget(nowMs);
    let over = this.#sum + cost - this.#limit * share;
    for (const { slot, cost: freed } of this.#spent) {
      if (over <= 0) break;
      over -= freed;
      if (over <= 0) return Math.max(1, (slot + this.#slots + 1) * this.#slotMs - nowMs);
    }
    return 0;
  }

  spend(cost: number, nowMs: number): void {
    this.#forget(nowMs);
    // A clock that was set back must not make a part older than the one before it.
    const slot = Math.max(Math.floor(nowMs / this.#slotMs), this.#spent.at(-1)?.slot ?? 0);
    const last = this.#spent.at(-1);
    if (last?.slot === slot) last.cost += cost;
    else this.#spent.push({ slot, cost });
    this.#sum += cost;
  }

  spent(nowMs: number): number {
    this.#forget(nowMs);
    return this.#sum;
  }

  #forget(nowMs: number): void {
    const oldest = Math.floor(nowMs / this.#slotMs) - this.#slots;
    while (this.#spent[0] && this.#spent[0].slot < oldest) this.#sum -= this.#spent.shift()?.cost ?? 0;
    // Set back by more than the span: what was spent in that future would never be forgotten.
    const newest = this.#spent.at(-1);
    if (newest && newest.slot > oldest + 2 * this.#slots) {
      this.#spent.length = 0;
      this.#sum = 0;
    }
  }
}
