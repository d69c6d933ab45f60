/** Keys in order of arrival per installation; installations take turns, so that one with many keys cannot starve the others. */
export class Turns {
  /** The order of the map is the order of turns. */
  readonly #lines = new Map<number, Line>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(installationId: number, key: string): void {
    const line = this.#lines.get(installationId) ?? new Line();
    this.#lines.set(installationId, line);
    if (line.add(key)) this.#size++;
  }

  /** Whether it was there. */
  delete(installationId: number, key: string): boolean {
    const line = this.#lines.get(installationId);
    if (!line?.delete(key)) return false;
    this.#size--;
    if (line.size === 0) this.#lines.delete(installationId);
    return true;
  }

  /** Whose turn it is; not taken out. Of an installation that is not `open` only its own key has one. */
  next(open: (installationId: number) => boolean): string | undefined {
    for (const [installationId, line] of this.#lines) {
      if (open(installationId)) return line.first();
      const own = `installation/${installationId}`;
      if (line.has(own)) return own;
    }
    return undefined;
  }

  /** How many keys of an installation wait, without its own. */
  waiting(installationId: number): number {
    const line = this.#lines.get(installationId);
    return line ? line.size - (line.has(`installation/${installationId}`) ? 1 : 0) : 0;
  }

  /** Takes a key out and ends its installation's turn. */
  take(installationId: number, key: string): void {
    const line = this.#lines.get(installationId);
    if (!this.delete(installationId, key) || !line || line.size === 0) return;
    this.#lines.delete(installationId);
    this.#lines.set(installationId, line);
  }

  *keys(): Generator<string> {
    for (const line of this.#lines.values()) yield* line.keys();
  }
}

/** First in, first out, with deletion from within. A Set alone would be quadratic: V8 walks over the holes at its head. */
class Line {
  readonly #live = new Set<string>();
  #order: string[] = [];
  #head = 0;

  get size(): number {
    return this.#live.size;
  }

  has(key: string): boolean {
    return this.#live.has(key);
  }

  add(key: string): boolean {
    if (this.#live.has(key)) return false;
    this.#live.add(key);
    this.#order.push(key);
    return true;
  }

  delete(key: string): boolean {
    return this.#live.delete(key);
  }

  first(): string | undefined {
    while (this.#head < this.#order.length && !this.#live.has(this.#order[this.#head] as string)) this.#head++;
    if (this.#head > 1024 && this.#head * 2 > this.#order.length) {
      this.#order = this.#order.slice(this.#head);
      this.#head = 0;
    }
    return this.#order[this.#head];
  }

  keys(): Iterable<string> {
    return this.#live;
  }
}
