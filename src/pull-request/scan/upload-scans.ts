import { formatKey, type Key } from "../../model/key.ts";
import type { ScanUpload } from "../../model/scan.ts";
import { storageKey } from "../../model/storage-key.ts";
import type { Engine } from "../../ports/engine.ts";
import { repositoryStream } from "../../ports/ledger.ts";
import type { Run } from "../../ports/run.ts";
import type { ScanWorkflows } from "./deps.ts";

/** Characters of what GitHub says. */
const REASON_MAX = 300;

/** Gives reports to GitHub code scanning as well. GitHub takes the same one again for the same, so that a crash in between does no harm. */
export async function uploadScans(
  { records, ledger }: Engine,
  workflows: ScanWorkflows,
  key: Key & { kind: "scan" },
  run: Run,
  nowMs: number,
): Promise<void> {
  const { installationId, repositoryId, sha } = key;
  for (const { key: recordKey, value } of await records.list<ScanUpload>(
    storageKey.scanUploads(installationId, repositoryId, sha),
  )) {
    await run.fence();
    const given = await workflows.uploadSarif(sha, value.ref, value.sarif);
    const why = given.kind === "refused" ? { reason: given.reason.slice(0, REASON_MAX) } : { upload: given.id };
    // In one turn of the event loop, so in one transaction.
    await Promise.all([
      records.delete(recordKey),
      ledger.append(repositoryStream(key), [
        {
          type: "scan_uploaded",
          subject: formatKey(key),
          atMs: nowMs,
          id: `scan-uploaded/${value.id}/${value.ref}`,
          data: { scan: value.id, ref: value.ref, result: given.kind, ...why },
        },
      ]),
    ]);
  }
}
