/** Clocks can jump (a laptop that slept, a simulation): no wait is longer than this. */
const LONGEST_WAIT_MS = 1000;

/** Tells the one listener that something may be ready, and comes back at due times. Never keeps the process alive. */
export class Wakeup {
  readonly #onDue: () => void;
  #listener: (() => void) | undefined;
  #announced = false;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs: number | undefined;

  constructor(onDue: () => void) {
    this.#onDue = onDue;
  }

  listen(listener: () => void): void {
    this.#listener = listener;
  }

  /** In a microtask, so that a listener never runs inside of what woke it. */
  announce(): void {
    if (this.#announced) return;
    this.#announced = true;
    queueMicrotask(() => {
      this.#announced = false;
      this.#listener?.();
    });
  }

  /** Replaces the due time before. */
  setDue(atMs: number | undefined, nowMs: number): void {
    if (atMs === this.#timerAtMs) return;
    this.stop();
    if (atMs === undefined) return;
    this.#timerAtMs = atMs;
    const waitMs = Math.max(0, Math.min(atMs - nowMs, LONGEST_WAIT_MS));
    this.#timer = setTimeout(() => {
      this.#timerAtMs = undefined;
      this.#onDue();
    }, waitMs).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timerAtMs = undefined;
  }
}
