import type { DispatchedScan } from "../../config/scan.ts";
import type { Finding, ScanReport } from "../../model/finding.ts";
import { type ScanRun, type StoredScanResult, THIS_MACHINE } from "../../model/scan.ts";
import type { DispatchedKind } from "../../model/scan-kind.ts";
import { type ChangedLines, compareWithBaseline, onChangedLines } from "../../scan/baseline.ts";
import { isAsked } from "./plan-scans.ts";

/** The last scan of one kind at one commit, and what it reported. */
export interface SeenScan {
  run: ScanRun | undefined;
  result: StoredScanResult | undefined;
}

export interface ScanContext {
  kind: DispatchedKind;
  sha: string;
  config: DispatchedScan;
  head: SeenScan;
  /** At the merge base; undefined: findings of this kind are compared with nothing. */
  base: SeenScan | undefined;
  /** From the path in the merge base to that in the head. */
  renames: ReadonlyMap<string, string>;
  changed: ChangedLines;
  /** Since when findings are known on the default branch, by fingerprint. */
  firstSeen: Readonly<Record<string, number>>;
  nowMs: number;
}

/** What one scan says of the head, compared with the merge base: pure. Whatever is not a whole report is not known. */
export function scanReport(context: ScanContext): { report: ScanReport; validUntilMs?: number } {
  const { kind, sha, head, base } = context;
  const about = { kind, sha };
  const reported = resultOf(head);
  if (reported === undefined) return { report: { ...about, ...unreported(head) } };
  if (base && isOutdated(base, head)) {
    const reason =
      "To compare with, the merge base is being scanned again: its last scan is much older, or by another version of the tool.";
    return { report: { ...about, status: "running", phase: "queued", reason } };
  }
  const before = base && (resultOf(base) ?? unreported(base));
  // Nothing counts as new before that is known: else a pull request would be blamed for what was there.
  if (before && "status" in before && before.status === "running") {
    const reason = "To compare with, the merge base is being scanned as well.";
    return { report: { ...about, status: "running", phase: before.phase ?? "running", reason, ...urlOf(before) } };
  }
  const known = before && "findings" in before ? before : undefined;
  const compared = known
    ? compareWithBaseline(reported.findings, known.findings, context.renames)
    : { findings: [...reported.findings], fixed: undefined, formerly: new Map<string, string>() };
  const aged = withAge(compared.findings, compared.formerly, context);
  const notes = [...(head.run && isLocal(head.run) ? [LOCAL] : []), ...reported.notes];
  if (before && "status" in before)
    notes.push(`All findings count as new, as the merge base could not be scanned: ${before.reason}`);
  const url = urlOfRun(head.run);
  return {
    report: {
      ...about,
      status: "completed",
      findings: onChangedLines(aged.findings, context.changed),
      notes,
      tool: reported.tool,
      ...(compared.fixed ? { fixed: compared.fixed.length, gone: compared.fixed } : {}),
      ...(url === undefined ? {} : { url }),
    },
    ...(aged.validUntilMs === undefined ? {} : { validUntilMs: aged.validUntilMs }),
  };
}

const BASE_KEEPS_MS = 24 * 3_600_000;

/**
 * Whether a merge base was scanned too long before its head to compare them: tools, rules and databases of flaws move on, and what only the later
 * scan knows of would count as new although nobody brought it.
 */
export function isOutdated(base: SeenScan, head: SeenScan): boolean {
  const [was, is] = [resultOf(base), resultOf(head)];
  if (!was || !is || !base.run || !head.run) return false;
  const earlierMs = head.run.requestedAtMs - base.run.requestedAtMs;
  return earlierMs > BASE_KEEPS_MS || (earlierMs > 0 && was.tool.version !== is.tool.version);
}

/** Only what belongs to the report that was taken. */
function resultOf({ run, result }: SeenScan): StoredScanResult | undefined {
  if (run?.state.is !== "reported" || result === undefined) return undefined;
  return result.id === run.id && result.digest === run.state.digest ? result : undefined;
}

/** Of whatever was scanned on the machine of HMS-SYS itself. */
const LOCAL = "Local runner: not for production.";

function isLocal({ on }: ScanRun): boolean {
  return on?.cluster === THIS_MACHINE;
}

type Unreported =
  | Pick<Extract<ScanReport, { status: "running" }>, "status" | "reason" | "phase" | "url">
  | Pick<Extract<ScanReport, { status: "unknown" }>, "status" | "reason" | "cause" | "url">;

function unreported({ run }: SeenScan): Unreported {
  if (run === undefined) return { status: "running", phase: "queued", reason: "It is about to be started." };
  const { state } = run;
  const waits = `${run.waits === undefined ? "" : ` ${run.waits}`}${isLocal(run) ? ` ${LOCAL}` : ""}`;
  const page = "url" in state && state.url !== undefined ? { url: state.url } : {};
  switch (state.is) {
    case "starting":
      return { status: "running", phase: "queued", reason: `It is being started.${waits}` };
    case "queued":
      return { status: "running", phase: "queued", reason: `It waits for a runner.${waits}`, ...page };
    case "running":
      return {
        status: "running",
        phase: "running",
        reason: isAsked(run) ? waits.trim() : `It is running.${waits}`,
        ...page,
      };
    case "reported":
      return {
        status: "unknown",
        cause: "failed",
        reason: "Its report is not there any more; `/hms scan` makes another.",
      };
    // It is started again as soon as its commit is looked at.
    case "cancelled":
      return { status: "running", phase: "queued", reason: "It is about to be started again." };
    default: {
      const { is: cause, url } = state;
      // There is nothing to install in the repository.
      if (cause === "not-installed" && isAsked(run))
        return { status: "unknown", reason: `${state.reason} It is asked again every ten minutes.` };
      const reason = isLocal(run) ? `${state.reason} ${LOCAL}` : state.reason;
      return { status: "unknown", cause, reason, ...(url === undefined ? {} : { url }) };
    }
  }
}

function urlOf({ url }: Unreported): { url?: string } {
  return url === undefined ? {} : { url };
}

function urlOfRun(run: ScanRun | undefined): string | undefined {
  return run && "url" in run.state ? run.state.url : undefined;
}

/** Old findings that have been known for longer than their grace, and when the next one will have been. */
function withAge(
  findings: Finding[],
  formerly: ReadonlyMap<string, string>,
  { config, firstSeen, nowMs }: ScanContext,
): { findings: Finding[]; validUntilMs?: number } {
  const { oldDebt } = config;
  if (typeof oldDebt === "string") return { findings };
  let next = Number.POSITIVE_INFINITY;
  const aged = findings.map((finding): Finding => {
    if (finding.baseline !== "unchanged") return finding;
    const { fingerprint } = finding;
    // Of one that nobody wrote down the grace begins now. Renaming its file does not make a finding young.
    const sinceMs = firstSeen[formerly.get(fingerprint) ?? fingerprint] ?? nowMs;
    const endsMs = sinceMs + oldDebt.graceMs;
    if (nowMs >= endsMs) return { ...finding, overdue: true };
    next = Math.min(next, endsMs);
    return finding;
  });
  return Number.isFinite(next) ? { findings: aged, validUntilMs: next } : { findings: aged };
}
