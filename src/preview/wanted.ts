import type { PreviewConfig } from "../config/preview.ts";
import { matchesPath, readPattern } from "../model/path-pattern.ts";
import type { PreviewReason, PreviewRecord, PreviewState, PreviewWish } from "../model/preview.ts";
import type { PullRequest } from "../model/pull-request.ts";

/** All that decides whether a pull request is to have a preview. */
export interface PreviewFacts {
  /** As read from GitHub just now. */
  pull: Pick<PullRequest, "state" | "draft" | "labels" | "fork" | "headSha">;
  /** Null: the configuration was read, and asks for no previews. */
  config: PreviewConfig | null;
  /** Why the configuration cannot be used: nothing is changed then. */
  configBroken?: string;
  /** Whether the operator declared clusters at all. */
  grounds: boolean;
  wish: PreviewWish;
  /** The commit that somebody with write access let run, 40 hex. */
  okToTest: string | null;
  /** Null: GitHub did not list them all. A filter by path then passes nothing over. */
  changedFiles: readonly string[] | null;
  before: PreviewRecord | undefined;
  nowMs: number;
}

/** What time to live and sleep count from, and when they come. */
export interface PreviewTimes {
  activeAtMs: number;
  /** Only of a preview whose time to live has begun. */
  expiresAtMs?: number;
  sleepsAtMs?: number;
}

export type Wanted =
  | ({ kind: "up" | "asleep" } & PreviewTimes & {
        /** When something else may be wanted although nothing happens. */
        untilMs: number;
      })
  | ({
      kind: "down";
      state: PreviewState & ("disabled" | "skipped" | "blocked" | "gone");
      reasons: PreviewReason[];
    } & PreviewTimes)
  /** Nothing is known that would be a reason to make, change or remove anything. */
  | { kind: "leave"; why: string };

/** States of a preview that is there or being made: its time to live runs. */
const RUNNING: readonly PreviewState[] = ["provisioning", "healthy", "degraded", "failed", "sleeping"];

/**
 * Whether there is to be a preview of this head. `down` comes only of what was positively read: the pull request is closed, the configuration or a
 * filter wants none, somebody asked for it, its time is up, or nobody let this commit of a fork run.
 */
export function wantedOf(facts: PreviewFacts): Wanted {
  const { pull, config, before, wish, nowMs } = facts;
  const idle = { activeAtMs: before?.activeAtMs ?? nowMs };
  if (pull.state === "closed") return { kind: "down", state: "gone", reasons: [], ...idle };
  if (!facts.grounds) {
    return (before?.made.length ?? 0) > 0
      ? { kind: "leave", why: "No cluster is declared any more; the preview stays where it is until one is." }
      : down("disabled", idle, nobody("config", "Previews are off: the operator of HMS-SYS has declared no cluster."));
  }
  if (facts.configBroken !== undefined) return { kind: "leave", why: facts.configBroken };
  if (config === null) return down("disabled", idle, nobody("config", "Previews are off: hms.yml asks for none."));
  if (wish.wanted?.what === "down" && wish.wanted.sha === pull.headSha) {
    return down(
      "skipped",
      idle,
      nobody("filter", `${wish.wanted.by} asked for no preview of this commit. To have one: /hms preview up`),
    );
  }
  const held = forkHold(facts, config);
  if (held) return down("blocked", idle, held);
  const filter = wish.wanted?.what === "up" ? undefined : filteredBy(facts, config);
  if (filter !== undefined) {
    return down("skipped", idle, nobody("filter", `${filter} To have a preview all the same: /hms preview up`));
  }
  const times = timesOf(facts, config);
  if (times.expiresAtMs <= nowMs) {
    return down("skipped", times, {
      cause: "expired",
      message: "Its time to live is over. The next push brings it back, or: /hms preview up",
      awaits: "nobody",
    });
  }
  const asleep =
    (times.sleepsAtMs !== undefined && times.sleepsAtMs <= nowMs) ||
    (wish.sleep?.what === "sleep" && wish.sleep.atMs >= times.activeAtMs);
  const untilMs = Math.min(times.expiresAtMs, asleep ? times.expiresAtMs : (times.sleepsAtMs ?? times.expiresAtMs));
  return { kind: asleep ? "asleep" : "up", ...times, untilMs };
}

/** A fork's commit runs only when somebody let exactly this one run; neither a filter nor a wish for a preview overrules that. */
function forkHold({ pull, okToTest }: PreviewFacts, config: PreviewConfig): PreviewReason | undefined {
  if (!pull.fork) return undefined;
  if (config.forks === "never") return nobody("fork", "This repository makes no previews of pull requests from forks.");
  if (okToTest === pull.headSha) return undefined;
  return {
    cause: "fork",
    message: `This commit comes from a fork. Someone with write access has to look at it and comment: /hms ok-to-test ${pull.headSha}`,
    awaits: "people",
  };
}

function filteredBy({ pull, changedFiles }: PreviewFacts, { when }: PreviewConfig): string | undefined {
  const labels = new Set(pull.labels.map((label) => label.toLowerCase()));
  const has = (label: string): boolean => labels.has(label.toLowerCase());
  if (pull.draft && !when.draft) return "Drafts get no preview in this repository.";
  const unwanted = when.labels.not.find(has);
  if (unwanted !== undefined) return `The label ${unwanted} keeps the preview off.`;
  if (when.labels.any.length > 0 && !when.labels.any.some(has)) {
    return `Only pull requests labelled ${when.labels.any.join(" or ")} get a preview.`;
  }
  if (when.paths.length === 0 || changedFiles === null) return undefined;
  const patterns = when.paths.map(readPattern);
  // A pattern that cannot be read says nothing about any file, so it passes nothing over.
  if (patterns.some((pattern) => pattern === undefined)) return undefined;
  return changedFiles.some((path) => patterns.some((pattern) => pattern && matchesPath(pattern, path)))
    ? undefined
    : `No file changed under ${when.paths.join(", ")}.`;
}

function timesOf(
  { pull, before, wish, nowMs }: PreviewFacts,
  config: PreviewConfig,
): PreviewTimes & { expiresAtMs: number } {
  // Time spent as a draft, in the queue or waiting for somebody's leave is not time that the preview lived.
  const lives =
    before?.sha === pull.headSha &&
    before.state !== "queued" &&
    (before.expiresAtMs !== undefined ||
      RUNNING.includes(before.state) ||
      before.reasons.some(({ cause }) => cause === "expired"));
  const pushedAtMs = lives ? before.activeAtMs : nowMs;
  const { wanted, sleep, extended } = wish;
  const askedAtMs = Math.max(
    wanted?.what === "up" ? wanted.atMs : 0,
    sleep?.what === "wake" ? sleep.atMs : 0,
    // Asked for when its time was over, it is to be there again; before, more time wakes nobody.
    extended && extended.atMs >= pushedAtMs + config.ttlMs ? extended.atMs : 0,
  );
  const activeAtMs = Math.max(pushedAtMs, askedAtMs);
  return {
    activeAtMs,
    expiresAtMs: Math.max(activeAtMs + config.ttlMs, wish.extended?.untilMs ?? 0),
    ...(config.sleepAfterMs > 0 ? { sleepsAtMs: activeAtMs + config.sleepAfterMs } : {}),
  };
}

function down(
  state: "disabled" | "skipped" | "blocked",
  times: PreviewTimes,
  reason: PreviewReason,
): Wanted & { kind: "down" } {
  return { kind: "down", state, reasons: [reason], ...times };
}

function nobody(cause: PreviewReason["cause"], message: string): PreviewReason {
  return { cause, message, awaits: "nobody" };
}
