import type { Clock } from "../../src/ports/clock.ts";

/** Stands still until it is told to move. */
export class SettableClock implements Clock {
  ms = Date.UTC(2026, 0, 1);

  now(): number {
    return this.ms;
  }

  advance(ms: number): void {
    this.ms += ms;
  }
}
