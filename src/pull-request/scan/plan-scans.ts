import { isDeepStrictEqual } from "node:util";
import type { ScanRun, WantedScan } from "../../model/scan.ts";
import type { WorkflowRun } from "../../ports/workflows.ts";

/** What is known of one commit's scans at one moment. */
export interface ScansAtCommit {
  /** By every pull request that wants something. */
  wanted: readonly (readonly WantedScan[])[];
  runs: readonly ScanRun[];
  /** By kind: id of the intent by which it is asked for again. */
  again: ReadonlyMap<string, string>;
  /** The repository's workflow could not be started a moment ago, and has not changed since: it is not tried again before. */
  missingUntilMs?: number | undefined;
  nowMs: number;
}

export type ScanStep =
  | { step: "start"; scan: WantedScan; askedBy?: string | undefined }
  /** Its start was cut off: GitHub may have got it or not. */
  | { step: "adopt"; run: ScanRun }
  | { step: "look"; run: ScanRun }
  /** It is ended: at GitHub, and in what is remembered. */
  | { step: "end"; run: ScanRun; as: "cancelled" | "timed-out"; reason: string };

/** Where the workflow is missing, it is looked for again after so long. */
export const MISSING_RETRY_MS = 10 * 60_000;
/** A start of which GitHub's answer was lost shows in its list by then. */
export const ADOPT_AFTER_MS = 10_000;
/** The report is posted before the run is over, but may be on its way a second time. */
export const REPORT_GRACE_MS = 10_000;

export const isLive = ({ state }: ScanRun): boolean =>
  state.is === "starting" || state.is === "queued" || state.is === "running";

/** A scan of which a server is asked: nothing of it runs at GitHub or on a cluster. */
export function isAsked({ tool }: Pick<ScanRun, "tool">): boolean {
  return tool === "sonarqube";
}

/** What has to be done about the scans of one commit: pure. At most one scan of a kind is alive at a time. */
export function planScans({ wanted, runs, again, missingUntilMs, nowMs }: ScansAtCommit): ScanStep[] {
  const scans = unionOf(wanted);
  const steps: ScanStep[] = [];
  for (const run of runs) {
    if (!isLive(run)) continue;
    const scan = scans.get(run.kind);
    if (scan === undefined)
      steps.push({ step: "end", run, as: "cancelled", reason: "No open pull request wants this scan any more." });
    else if (differs(scan, run))
      steps.push({ step: "end", run, as: "cancelled", reason: "Another scan took its place." });
    else if (nowMs >= run.deadlineMs) {
      const last = run.waits === undefined ? "" : ` ${run.waits}`;
      steps.push({ step: "end", run, as: "timed-out", reason: `No report came within ${minutes(run)}.${last}` });
    } else steps.push({ step: run.state.is === "starting" ? "adopt" : "look", run });
  }
  for (const scan of scans.values()) {
    const run = runs.find((one) => one.kind === scan.kind);
    const askedBy = again.get(scan.kind);
    // What was started for it may have come to its end before it was settled.
    const isAskedAnew = askedBy !== undefined && askedBy !== run?.askedBy;
    if (
      run === undefined ||
      (!isLive(run) && (isAskedAnew || differs(scan, run) || isToRepeat(run, missingUntilMs, nowMs)))
    )
      steps.push({ step: "start", scan, askedBy });
  }
  return steps;
}

/**
 * What a kind is to be scanned with where pull requests differ: from which base on the whole history stands in for all of theirs, and what is the
 * head of one of them is uploaded although another one only compares with it.
 */
function unionOf(wanted: ScansAtCommit["wanted"]): Map<string, WantedScan> {
  const scans = new Map<string, WantedScan>();
  for (const scan of wanted.flat()) {
    const known = scans.get(scan.kind) ?? scan;
    const { base, ...whole } = known;
    const uploadTo = known.uploadTo ?? scan.uploadTo;
    scans.set(scan.kind, { ...(base === scan.base ? known : whole), ...(uploadTo && { uploadTo }) });
  }
  return scans;
}

