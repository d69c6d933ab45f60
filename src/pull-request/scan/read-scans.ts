import type { InventoryCluster } from "../../config/clusters.ts";
import type { ScanConfig } from "../../config/scan.ts";
import type { ScanReport } from "../../model/finding.ts";
import type { PreviewRecord } from "../../model/preview.ts";
import type { ChangedFile, PullRequest } from "../../model/pull-request.ts";
import type { ScanRun, ScanWanted, StoredScanResult } from "../../model/scan.ts";
import type { DispatchedKind, ScanKind } from "../../model/scan-kind.ts";
import { storageKey } from "../../model/storage-key.ts";
import type { RepositoryApi } from "../../ports/github.ts";
import type { Records } from "../../ports/records.ts";
import { mayUse } from "../../preview/preview.ts";
import { type ChangedLines, changedLinesOfPatch, compareWithBaseline, onChangedLines } from "../../scan/baseline.ts";
import type { FirstSeen } from "./first-seen.ts";
import { isLive } from "./plan-scans.ts";
import { scanAgents } from "./scan-agents.ts";
import { isOutdated, type SeenScan, scanReport } from "./scan-report.ts";
import type { LookAtScans } from "./want-scans.ts";
import { type ScansWanted, wantedScans } from "./wanted-scans.ts";

/** What the scans besides that for secrets say of a pull request, and what of them is wanted where. */
export interface ScansRead {
  reports: ScanReport[];
  /** Kinds that the changed files call for. */
  concerned: ReadonlySet<ScanKind>;
  wants: ReadonlyMap<string, ScanWanted>;
  /** Commits at which something is to be done about a scan that is wanted already. */
  look: LookAtScans[];
  /** ms since the epoch: what was read is another from then on, though nothing tells of it. */
  validUntilMs?: number;
}

const NOTHING: ScansRead = { reports: [], concerned: new Set(), wants: new Map(), look: [] };

interface ReadDeps {
  api: RepositoryApi;
  records: Records;
  installationId: number;
  /** Where the operator lets scans run; absent: nowhere. */
  scanClusters?: readonly InventoryCluster[];
  /** Scans are programs on this machine, for development. */
  scansLocal?: boolean;
}

/** Asks GitHub nothing where the configuration names no scans: it costs a call for what the pull request changes. */
export async function readScans(
  deps: ReadDeps,
  pull: PullRequest,
  config: ScanConfig,
  preview: { record: PreviewRecord | undefined; wanted: boolean },
  nowMs: number,
): Promise<ScansRead> {
  if (Object.keys(config.dispatched).length === 0 && config.agents === undefined) return NOTHING;
  const change = await changeOf(deps.api, pull);
  const record = preview.record;
  const wanted = wantedScans(config, {
    number: pull.number,
    headSha: pull.headSha,
    mergeBase: change.mergeBase,
    changedFiles: change.complete ? pathsOf(change.files) : null,
    preview: preview.wanted
      ? {
          // A cluster that falls silent ends no scan: what it was at this commit, it was. Nor does an attack that makes it falter.
          healthy: record?.state === "healthy" || (record?.state === "degraded" && (await isUnderAttack(deps, pull))),
          url: record?.url,
          places: record?.made ?? [],
        }
      : undefined,
    clusters: clustersFor(deps),
    local: deps.scansLocal ?? false,
  });
  const read: ScansRead = {
    reports: [],
    concerned: wanted.concerned,
    wants: wantsOf(wanted, pull.headSha, change.mergeBase),
    look: [],
  };
  const renames = renamesOf(change.files);
  const changed = changedOf(change);
  const ends: number[] = [];
  const kinds = wanted.head.map(({ kind }) => kind);
  for (const held of wanted.held) {
    const head = await seenAt(deps, pull.headSha, held.kind);
    // A preview that sleeps, or is gone, takes nothing back of what was found in it at this very commit.
    const isMade = head.run?.state.is === "reported" && head.run.tool === config.dispatched[held.kind]?.tool;
    if (held.status === "running" && isMade) kinds.push(held.kind);
    else read.reports.push(heldReport(held, pull.headSha));
  }
  for (const kind of kinds) {
    const head = await seenAt(deps, pull.headSha, kind);
    const compared = wanted.base.some((one) => one.kind === kind) && change.mergeBase !== undefined;
    const base = compared && change.mergeBase !== undefined ? await seenAt(deps, change.mergeBase, kind) : undefined;
    const scan = config.dispatched[kind];
    if (scan === undefined) continue;
    const { report, validUntilMs } = scanReport({
      kind,
      sha: pull.headSha,
      config: scan,
      head,
      base,
      renames,
      changed,
      firstSeen: typeof scan.oldDebt === "string" ? {} : await firstSeen(deps, kind),
      nowMs,
    });
    read.reports.push(report);
    if (validUntilMs !== undefined) ends.push(validUntilMs);
    if (isToStart(head)) read.look.push({ sha: pull.headSha });
    if (!base || change.mergeBase === undefined) continue;
    if (isToStart(base)) read.look.push({ sha: change.mergeBase });
    else if (isOutdated(base, head))
      read.look.push({ sha: change.mergeBase, again: { kind, by: `head/${head.run?.id}` } });
  }
  if (wanted.agents && config.agents) {
    const { report, againMs } = await agentsReport(deps, pull, config.agents, change, nowMs);
    read.reports.push(report);
    ends.push(...againMs);
  }
  return ends.length === 0 ? read : { ...read, validUntilMs: Math.min(...ends) };
}

