/**
 * Keys to look at, each once however often it is named meanwhile, one after the other, never within the write that named it. So a controller is
 * driven by what changes and asks nothing by itself.
 */
export class WorkQueue {
  readonly #work: (key: string) => void | Promise<void>;
  readonly #waiting = new Set<string>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #running = new Set<string>();
  readonly #most: number;
  #drain: NodeJS.Immediate | undefined;
  #stopped = false;

  constructor(work: (key: string) => void | Promise<void>, most = 1) {
    this.#work = work;
    this.#most = most;
  }

  add(key: string): void {
    if (this.#stopped) return;
    this.#waiting.add(key);
    this.#drain ??= setImmediate(() => this.#next());
  }

  /** Names a key once more after a while. */
  addAfter(key: string, afterMs: number): void {
    clearTimeout(this.#timers.get(key));
    this.#timers.set(
      key,
      setTimeout(() => {
        this.#timers.delete(key);
        this.add(key);
      }, afterMs).unref(),
    );
  }

  stop(): void {
    this.#stopped = true;
    clearImmediate(this.#drain);
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #next(): void {
    this.#drain = undefined;
    // Not what is named meanwhile: that has to wait for its turn, behind what else the process does.
    for (const key of [...this.#waiting]) {
      if (this.#running.size >= this.#most) return;
      if (this.#running.has(key)) continue;
      this.#waiting.delete(key);
      this.#start(key);
    }
    if ([...this.#waiting].some((key) => !this.#running.has(key))) this.#drain ??= setImmediate(() => this.#next());
  }

  #start(key: string): void {
    const work = this.#work(key);
    if (work === undefined) return;
    this.#running.add(key);
    const done = () => {
      this.#running.delete(key);
      if (this.#waiting.size > 0 && !this.#stopped) this.#drain ??= setImmediate(() => this.#next());
    };
    work.then(done, (error: unknown) => {
      done();
      if (!this.#stopped) throw error;
    });
  }
}
