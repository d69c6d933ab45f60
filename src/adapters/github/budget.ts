import { SlidingWindow } from "./sliding-window.ts";

/** https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits */
const POINTS_PER_MINUTE = 900;
const POINTS = { read: 1, write: 5 };
const CREATIONS_PER_MINUTE = 80;
const CREATIONS_PER_HOUR = 500;
const CONCURRENT = 100;
/**
 * What sweeps may use of it, so that a person never waits for them: of the points and the calls at once; and of the hourly quota they leave
 * a fifth.
 */
const BACKGROUND_SHARE = 0.6;
const BACKGROUND_LEAVES = 0.2;

/** Calls that make something which notifies people, which GitHub limits apart. */
const CREATING = [
  "POST /repos/{owner}/{repo}/issues",
  "POST /repos/{owner}/{repo}/issues/{issue_number}/comments",
  "POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
  "POST /repos/{owner}/{repo}/pulls",
  "POST /repos/{owner}/{repo}/git/refs",
];

/**
 * Whether GitHub.com's published limits are kept, or only what GitHub's answers say: on Enterprise Server limits are off unless its
 * administrator turned them on. https://docs.github.com/en/enterprise-server/admin/configuring-settings/configuring-user-applications-for-your-enterprise/configuring-rate-limits
 */
export type Limits = "published" | "answers";

/** Why a call has to wait, for metrics. */
export type LimitReason = "points" | "creations" | "quota" | "asked-to-wait";

export interface BudgetState {
  /** Points of the last minute. */
  points: number;
  /** Calls under way. */
  concurrent: number;
  /** Of the hourly quota, as GitHub last said; undefined before its first answer. */
  quota: { limit: number; remaining: number; resetAtMs: number } | undefined;
  /** GitHub asked to stay away until then; 0: it did not. */
  closedUntilMs: number;
}

/**
 * What one installation may ask of GitHub, on GitHub's published limits: asked before each call, so that GitHub never has to say no. Pure
 * but for what it remembers; time is given.
 */
export class Budget {
  readonly #points = new SlidingWindow({ limit: POINTS_PER_MINUTE, spanMs: 60_000, slots: 60 });
  readonly #creations = new SlidingWindow({ limit: CREATIONS_PER_MINUTE, spanMs: 60_000, slots: 60 });
  readonly #creationsPerHour = new SlidingWindow({ limit: CREATIONS_PER_HOUR, spanMs: 3_600_000, slots: 60 });
  readonly #waiting: { background: boolean; go(): void }[] = [];
  readonly #limits: Limits;
  #concurrent = 0;
  #quota: BudgetState["quota"];
  #closedUntilMs = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Why and how long the call has to wait; undefined: it may be made, and counts as made. */
  admit(route: string, background: boolean, nowMs: number): { reason: LimitReason; waitMs: number } | undefined {
    if (this.#closedUntilMs > nowMs) return { reason: "asked-to-wait", waitMs: this.#closedUntilMs - nowMs };
    const quota = this.#quota;
    if (quota && quota.resetAtMs > nowMs && quota.remaining <= (background ? quota.limit * BACKGROUND_LEAVES : 0))
      return { reason: "quota", waitMs: quota.resetAtMs - nowMs };
    // Until GitHub says what is left, every call may have cost one.
    const count = () => {
      if (quota) this.#quota = { ...quota, remaining: quota.remaining - 1 };
    };
    if (this.#limits === "answers") {
      count();
      return undefined;
    }
    const cost = /^(?:GET|HEAD) /.test(route) ? POINTS.read : POINTS.write;
    const pointsMs = this.#points.waitMs(cost, nowMs, background ? BACKGROUND_SHARE : 1);
    if (pointsMs > 0) return { reason: "points", waitMs: pointsMs };
    const creates = CREATING.includes(route) ? 1 : 0;
    const creationsMs = creates
      ? Math.max(this.#creations.waitMs(1, nowMs), this.#creationsPerHour.waitMs(1, nowMs))
      : 0;
    if (creationsMs > 0) return { reason: "creations", waitMs: creationsMs };
    this.#points.spend(cost, nowMs);
    if (creates) {
      this.#creations.spend(1, nowMs);
      this.#creationsPerHour.spend(1, nowMs);
    }
    count();
    return undefined;
  }

  /** Resolves when one more call may be under way; people's come first. What it gives has to be called when the call has ended. */
  async enter(background: boolean): Promise<() => void> {
    if (!this.#roomFor(background)) await new Promise<void>((go) => this.#waiting.push({ background, go }));
    else this.#concurrent++;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#concurrent--;
      const next = Math.max(
        this.#waiting.findIndex((one) => !one.background),
        0,
      );
      const one = this.#waiting[next];
      if (!one || !this.#roomFor(one.background)) return;
      this.#waiting.splice(next, 1);
      this.#concurrent++;
      one.go();
    };
  }

  /** What GitHub's answer says of the quota: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#checking-the-status-of-your-rate-limit */
  learn(status: number, headers: Readonly<Record<string, string | number | undefined>>): void {
    // Whoever is not let in is told the limit of strangers, and who has trouble may tell anything.
    if (status === 401 || status >= 500) return;
    const [limit, remaining, reset] = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"].map((name) =>
      headers[name] === undefined ? Number.NaN : Number(headers[name]),
    ) as [number, number, number];
    if (![limit, remaining, reset].every(Number.isFinite)) return;
    const resetAtMs = reset * 1000;
    const known = this.#quota;
    // Answers arrive in any order: within one hour the least that was said counts.
    if (known?.resetAtMs === resetAtMs)
      this.#quota = { limit, resetAtMs, remaining: Math.min(remaining, known.remaining + 1) };
    else if (!known || known.resetAtMs < resetAtMs) this.#quota = { limit, remaining, resetAtMs };
  }

  /** GitHub asked to stay away until then. */
  close(untilMs: number): void {
    this.#closedUntilMs = Math.max(this.#closedUntilMs, untilMs);
  }

  state(nowMs: number): BudgetState {
    return {
      points: this.#points.spent(nowMs),
      concurrent: this.#concurrent,
      quota: this.#quota,
      closedUntilMs: this.#closedUntilMs > nowMs ? this.#closedUntilMs : 0,
    };
  }

  #roomFor(background: boolean): boolean {
    return this.#concurrent < CONCURRENT * (background ? BACKGROUND_SHARE : 1);
  }
}
