import type { Actor } from "./auth.ts";
import { ApiError } from "./http/errors.ts";

const WINDOW_S = 3600;
const LIMITS = { anonymous: 60, user: 5000, app: 5000, installation: 5000 } as const;

type Bucket = { limit: number; remaining: number; resetS: number };
type Secondary = { untilMs: number; retryAfterS: number; status: 403 | 429 };

/** https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api */
export class RateLimits {
  private readonly buckets = new Map<string, Bucket>();
  private readonly secondary = new Map<number, Secondary>();
  private readonly now: () => Date;

  constructor(now: () => Date) {
    this.now = now;
  }

  /** Refuses the call while a limit is used up. */
  check(actor: Actor): void {
    if (actor.kind === "installation") this.checkSecondary(actor.token.installation.id);
    const bucket = this.bucket(actor);
    if (bucket.remaining > 0) return;
    const who = actor.kind === "installation" ? `installation ID ${actor.token.installation.id}` : actor.kind;
    throw new ApiError(403, `API rate limit exceeded for ${who}.`, { headers: this.headers(actor) });
  }

  charge(actor: Actor): void {
    const bucket = this.bucket(actor);
    bucket.remaining = Math.max(0, bucket.remaining - 1);
  }

  bucket(actor: Actor): Bucket {
    const key = keyOf(actor);
    const nowS = Math.floor(this.now().getTime() / 1000);
    const known = this.buckets.get(key);
    if (known && known.resetS > nowS) return known;
    const limit = known?.limit ?? LIMITS[actor.kind];
    const fresh = { limit, remaining: limit, resetS: nowS + WINDOW_S };
    this.buckets.set(key, fresh);
    return fresh;
  }

  headers(actor: Actor): Record<string, string> {
    const { limit, remaining, resetS } = this.bucket(actor);
    return {
      "x-ratelimit-limit": String(limit),
      "x-ratelimit-remaining": String(remaining),
      "x-ratelimit-used": String(limit - remaining),
      "x-ratelimit-reset": String(resetS),
      "x-ratelimit-resource": "core",
    };
  }

  set(installationId: number, change: { remaining?: number; reset?: Date; limit?: number }): void {
    const key = `installation ${installationId}`;
    const limit = change.limit ?? this.buckets.get(key)?.limit ?? LIMITS.installation;
    const resetS = Math.floor((change.reset ?? new Date(this.now().getTime() + WINDOW_S * 1000)).getTime() / 1000);
    this.buckets.set(key, { limit, remaining: change.remaining ?? limit, resetS });
  }

  setSecondary(
    installationId: number,
    { retryAfterS, status = 403 }: { retryAfterS: number; status?: 403 | 429 },
  ): void {
    this.secondary.set(installationId, { untilMs: this.now().getTime() + retryAfterS * 1000, retryAfterS, status });
  }

  private checkSecondary(installationId: number): void {
    const limit = this.secondary.get(installationId);
    if (!limit) return;
    const leftMs = limit.untilMs - this.now().getTime();
    if (leftMs <= 0) {
      this.secondary.delete(installationId);
      return;
    }
    const message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
    throw new ApiError(limit.status, message, { headers: { "retry-after": String(Math.ceil(leftMs / 1000)) } });
  }
}

function keyOf(actor: Actor): string {
  switch (actor.kind) {
    case "anonymous":
      return "anonymous";
    case "user":
      return `user ${actor.user.id}`;
    case "app":
      return `app ${actor.app.id}`;
    case "installation":
      return `installation ${actor.token.installation.id}`;
  }
}
