import type { Logger } from "pino";
import { formatKey } from "../../model/key.ts";
import { KINDS } from "../../model/kubernetes.ts";
import { MANAGED_BY, PREVIEW_LABELS } from "../../model/preview.ts";
import type { ScanPremises } from "../../model/scan.ts";
import { storageKey } from "../../model/storage-key.ts";
import { ClusterError } from "../../ports/cluster.ts";
import { scanOwnerOf } from "../../scan/job.ts";
import type { ScanDeps } from "./deps.ts";

/**
 * Finds namespaces of scans by their labels, those that nobody remembers as well, and has the commit's key remove them: it removes what belongs to no
 * scan that is under way. That key is not looked at otherwise where the App was taken away meanwhile. A cluster that cannot be read says nothing.
 */
export async function sweepScanJobs({
  engine: { records, queue },
  jobs,
  log,
}: Pick<ScanDeps, "engine" | "jobs"> & { log: Pick<Logger, "warn"> }): Promise<void> {
  if (!jobs) return;
  const labels = { [PREVIEW_LABELS.managedBy]: MANAGED_BY, [PREVIEW_LABELS.app]: String(jobs.appId) };
  for (const { name: cluster } of jobs.inventory.clusters) {
    const listed = await jobs.clusters
      .cluster(cluster)
      ?.list({ kind: KINDS.namespace, labels })
      .catch((error: unknown) => {
        if (!(error instanceof ClusterError)) throw error;
        log.warn({ cluster, why: error.message }, "scans that nobody remembers cannot be looked for");
        return undefined;
      });
    for (const found of listed ?? []) {
      const owner = scanOwnerOf(found);
      if (owner?.appId !== jobs.appId) continue;
      const { installationId, repositoryId, sha, id } = owner;
      const key = storageKey.scanJob(installationId, repositoryId, sha, id);
      const known = await records.get(key);
      const premises: ScanPremises = { cluster, namespace: found.metadata.name };
      // In one turn of the event loop, so in one transaction.
      await Promise.all([
        ...(known ? [] : [records.put(key, premises)]),
        queue.enqueue(formatKey({ kind: "scan", installationId, repositoryId, sha })),
      ]);
    }
  }
}
