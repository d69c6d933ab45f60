import type { RemediationPlan, ScanReport, Severity } from "../../model/finding.ts";
import type { FindingState, ListedScan } from "../../model/listed-finding.ts";
import type { ScanRun } from "../../model/scan.ts";
import type { ScanKind } from "../../model/scan-kind.ts";
import { storageKey } from "../../model/storage-key.ts";
import type { TrackedPull } from "../../model/tracked-pull.ts";
import type { Viewer } from "../viewer.ts";
import type { ViewDeps } from "./deps.ts";
import { indexesOf } from "./finding-lists.ts";
import { type SeenRepository, seenRepository, streamOf } from "./repositories.ts";

/** One scan of a pull request. */
export interface ScanRow {
  kind: ScanKind;
  status: ScanReport["status"];
  /** Why it is not completed. */
  reason?: string;
  phase?: "queued" | "running";
  cause?: "failed" | "timed-out" | "not-installed" | "cancelled";
  /** Of its run, on GitHub. */
  url?: string;
  tool?: string;
  requestedAtMs?: number;
  reportedAtMs?: number;
  /** The commit that the counts are about, 40-hex: not the head while that is being scanned. Absent while nothing was reported. */
  sha?: string;
  counts: { state: FindingState; severity: Severity; findings: number }[];
  notes: string[];
  waiverNotes: string[];
  /** Reports that were not taken, by why. */
  refused: { why: string; reports: number }[];
  plan?: RemediationPlan;
}

export interface PullScans {
  pull: {
    installationId: number;
    repositoryId: number;
    owner: string;
    repository: string;
    number: number;
    headSha: string;
  };
  title: string;
  scans: ScanRow[];
}

const REFUSALS_MAX = 200;

/** Undefined for a pull request that is not there and for one in a repository that the viewer does not see. */
export async function pullScans(
  deps: ViewDeps,
  viewer: Viewer,
  owner: string,
  repository: string,
  number: number,
): Promise<PullScans | undefined> {
  const seen = await seenRepository(deps, viewer, owner, repository);
  if (!seen) return undefined;
  const { installationId, ref } = seen;
  const pull = await deps.engine.records.get<TrackedPull>(storageKey.pull(installationId, ref.id, number));
  if (!pull) return undefined;
  const { headSha, title } = pull.value;
  return {
    pull: { installationId, repositoryId: ref.id, owner: ref.owner, repository: ref.name, number, headSha },
    title: title ?? `Pull request ${number}`,
    scans: await scansOf(deps, seen, number, headSha),
  };
}

/** The scans of one pull request; none for one that is closed. */
export async function scansOf(
  deps: ViewDeps,
  seen: SeenRepository,
  number: number,
  headSha: string,
): Promise<ScanRow[]> {
  const { installationId, ref } = seen;
  const [one] = await indexesOf(deps, seen, number);
  if (!one) return [];
  const prefix = storageKey.scanRuns(installationId, ref.id, headSha);
  const runs = new Map(
    (await deps.engine.records.list<ScanRun>(prefix)).map(({ value }) => [value.kind as ScanKind, value]),
  );
  const refused = await refusals(deps, seen, headSha);
  return one.index.scans.map((scan) => rowOf(scan, runs.get(scan.kind), refused.get(scan.kind)));
}

function rowOf(scan: ListedScan, run: ScanRun | undefined, refused: Map<string, number> | undefined): ScanRow {
  const { kind, status, reason, phase, cause, url, found } = scan;
  const tool = found?.tool ? [found.tool.name, found.tool.version ?? ""].join(" ").trim() : run?.tool;
  return {
    kind,
    status,
    ...(reason === undefined ? {} : { reason }),
    ...(phase === undefined ? {} : { phase }),
    ...(cause === undefined ? {} : { cause }),
    ...(url === undefined ? {} : { url }),
    ...(tool === undefined ? {} : { tool }),
    ...(run ? { requestedAtMs: run.requestedAtMs } : {}),
    ...(run?.state.is === "reported" ? { reportedAtMs: run.state.atMs } : {}),
    ...(found ? { sha: found.sha } : {}),
    counts: (found?.lists ?? []).flatMap(({ state, counts }) =>
      Object.entries(counts).map(([severity, findings]) => ({ state, severity: severity as Severity, findings })),
    ),
    notes: found?.notes ?? [],
    waiverNotes: found?.waiverNotes ?? [],
    refused: [...(refused ?? [])].map(([why, reports]) => ({ why, reports })),
    ...(found?.plan ? { plan: found.plan } : {}),
  };
}

/** Who tried to report and was not believed, by kind and why. */
async function refusals(
  deps: ViewDeps,
  seen: SeenRepository,
  headSha: string,
): Promise<Map<string, Map<string, number>>> {
  const entries = await deps.engine.ledger.query({
    stream: streamOf(seen),
    subject: `scan/${seen.installationId}/${seen.ref.id}/${headSha}`,
    type: "scan_report_refused",
    limit: REFUSALS_MAX,
  });
  const byKind = new Map<string, Map<string, number>>();
  for (const { data } of entries) {
    const [kind, why] = [String(data.kind), String(data.why)];
    const own = byKind.get(kind) ?? new Map<string, number>();
    byKind.set(kind, own.set(why, (own.get(why) ?? 0) + 1));
  }
  return byKind;
}
