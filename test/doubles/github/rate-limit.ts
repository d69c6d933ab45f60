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
  private counted: Map<number, { atMs: number; points: number; creates: boolean }[]> | undefined;
  private readonly now: () => Date;

  constructor(now: () => Date) {
    this.now = now;
  }

  /** From now on an installation's points and creations are counted, as GitHub.com does and an Enterprise Server need not. */
  enforceSecondary(): void {
    this.counted = new Map();
  }

  /** Refuses the call while a limit is used up. */
  check(actor: Actor, method: string, path: string): void {
    if (actor.kind === "installation") {
      const { id } = actor.token.installation;
      this.checkSecondary(id);
      this.count(id, method, path);
    }
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

  /** Over 900 points a minute, or 80 creations, the installation is sent away for a minute. */
  private count(installationId: number, method: string, path: string): void {
    if (!this.counted) return;
    const nowMs = this.now().getTime();
    const recent = (this.counted.get(installationId) ?? []).filter(({ atMs }) => atMs > nowMs - 60_000);
    const reads = method === "GET" || method === "HEAD" || method === "OPTIONS";
    recent.push({
      atMs: nowMs,
      points: reads ? 1 : 5,
      creates: !reads && /\/(?:comments|reactions|issues|pulls)$/.test(path),
    });
    this.counted.set(installationId, recent);
    const points = recent.reduce((sum, call) => sum + call.points, 0);
    if (points <= 900 && recent.filter((call) => call.creates).length <= 80) return;
    this.setSecondary(installationId, { retryAfterS: 60 });
    this.checkSecondary(installationId);
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
