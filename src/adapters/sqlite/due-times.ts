interface DueTime {
  atMs: number;
  key: string;
}

/** Points in time, earliest first (a binary heap). Nothing is ever taken back: whoever reads checks whether a time still stands. */
export class DueTimes {
  readonly #heap: DueTime[] = [];

  first(): DueTime | undefined {
    return this.#heap[0];
  }

  add(atMs: number, key: string): void {
    const heap = this.#heap;
    let at = heap.push({ atMs, key }) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#atMs(parent) <= atMs) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  removeFirst(): void {
    const last = this.#heap.pop();
    if (!last || this.#heap.length === 0) return;
    this.#heap[0] = last;
    let at = 0;
    while (true) {
      const left = 2 * at + 1;
      const child = this.#atMs(left + 1) < this.#atMs(left) ? left + 1 : left;
      if (this.#atMs(child) >= last.atMs) return;
      this.#swap(at, child);
      at = child;
    }
  }

  #atMs(index: number): number {
    return this.#heap[index]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  #swap(a: number, b: number): void {
    const heap = this.#heap;
    const held = heap[a] as DueTime;
    heap[a] = heap[b] as DueTime;
    heap[b] = held;
  }
}
