import { isDeepStrictEqual } from "node:util";
import { formatKey, type Key } from "../../model/key.ts";
import type { ScanWanted } from "../../model/scan.ts";
import type { DispatchedKind } from "../../model/scan-kind.ts";
import { storageKey } from "../../model/storage-key.ts";
import type { Engine } from "../../ports/engine.ts";
import type { Run } from "../../ports/run.ts";

type PullKey = Key & { kind: "pull" };

/** Of one pull request: record `storageKey.scanWanting`. */
interface Wanting {
  shas: string[];
}

/**
 * A commit at which something is to be done although nothing else is wanted, such as a scan that could not be started. `again`: one that reported
 * is made once more; `by`: why, so that the same reason counts once.
 */
export interface LookAtScans {
  sha: string;
  again?: { kind: DispatchedKind; by: string };
}

/** Writes down what a pull request wants scanned, by commit, and takes away what it wanted before. The commits' own keys act on it. */
export async function wantScans(
  engine: Engine,
  key: PullKey,
  wants: ReadonlyMap<string, ScanWanted>,
  look: readonly LookAtScans[],
  run: Run,
): Promise<void> {
  const { records, queue } = engine;
  const { installationId, repositoryId, number } = key;
  const wantingKey = storageKey.scanWanting(installationId, repositoryId, number);
  const before = (await records.get<Wanting>(wantingKey))?.value.shas ?? [];
  if (before.length === 0 && wants.size === 0) return;
  const keyOf = (sha: string): string => storageKey.scanWanted(installationId, repositoryId, sha, number);
  const changed: [sha: string, wanted: ScanWanted | undefined][] = [];
  for (const sha of new Set([...before, ...wants.keys()])) {
    const known = (await records.get<ScanWanted>(keyOf(sha)))?.value;
    if (!isDeepStrictEqual(known, wants.get(sha))) changed.push([sha, wants.get(sha)]);
  }
  const shas = [...wants.keys()].sort();
  const looked = look.filter(({ sha }) => wants.has(sha));
  const due = new Set([...changed.map(([sha]) => sha), ...looked.map(({ sha }) => sha)]);
  if (due.size === 0 && isDeepStrictEqual(before, shas)) return;
  await run.fence();
  // In one turn of the event loop, so in one transaction: what is wanted is acted on, and what was wanted before is found and let go of.
  await Promise.all([
    ...changed.map(([sha, wanted]) => (wanted ? records.put(keyOf(sha), wanted) : records.delete(keyOf(sha)))),
    shas.length === 0 ? records.delete(wantingKey) : records.put(wantingKey, { shas } satisfies Wanting),
    ...looked.flatMap(({ sha, again }) =>
      again ? [records.put(storageKey.scanAgain(installationId, repositoryId, sha, again.kind), { by: again.by })] : [],
    ),
    ...[...due].map((sha) => queue.enqueue(formatKey({ kind: "scan", installationId, repositoryId, sha }))),
  ]);
}

/** Sweeps look after what is wanted: GitHub tells of a workflow's run at most once. */
export async function sweepScans(engine: Engine, key: Key & { kind: "repository" }): Promise<void> {
  const { installationId, repositoryId } = key;
  const shas = new Set<string>();
  // What a scan left on a cluster as well, whoever wanted it.
  for (const prefix of [
    storageKey.scansWantedOf(installationId, repositoryId),
    storageKey.scanJobsOf(installationId, repositoryId),
  ])
    for (const { key: recordKey } of await engine.records.list(prefix))
      shas.add(recordKey.slice(prefix.length).split("/")[0] ?? "");
  for (const sha of shas) await engine.queue.enqueue(formatKey({ kind: "scan", installationId, repositoryId, sha }));
}
