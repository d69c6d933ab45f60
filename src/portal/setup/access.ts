import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

const SESSION_MS = 3_600_000;
const WRONG_MAX = 10;
const WRONG_WINDOW_MS = 60_000;

/** 256 bits, safe in an address. */
export function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

/**
 * Who sets the process up: whoever reads the console. Its token is worth one session, once; a state belongs to that session and is worth one
 * answer of GitHub. Only digests are kept, and compared in constant time.
 */
export class SetupAccess {
  readonly #now: () => number;
  readonly #token: Buffer;
  #tokenUsed = false;
  #session: { digest: Buffer; endsAtMs: number } | undefined;
  #state: Buffer | undefined;
  #wrongAtMs: number[] = [];

  constructor(token: string, now: () => number) {
    this.#token = digest(token);
    this.#now = now;
  }

  /** Wrong tokens are counted; the right one is never kept out by them. */
  exchange(
    token: string,
  ):
    | { kind: "admitted"; session: string }
    | { kind: "refused"; code: "setup-token-used" | "setup-token-wrong" | "setup-too-many-tries" } {
    if (!timingSafeEqual(digest(token), this.#token)) return { kind: "refused", code: this.#wrong() };
    if (this.#tokenUsed) return { kind: "refused", code: "setup-token-used" };
    this.#tokenUsed = true;
    const session = newSecret();
    this.#session = { digest: digest(session), endsAtMs: this.#now() + SESSION_MS };
    return { kind: "admitted", session };
  }

  holds(session: string | undefined): boolean {
    const known = this.#session;
    if (session === undefined || known === undefined || known.endsAtMs <= this.#now()) return false;
    return timingSafeEqual(digest(session), known.digest);
  }

  /** Ends the state before it: GitHub answers the form that was shown last. */
  newState(): string {
    const state = newSecret();
    this.#state = digest(state);
    return state;
  }

  /** Whether it is the session's own, which it then is no longer. */
  takeState(state: string): boolean {
    const known = this.#state;
    if (known === undefined || !timingSafeEqual(digest(state), known)) return false;
    this.#state = undefined;
    return true;
  }

  #wrong(): "setup-token-wrong" | "setup-too-many-tries" {
    const now = this.#now();
    this.#wrongAtMs = this.#wrongAtMs.filter((atMs) => atMs > now - WRONG_WINDOW_MS);
    if (this.#wrongAtMs.length >= WRONG_MAX) return "setup-too-many-tries";
    this.#wrongAtMs.push(now);
    return "setup-token-wrong";
  }
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
