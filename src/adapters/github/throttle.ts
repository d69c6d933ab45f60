import { setTimeout as sleep } from "node:timers/promises";
import { GitHubError, type InstallationLimits } from "../../ports/github.ts";
import { inBackground } from "../../ports/run-context.ts";
import { Budget, type LimitReason, type Limits } from "./budget.ts";

/** A person's call waits that long in place; whatever takes longer is the queue's, which has other work meanwhile. */
const PATIENCE_MS = 2_000;

/** Keeps each installation within its own budget: none is slowed down by another. */
export class Throttle {
  readonly #budgets = new Map<number, Budget>();
  readonly #limits: Limits;
  readonly #now: () => number;
  readonly #delayed: (reason: LimitReason) => void;

  /** @param limits `published`: GitHub.com's; `answers`: only what GitHub itself says, as on Enterprise Server. */
  constructor(limits: Limits, now: () => number, delayed: (reason: LimitReason) => void) {
    this.#limits = limits;
    this.#now = now;
    this.#delayed = delayed;
  }

  /**
   * @throws {GitHubError} `limited`, with when to come back, for what would have to wait too long; GitHub was not asked then.
   */
  async within<T>(installationId: number, route: string, work: (budget: Budget) => Promise<T>): Promise<T> {
    const budget = this.#budgetOf(installationId);
    const background = inBackground();
    const leave = await budget.enter(background);
    try {
      const deadlineMs = this.#now() + (background ? 0 : PATIENCE_MS);
      for (;;) {
        const nowMs = this.#now();
        const wait = budget.admit(route, background, nowMs);
        if (!wait) return await work(budget);
        this.#delayed(wait.reason);
        const untilMs = nowMs + wait.waitMs;
        if (untilMs > deadlineMs) throw new GitHubError("limited", 429, EXPLAINED[wait.reason], untilMs);
        await sleep(wait.waitMs);
      }
    } finally {
      leave();
    }
  }

  /** GitHub asked this installation to wait. */
  close(installationId: number, untilMs: number): void {
    this.#budgetOf(installationId).close(untilMs);
  }

  limits(): InstallationLimits[] {
    const nowMs = this.#now();
    return [...this.#budgets]
      .filter(([installationId]) => installationId > 0)
      .map(([installationId, budget]) => ({ installationId, ...budget.state(nowMs) }));
  }

  #budgetOf(installationId: number): Budget {
    const known = this.#budgets.get(installationId) ?? new Budget(this.#limits);
    this.#budgets.set(installationId, known);
    return known;
  }
}

const EXPLAINED: Record<LimitReason, string> = {
  points: "the installation's calls of this minute are used up",
  creations: "the installation's comments of this minute or hour are used up",
  quota: "the installation's calls of this hour are used up",
  "asked-to-wait": "GitHub asked this installation to wait",
};
