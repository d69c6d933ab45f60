import type { InventoryCluster } from "../config/clusters.ts";
import type { EffectiveConfig } from "../config/effective.ts";
import type { ScanConfig } from "../config/scan.ts";
import { DEFAULTS, type HmsConfig } from "../config/schema.ts";
import { checkerConfig } from "../gate/gate.ts";
import type { ScanReport } from "../model/finding.ts";
import { CODE_OWNERS_PATHS } from "../model/path-pattern.ts";
import type { PreviewRecord } from "../model/preview.ts";
import type { PullRequest } from "../model/pull-request.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { storageKey } from "../model/storage-key.ts";
import type { Clock } from "../ports/clock.ts";
import type { RepositoryApi } from "../ports/github.ts";
import { lastPusher, recordedPusher } from "../ports/last-pusher.ts";
import type { Records } from "../ports/records.ts";
import type { SecretScanner } from "../scan/secrets.ts";
import { readApprovals } from "./approvals/approvals.ts";
import { type OwnedFiles, readOwnedFiles, requiredReviews } from "./approvals/required-reviews.ts";
import type { ConfigurationSource } from "./configuration.ts";
import { readPreview } from "./preview/preview-fact.ts";
import { readScans, type ScansRead } from "./scan/read-scans.ts";
import { type WaiversRead, waiversInForce, withWaivers } from "./scan/waivers-in-force.ts";
import { scanCommits } from "./scan-commits.ts";

export interface Observed {
  snapshot: Snapshot;
  /** What is known of the head's preview. */
  preview: PreviewRecord | undefined;
  config: EffectiveConfig;
  /** What of scans that run elsewhere is wanted where; until when what was read of them holds. */
  scans: Pick<ScansRead, "wants" | "look" | "validUntilMs">;
  /** Absent where there is nothing that they could be about. */
  waivers?: WaiversRead;
}

/** Reads everything that the decision needs about an open pull request, at its head as it is now. */
export async function observe(
  deps: {
    api: RepositoryApi;
    records: Records;
    scanner: SecretScanner;
    configuration: ConfigurationSource;
    clock: Clock;
    installationId: number;
    scanClusters?: readonly InventoryCluster[];
    scansLocal?: boolean;
  },
  pull: PullRequest,
  before: { previewHealthy?: boolean } = {},
): Promise<Observed> {
  const { api, records, installationId } = deps;
  const repositoryId = api.ref.id;
  const config = await deps.configuration.read(installationId, api);
  const effective = config.valid ? config.config : DEFAULTS;
  const limits = {
    fileSize: effective.scan.secrets.limits.fileSizeMb * 1024 * 1024,
    commitSize: effective.scan.secrets.limits.commitSizeMb * 1024 * 1024,
  };
  const [scan, hold, overrides, okToTest, told, preview] = await Promise.all([
    scanCommits(deps, pull, limits, [effective.scan.waiversPath]),
    records.get<{ by: string; reason: string }>(storageKey.hold(installationId, repositoryId, pull.number)),
    records.list<{ rule: string; by: string; byId?: number; sha: string; baseRef: string; reason: string }>(
      storageKey.overrides(installationId, repositoryId, pull.number, pull.headSha),
    ),
    records.get<{ by: string; byId?: number; sha: string }>(
      storageKey.okToTest(installationId, repositoryId, pull.number),
    ),
    recordedPusher(records, installationId, repositoryId, pull),
    readPreview(deps, pull, effective.preview, before.previewHealthy ?? false),
  ]);
  const seen = { record: preview.record, wanted: effective.preview !== undefined };
  const scans = await readScans(deps, pull, effective.scan, seen, deps.clock.now());
  const { approvals: asked } = effective.gate;
  const owned = await readOwnedFiles(api, pull, asked);
  const touchesTrusted = withCodeOwners(await confirmTouched(api, pull, scan.touchesTrusted), owned, asked);
  const reports = [scan.report, ...scans.reports];
  const waivers = await readWaivers(api, pull.headSha, reports, touchesTrusted, effective.scan, deps.clock.now());
  const judged = waivers ? withWaivers(reports, waivers) : { reports };
  const most = Math.max(asked.count, ...asked.bots.map(({ count }) => count));
  const needsApprovals = most > 0 || (touchesTrusted?.length ?? 0) > 0 || owned.demands.length > 0;
  const pusher =
    told ?? (needsApprovals || overrides.length > 0 ? await lastPusher(api, records, installationId, pull) : null);
  const approvals = needsApprovals
    ? await readApprovals(deps, pull, { ...asked, count: most }, { pusher, owners: owned.demands.length > 0 })
    : [];
  const snapshot: Snapshot = {
    repository: api.ref,
    pull,
    lastPusher: pusher,
    config: checkerConfig(config, scans.concerned),
    approvals,
    changedFiles: owned.changedFiles,
    requiredReviews: await requiredReviews(api, owned.demands, approvals),
    touchesTrustedPaths: touchesTrusted,
    scans: judged.reports,
    hold: hold ? { by: hold.value.by, reason: hold.value.reason } : null,
    overrides: await Promise.all(
      // What was overridden for one base was not for another.
      overrides
        .filter(({ value }) => value.baseRef === pull.baseRef)
        .map(async ({ value: { rule, by, byId = 0, sha, reason } }) => ({
          rule,
          by,
          by_id: byId,
          sha,
          reason,
          permission: await api.permission(by, byId),
        })),
    ),
    okToTest:
      okToTest?.value.sha === pull.headSha
        ? {
            by: okToTest.value.by,
            sha: pull.headSha,
            permission: await api.permission(okToTest.value.by, okToTest.value.byId ?? 0),
          }
        : null,
    preview: preview.fact,
    unknown: owned.unknown,
  };
  const ends = [scans.validUntilMs, judged.validUntilMs].filter((one) => one !== undefined);
  const until = ends.length === 0 ? {} : { validUntilMs: Math.min(...ends) };
  return { snapshot, config, preview: preview.record, scans: { ...scans, ...until }, ...(waivers ? { waivers } : {}) };
}

