import type { Clock } from "../../ports/clock.ts";
import type { GitHub } from "../../ports/github.ts";

type Installations = readonly { id: number; owner: string }[];

const FRESH_MS = 5 * 60_000;
const KNOWN_MS = 15 * 60_000;
const AGAIN_MS = 10_000;

/** The App's installations, asked every five minutes; while GitHub cannot say, none after fifteen. */
export function knownInstallations(github: Pick<GitHub, "installations">, clock: Clock): () => Promise<Installations> {
  let known: { atMs: number; value: Installations } | undefined;
  let triedAtMs = Number.NEGATIVE_INFINITY;
  return async () => {
    const nowMs = clock.now();
    if ((!known || nowMs - known.atMs >= FRESH_MS) && nowMs - triedAtMs >= AGAIN_MS) {
      triedAtMs = nowMs;
      try {
        known = { atMs: nowMs, value: await github.installations() };
      } catch {
        // What is known is used for a while; the sweep, which asks the same, tells the log.
        return known && nowMs - known.atMs < KNOWN_MS ? known.value : [];
      }
    }
    return known && nowMs - known.atMs < KNOWN_MS ? known.value : [];
  };
}
