/** A minute less than GitHub's hour. */
const KEPT_MS = 59 * 60_000;
const KEPT_MOST = 15_000;

/**
 * Installation tokens, in the form that `@octokit/auth-app` keeps them in. Its own cache cannot let go of an installation's, which may then
 * be used although the App was removed or may do more than when they were made.
 */
export class TokenCache {
  readonly #kept = new Map<string, { value: string; untilMs: number }>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get(key: string): string {
    const kept = this.#kept.get(key);
    // A clock that was set back must not make a token last longer than GitHub lets it.
    if (kept && kept.untilMs > this.#now() && kept.untilMs - KEPT_MS <= this.#now()) return kept.value;
    this.#kept.delete(key);
    return "";
  }

  set(key: string, value: string): void {
    this.#kept.delete(key);
    this.#kept.set(key, { value, untilMs: this.#now() + KEPT_MS });
    if (this.#kept.size > KEPT_MOST) this.#kept.delete(String(this.#kept.keys().next().value));
  }

  forget(installationId: number): void {
    for (const key of this.#kept.keys())
      if (key === String(installationId) || key.startsWith(`${installationId}|`)) this.#kept.delete(key);
  }
}
