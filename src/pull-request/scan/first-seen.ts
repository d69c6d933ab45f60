import type { Key } from "../../model/key.ts";
import type { ScanRun, ScanWanted, StoredScanResult } from "../../model/scan.ts";
import { storageKey } from "../../model/storage-key.ts";
import type { Records } from "../../ports/records.ts";

/** Since when findings of one kind are known in what pull requests are merged to: record `storageKey.firstSeen`. */
export interface FirstSeen {
  /** Of the last scan that was taken into account. */
  id: string;
  /** By fingerprint, ms since the epoch. */
  seen: Record<string, number>;
}

/** Beyond, those go that the last scan has no more. */
const SEEN_MAX = 100_000;

/** Writes down what a merge base's scan found for the first time: the grace of old findings counts from there. Done twice it is done once. */
export async function rememberFirstSeen(
  records: Records,
  { installationId, repositoryId, sha }: Pick<Key & { kind: "scan" }, "installationId" | "repositoryId" | "sha">,
  wanted: readonly ScanWanted[],
  runs: readonly ScanRun[],
): Promise<void> {
  const kinds = new Set(wanted.filter(({ as }) => as === "base").flatMap(({ scans }) => scans.map(({ kind }) => kind)));
  for (const { id, kind, state } of runs) {
    if (state.is !== "reported" || !kinds.has(kind)) continue;
    const key = storageKey.firstSeen(installationId, repositoryId, kind);
    const before = await records.get<FirstSeen>(key);
    if (before?.value.id === id) continue;
    const result = await records.get<StoredScanResult>(storageKey.scanResult(installationId, repositoryId, sha, kind));
    if (result?.value.id !== id) continue;
    const found = new Set(result.value.findings.map(({ fingerprint }) => fingerprint));
    const known = Object.entries(before?.value.seen ?? {});
    const kept = known.length + found.size > SEEN_MAX ? known.filter(([one]) => found.has(one)) : known;
    const seen: FirstSeen["seen"] = Object.fromEntries(kept);
    for (const one of found) seen[one] = Math.min(seen[one] ?? state.atMs, state.atMs);
    // Another commit's scan may have been first: it is done again then.
    const revision = await records.compareAndSwap(key, { id, seen } satisfies FirstSeen, before?.revision ?? 0);
    if (revision === undefined) throw new Error("what was seen first was written by somebody else meanwhile");
  }
}