function differs(scan: WantedScan, run: ScanRun): boolean {
  return (
    scan.tool !== run.tool ||
    scan.target !== run.target ||
    scan.base !== run.base ||
    !isDeepStrictEqual(scan.on, run.on)
  );
}

function isToRepeat(run: ScanRun, missingUntilMs: number | undefined, nowMs: number): boolean {
  if (run.state.is === "cancelled") return true;
  return run.state.is === "not-installed" && nowMs >= tryAgainAtMs(run, missingUntilMs, nowMs);
}

/** What a server refuses has nothing to do with the workflow, which is tried once for all commits. */
function tryAgainAtMs(run: ScanRun, missingUntilMs: number | undefined, nowMs: number): number {
  return isAsked(run) ? run.requestedAtMs + MISSING_RETRY_MS : (missingUntilMs ?? nowMs);
}

function minutes({ requestedAtMs, deadlineMs }: ScanRun): string {
  const count = Math.round((deadlineMs - requestedAtMs) / 60_000);
  return `${count} minute${count === 1 ? "" : "s"}`;
}

/** What a scan that is under way has become, by what GitHub says of its run: pure. Only the report's own endpoint makes it *reported*. */
export function afterLook(run: ScanRun, found: WorkflowRun | undefined, nowMs: number): ScanRun {
  const { state } = run;
  if (state.is !== "queued" && state.is !== "running") return run;
  const { runId, url } = state;
  const page = url === undefined ? {} : { url };
  const failed = (reason: string): ScanRun => ({ ...run, state: { is: "failed", reason, ...page } });
  if (found === undefined) return failed("GitHub knows its workflow run no more.");
  if (found.attempt > 1)
    return failed(
      "Somebody ran its workflow again by hand; only the first attempt counts. `/hms scan` starts a new one.",
    );
  if (found.status !== "completed") {
    const is = found.status === "in_progress" ? "running" : "queued";
    return { ...run, state: { is, ...(runId === undefined ? {} : { runId }), ...page } };
  }
  const overSinceMs = run.overSinceMs ?? nowMs;
  if (nowMs < overSinceMs + REPORT_GRACE_MS) return { ...run, overSinceMs };
  return failed(
    found.conclusion === "cancelled"
      ? "Its workflow run was cancelled at GitHub."
      : `Its workflow run ended (${said(found.conclusion)}) without a report. Its log says why, and \`hms doctor\` whether all is set up.`,
  );
}

function said(conclusion: string | null): string {
  return /^[a-z_]{1,30}$/.exec(conclusion ?? "")?.[0]?.replaceAll("_", " ") ?? "no conclusion";
}

/** When the commit's scans are looked at again although nothing tells of a change, ms from now; undefined: not. */
export function lookAtScansInMs(
  runs: readonly ScanRun[],
  missingUntilMs: number | undefined,
  nowMs: number,
): number | undefined {
  const due = runs.flatMap((run) => {
    if (run.state.is === "starting") return [nowMs + ADOPT_AFTER_MS];
    if (run.state.is === "not-installed") return [tryAgainAtMs(run, missingUntilMs, nowMs)];
    if (!isLive(run)) return [];
    if (run.overSinceMs !== undefined) return [run.overSinceMs + REPORT_GRACE_MS];
    const everyMs = run.on ? LOOK_AT_JOB_EVERY_MS : isAsked(run) ? ASK_EVERY_MS : LOOK_EVERY_MS;
    return [Math.min(run.deadlineMs, nowMs + everyMs)];
  });
  return due.length === 0 ? undefined : Math.max(1_000, Math.min(...due) - nowMs);
}

/** GitHub tells when a run starts and ends; what it did not tell is found by then. */
const LOOK_EVERY_MS = 120_000;
/** A server tells of an analysis only where somebody set that up. */
const ASK_EVERY_MS = 60_000;
/** Nothing tells of a Job. */
const LOOK_AT_JOB_EVERY_MS = 5_000;