/** It costs a call, so only where there is something to waive, to warn of, or to look through before it is merged. */
async function readWaivers(
  api: RepositoryApi,
  headSha: string,
  reports: readonly ScanReport[],
  touched: readonly string[] | null,
  { dispatched, agents, waiversPath: path, waiverDays: daysMax }: ScanConfig,
  nowMs: number,
): Promise<WaiversRead | undefined> {
  const found = reports.some((report) => report.status === "completed" && report.findings.length > 0);
  const configured = Object.keys(dispatched).length > 0 || agents !== undefined;
  if (!found && !configured && !touched?.includes(path)) return undefined;
  return waiversInForce(api, headSha, touched, { path, daysMax, nowMs });
}

/** Where code owners are asked, who changes whom they are changes the gate itself. */
function withCodeOwners(
  touched: string[] | null,
  { changedFiles }: OwnedFiles,
  { codeOwners }: HmsConfig["gate"]["approvals"],
): string[] | null {
  if (!codeOwners || touched === null) return touched;
  return [...touched, ...CODE_OWNERS_PATHS.filter((path) => changedFiles?.includes(path))];
}

/**
 * A path that one commit touched and a later one put back is not changed by the pull request. Asked only where it matters, since the
 * list of files costs a call.
 */
async function confirmTouched(
  api: RepositoryApi,
  pull: PullRequest,
  touched: string[] | null,
): Promise<string[] | null> {
  if (touched === null || touched.length === 0) return touched;
  const { files, complete } = await api.pullFiles(pull);
  if (!complete) return touched;
  const changed = files.flatMap((file) => [file.path, ...(file.previousPath ? [file.previousPath] : [])]);
  const confirmed = touched.filter((path) => changed.includes(path));
  if (confirmed.length === touched.length) return touched;
  // The list is the pull request's as it is now, which need not be the one that is judged.
  const now = await api.pull(pull.number);
  return now.headSha === pull.headSha && now.baseRef === pull.baseRef ? confirmed : touched;
}
