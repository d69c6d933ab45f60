import { setImmediate as nextTurn } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { ScanReport } from "../../model/finding.ts";
import type { Key } from "../../model/key.ts";
import type {
  FindingHistory,
  FindingList,
  FindingsIndex,
  FoundByScan,
  ListedFinding,
  ListedScan,
  StoredWaivers,
} from "../../model/listed-finding.ts";
import type { ScanKind } from "../../model/scan-kind.ts";
import { storageKey } from "../../model/storage-key.ts";
import type { Records } from "../../ports/records.ts";
import type { Run } from "../../ports/run.ts";
import type { FirstSeen } from "../scan/first-seen.ts";
import type { WaiversRead } from "../scan/waivers-in-force.ts";
import { type Became, becameOf, byFingerprint, type Stated, withEvent } from "./history.ts";
import { type Completed, countsOf, inParts, inTurns, listed, sortedReport, type WrittenPart } from "./lists.ts";

type PullKey = Key & { kind: "pull" };

/** What is to be written with what the pull request says: the index, and the parts that it no longer names. */
export interface Listing {
  index: FindingsIndex;
  dropped: string[];
}

interface Scene {
  records: Records;
  key: PullKey;
  run: Run;
  nowMs: number;
}

const SWAPS_MAX = 20;
const NOTES_MAX = 50;

/**
 * Keeps what the scans found where people look it up: lists in parts, worst first, and what became of each finding. Parts are written before the
 * index that names them. Undefined where everything is as it was.
 */
export async function listFindings(
  scene: Scene,
  headSha: string,
  reports: readonly ScanReport[],
): Promise<Listing | undefined> {
  const { records, key, nowMs } = scene;
  const { installationId, repositoryId, number } = key;
  const indexKey = storageKey.findings(installationId, repositoryId, number);
  const before = (await records.get<FindingsIndex>(indexKey))?.value;
  const scans: ListedScan[] = [];
  for (const report of reports) {
    const known = before?.scans.find(({ kind }) => kind === report.kind)?.found;
    scans.push(await scanOf(scene, report, known));
  }
  const index: FindingsIndex = { headSha, atMs: nowMs, scans };
  if (before && isDeepStrictEqual({ ...before, atMs: nowMs }, index)) return undefined;
  const named = new Set(partsOf(scans));
  const dropped = partsOf(before?.scans ?? []).filter((id) => !named.has(id));
  return {
    index,
    dropped: dropped.map((id) => storageKey.findingsPart(installationId, repositoryId, number, id)),
  };
}

function partsOf(scans: readonly ListedScan[]): string[] {
  return scans.flatMap(({ found }) => (found?.lists ?? []).flatMap(({ parts }) => parts.map(({ id }) => id)));
}

async function scanOf(scene: Scene, report: ScanReport, known: FoundByScan | undefined): Promise<ListedScan> {
  if (report.status === "completed") {
    return {
      kind: report.kind,
      status: report.status,
      ...(report.url === undefined ? {} : { url: report.url }),
      found: await foundBy(scene, report, known),
    };
  }
  const { sha: _, ...state } = report;
  // What was found before stays in sight until there is another report.
  return { ...state, ...(known ? { found: known } : {}) };
}

async function foundBy(scene: Scene, report: Completed, known: FoundByScan | undefined): Promise<FoundByScan> {
  const { lists, digest } = await sortedReport(report);
  const { sha, notes, tool, url, plan } = report;
  const about = {
    sha,
    notes: notes.slice(0, NOTES_MAX),
    waiverNotes: (report.waiverNotes ?? []).slice(0, NOTES_MAX),
    fixed: report.fixed ?? 0,
    ...(tool ? { tool } : {}),
    ...(url === undefined ? {} : { url }),
    ...(plan ? { plan } : {}),
    digest,
  };
  if (known?.digest === digest)
    return { ...about, atMs: known.sha === sha ? known.atMs : scene.nowMs, lists: known.lists };
  const before = byFingerprint(known ? await statedBy(scene, known) : []);
  const firstSeen = await firstSeenOf(scene, report.kind);
  const written: WrittenPart[] = [];
  const after: Stated[] = [];
  const kept: FindingList[] = [];
  for (const { state, findings } of lists) {
    const all: ListedFinding[] = [];
    for await (const some of inTurns(findings)) {
      for (const finding of some) {
        const { fingerprint } = finding;
        const sinceMs = before.get(fingerprint)?.finding.sinceMs ?? firstSeen[fingerprint] ?? scene.nowMs;
        const one = listed(finding, sha, sinceMs);
        all.push(one);
        after.push({ state, finding: one });
      }
    }
    const parts = await inParts(report.kind, state, all);
    written.push(...parts);
    kept.push({ state, counts: countsOf(all), parts: parts.map(({ part }) => part) });
  }
  await writeParts(scene, written, known);
  await tell(scene, report.kind, sha, becameOf(before, byFingerprint(after)));
  return { ...about, atMs: scene.nowMs, lists: kept };
}