/** Inside of the process, at the head and at the merge base, each once. `againMs`: when what failed is tried again. */
async function agentsReport(
  deps: ReadDeps,
  { headSha }: PullRequest,
  { paths }: NonNullable<ScanConfig["agents"]>,
  change: Change,
  nowMs: number,
): Promise<{ report: ScanReport; againMs: number[] }> {
  const about = { kind: "agents", sha: headSha } as const;
  const look = { nowMs, blobs: new Map<string, Uint8Array>() };
  const head = await scanAgents(deps, headSha, paths, look);
  if (!head.ok) {
    const { why: reason, untilMs } = head;
    return {
      report: { ...about, status: "unknown", cause: "failed", reason },
      againMs: untilMs === undefined ? [] : [untilMs],
    };
  }
  const { mergeBase, files } = change;
  const base = mergeBase === undefined ? undefined : await scanAgents(deps, mergeBase, paths, look);
  const compared = base?.ok ? compareWithBaseline(head.findings, base.findings, renamesOf(files)) : undefined;
  const failed = base?.ok === false ? base : undefined;
  const report: ScanReport = {
    ...about,
    status: "completed",
    findings: onChangedLines(compared?.findings ?? head.findings, changedOf(change)),
    notes: [...head.notes, ...(failed ? [`All findings count as new: ${failed.why}`] : [])],
    ...(compared ? { fixed: compared.fixed.length, gone: compared.fixed } : {}),
    ...(head.planText === "" ? {} : { plan: head.plan, planText: head.planText }),
  };
  return { report, againMs: failed?.untilMs === undefined ? [] : [failed.untilMs] };
}

/** Whether a repository may use a cluster is for its previews and its scans alike. */
function clustersFor({ scanClusters = [], api }: ReadDeps): { dynamic: string[]; image: string[] } {
  const open = scanClusters.filter(
    (one) => one.scans && mayUse(one.repositories, `${api.ref.owner}/${api.ref.name}`.toLowerCase()),
  );
  const image = open.filter(({ scans }) => (scans?.registryCidrs.length ?? 0) > 0);
  return { dynamic: open.map(({ name }) => name), image: image.map(({ name }) => name) };
}

interface Change {
  mergeBase: string | undefined;
  files: ChangedFile[];
  complete: boolean;
}

/** What lies between the merge base and this very head. Of a long list the pull request's own one has more, if it is still the same one. */
async function changeOf(api: RepositoryApi, pull: PullRequest): Promise<Change> {
  const { mergeBase, files, complete } = await api.compare(pull.baseSha, pull.headSha);
  if (complete) return { mergeBase, files, complete };
  const own = await api.pullFiles(pull);
  const now = await api.pull(pull.number);
  const same = now.headSha === pull.headSha && now.baseRef === pull.baseRef;
  return { mergeBase, files: same ? own.files : files, complete: same && own.complete };
}

function pathsOf(files: readonly ChangedFile[]): string[] {
  return files.flatMap(({ path, previousPath }) => [path, ...(previousPath ? [previousPath] : [])]);
}

function renamesOf(files: readonly ChangedFile[]): Map<string, string> {
  const renamed = files.filter(({ status }) => status === "renamed");
  return new Map(renamed.flatMap(({ path, previousPath }) => (previousPath ? [[previousPath, path] as const] : [])));
}

function changedOf({ files, complete }: Change): ChangedLines {
  const lines = new Map<string, [number, number][]>();
  for (const { path, patch } of files) if (patch !== undefined) lines.set(path, changedLinesOfPatch(patch));
  const whole = files.every(({ patch, additions }) => patch !== undefined || additions === 0);
  return { lines, complete: complete && whole };
}

function wantsOf({ head, base }: ScansWanted, headSha: string, mergeBase: string | undefined): Map<string, ScanWanted> {
  const wants = new Map<string, ScanWanted>();
  if (head.length > 0) wants.set(headSha, { as: "head", scans: head });
  if (base.length > 0 && mergeBase !== undefined) wants.set(mergeBase, { as: "base", scans: base });
  return wants;
}

/** Without a cause: what is missing is no workflow but what the reason says. */
function heldReport({ kind, status, reason }: ScansWanted["held"][number], sha: string): ScanReport {
  return status === "running"
    ? { kind, status, sha, reason, phase: "queued" }
    : { kind, status, sha, reason: `${reason} It starts by itself once that has changed.` };
}

async function isUnderAttack({ records, api, installationId }: ReadDeps, { headSha }: PullRequest): Promise<boolean> {
  const run = await records.get<ScanRun>(storageKey.scanRun(installationId, api.ref.id, headSha, "dast"));
  return run !== undefined && isLive(run.value);
}

async function seenAt(
  { records, api, installationId }: ReadDeps,
  sha: string,
  kind: DispatchedKind,
): Promise<SeenScan> {
  const [run, result] = await Promise.all([
    records.get<ScanRun>(storageKey.scanRun(installationId, api.ref.id, sha, kind)),
    records.get<StoredScanResult>(storageKey.scanResult(installationId, api.ref.id, sha, kind)),
  ]);
  return { run: run?.value, result: result?.value };
}

async function firstSeen({ records, api, installationId }: ReadDeps, kind: string): Promise<Record<string, number>> {
  const key = storageKey.firstSeen(installationId, api.ref.id, kind);
  return (await records.get<FirstSeen>(key))?.value.seen ?? {};
}

/** Nobody is at it, and nobody will be unless its commit is looked at. */
function isToStart({ run }: SeenScan): boolean {
  return run === undefined || run.state.is === "cancelled" || run.state.is === "not-installed";
}
