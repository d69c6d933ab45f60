import type { Viewer } from "./viewer.ts";

/** So soon what lasts ends after its viewer's session, and shows nothing more of what they do not see any more. */
const EVERY_MS = 2_000;

export interface Listener {
  /** The viewer as things are now. */
  is(viewer: Viewer): void;
  gone(): void;
}

/**
 * Asks again and again whether somebody is still there, for what lasts longer than a request: people sign out, and lose rights.
 * @returns what ends the asking
 */
export function askWhoListens(viewer: Viewer, { is, gone }: Listener, everyMs = EVERY_MS): () => void {
  let over = false;
  let timer: NodeJS.Timeout | undefined;
  const later = (): void => {
    timer = setTimeout(ask, everyMs).unref();
  };
  const ask = async (): Promise<void> => {
    // While nobody can say, nothing is shown: who comes back is asked for anew.
    const now = await viewer.still?.().catch(() => undefined);
    if (over) return;
    if (!now) return gone();
    is(now);
    later();
  };
  if (viewer.still) later();
  return () => {
    over = true;
    clearTimeout(timer);
  };
}
