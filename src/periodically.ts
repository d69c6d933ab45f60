import type { Logger } from "pino";
import { backoffMs } from "./ports/queue.ts";

/** Runs now and then again `ms` after each end, or after the milliseconds that the run gives, sooner after a failure; a slow run never overlaps itself. */
export function every(ms: number, work: () => Promise<unknown>, log: Logger, failed: string): { stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let failures = 0;
  const turn = async (): Promise<void> => {
    let nextMs = ms;
    try {
      const asked = await work();
      if (typeof asked === "number") nextMs = asked;
      failures = 0;
    } catch (error) {
      failures++;
      log.warn({ err: error }, failed);
    }
    const afterMs = failures === 0 ? nextMs : Math.min(ms, backoffMs(failures, Math.random()));
    if (!stopped) timer = setTimeout(turn, afterMs);
  };
  void turn();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
