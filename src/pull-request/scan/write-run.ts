import { formatKey, type Key } from "../../model/key.ts";
import type { RepositoryRef } from "../../model/pull-request.ts";
import type { ScanRun } from "../../model/scan.ts";
import { storageKey } from "../../model/storage-key.ts";
import { type LedgerEvent, repositoryStream } from "../../ports/ledger.ts";
import type { RecordEntry } from "../../ports/records.ts";
import type { Run } from "../../ports/run.ts";
import type { ScanDeps, ScanWorkflows } from "./deps.ts";

export type ScanKey = Key & { kind: "scan" };

/** One run over the scans of a commit. */
export interface Scene {
  deps: ScanDeps;
  key: ScanKey;
  ref: RepositoryRef;
  workflows: ScanWorkflows;
  run: Run;
  /** The pull requests that want something of this commit. */
  wanting: number[];
}

/** @returns the record's new revision. Rejects where somebody else wrote it meanwhile, such as the report that came in: it is read again then. */
export async function put({ deps, key }: Scene, scan: ScanRun, revision: number): Promise<number> {
  const { installationId, repositoryId, sha } = key;
  const recordKey = storageKey.scanRun(installationId, repositoryId, sha, scan.kind);
  const written = await deps.engine.records.compareAndSwap(recordKey, scan, revision);
  if (written === undefined) throw new Error("the scan's record was written by somebody else meanwhile");
  return written;
}

/** What a scan came to, with the pull requests that are to hear of it. */
export async function write(
  scene: Scene,
  scan: ScanRun,
  revision: number,
  as: "told" | "quietly" = "told",
): Promise<void> {
  const { deps, key, run, wanting } = scene;
  const { installationId, repositoryId } = key;
  await run.fence();
  if (as === "quietly") {
    await put(scene, scan, revision);
    return;
  }
  // In one turn of the event loop, so in one transaction.
  await Promise.all([
    put(scene, scan, revision),
    deps.engine.ledger.append(repositoryStream(key), [stateEvent(scene, scan)]),
    ...wanting.map((number) =>
      deps.engine.queue.enqueue(formatKey({ kind: "pull", installationId, repositoryId, number })),
    ),
  ]);
  deps.became?.(scan.kind, scan.state.is);
}

/** Told again by a later run, each counts once. */
function stateEvent({ deps, key }: Scene, { id, kind, tool, state, on, job }: ScanRun): LedgerEvent {
  const reported = state.is === "reported";
  return {
    type: reported ? "scan_reported" : "scan_state",
    subject: formatKey(key),
    atMs: reported ? state.atMs : deps.clock.now(),
    id: `scan/${id}/${state.is}`,
    data: {
      scan: id,
      kind,
      tool,
      state: state.is,
      ...("reason" in state ? { reason: state.reason } : {}),
      ...("runId" in state ? { runId: state.runId } : {}),
      ...(on ? { cluster: on.cluster } : {}),
      ...(job ? { namespace: job.namespace, ...(job.uid === undefined ? {} : { job: job.uid }) } : {}),
      ...(reported ? { findings: state.findings, digest: state.digest } : {}),
    },
  };
}

/** Who takes reports brings this key about in the same transaction, and leaves it to tell of them. */
export async function tellReports(scene: Scene, runs: RecordEntry<ScanRun>[]): Promise<void> {
  const ended = runs.filter(({ value }) => value.state.is === "reported" || value.state.is === "failed");
  if (ended.length === 0) return;
  const events = ended.map(({ value }) => stateEvent(scene, value));
  await scene.deps.engine.ledger.append(repositoryStream(scene.key), events);
}