async function statedBy(scene: Scene, { lists }: FoundByScan): Promise<Stated[]> {
  const { installationId, repositoryId, number } = scene.key;
  const all: Stated[] = [];
  for (const { state, parts } of lists) {
    for (const { id } of parts) {
      const recordKey = storageKey.findingsPart(installationId, repositoryId, number, id);
      const findings = (await scene.records.get<ListedFinding[]>(recordKey))?.value ?? [];
      for (const finding of findings) all.push({ state, finding });
      await nextTurn();
    }
  }
  return all;
}

async function firstSeenOf({ records, key }: Scene, kind: ScanKind): Promise<FirstSeen["seen"]> {
  const recordKey = storageKey.firstSeen(key.installationId, key.repositoryId, kind);
  return (await records.get<FirstSeen>(recordKey))?.value.seen ?? {};
}

/** Each in a turn of its own: many findings are no pause for everybody. */
async function writeParts({ records, key, run }: Scene, written: WrittenPart[], known?: FoundByScan): Promise<void> {
  const there = new Set((known?.lists ?? []).flatMap(({ parts }) => parts.map(({ id }) => id)));
  await run.fence();
  for (const { part, findings } of written) {
    if (there.has(part.id)) continue;
    await records.put(storageKey.findingsPart(key.installationId, key.repositoryId, key.number, part.id), findings);
  }
}

/** Other pull requests may tell of the same finding at the same time. */
async function tell({ records, key, nowMs }: Scene, kind: ScanKind, sha: string, news: Became[]): Promise<void> {
  const { installationId, repositoryId, number } = key;
  const told = async (one: Became): Promise<void> => {
    const recordKey = storageKey.finding(installationId, repositoryId, one.finding.fingerprint);
    for (let swap = 1; swap <= SWAPS_MAX; swap++) {
      const known = await records.get<FindingHistory>(recordKey);
      const next = withEvent(known?.value, kind, one, { atMs: nowMs, number, sha });
      if (!next || (await records.compareAndSwap(recordKey, next, known?.revision ?? 0)) !== undefined) return;
    }
    throw new Error("the history of a finding was written by others all the time");
  };
  await Promise.all(news.map(told));
}

/** What stands in the lists belongs to open pull requests; what became of its findings stays. */
export async function endListing(records: Records, { installationId, repositoryId, number }: PullKey): Promise<void> {
  const indexKey = storageKey.findings(installationId, repositoryId, number);
  if (!(await records.get(indexKey))) return;
  for (const { key } of await records.list(storageKey.findingsParts(installationId, repositoryId, number)))
    await records.delete(key);
  await records.delete(indexKey);
}

const WAIVERS_SEEN_MS = 3_600_000;

/** The waivers as they were read just now, for whoever looks them up. */
export async function rememberWaivers(
  { records, key, run, nowMs }: Scene,
  read: WaiversRead | undefined,
): Promise<void> {
  if (!read) return;
  const recordKey = storageKey.waivers(key.installationId, key.repositoryId);
  const stored: StoredWaivers = {
    path: read.path,
    readAtMs: nowMs,
    daysMax: read.daysMax,
    waivers: read.inForce,
    ...(read.broken ? { broken: read.broken } : {}),
  };
  const known = (await records.get<StoredWaivers>(recordKey))?.value;
  const same = known && isDeepStrictEqual({ ...known, readAtMs: nowMs }, stored);
  if (same && nowMs - known.readAtMs < WAIVERS_SEEN_MS) return;
  await run.fence();
  await records.put(recordKey, stored);
}
