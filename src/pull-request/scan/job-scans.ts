import { randomBytes } from "node:crypto";
import { sha256Hex } from "../../model/canonical-json.ts";
import type { ScanPlace, ScanPremises, ScanRun, WantedScan } from "../../model/scan.ts";
import { storageKey } from "../../model/storage-key.ts";
import type { RecordEntry } from "../../ports/records.ts";
import { scanNamespace } from "../../scan/job.ts";
import { leavePremises, startJob } from "./job-runner.ts";
import { isLive } from "./plan-scans.ts";
import { put, type Scene, write } from "./write-run.ts";

/** Characters of what a cluster says. */
const REASON_MAX = 300;
/** What does not go, or cannot be seen to have gone, is looked for less and less often. */
const [LEAVE_AGAIN_MS, LEAVE_AGAIN_MOST_MS] = [3_000, 10 * 60_000];

/** What a token of ours begins with, so that it is known where it should not be. */
const TOKEN_PREFIX = "hms-scan-";

/** Starts a scan as a Job. Its token is in the Job's Secret alone: a start that is cut off before the Job is there cannot be gone on with. */
export async function startAsJob(
  scene: Scene,
  { timeoutMs, ...what }: WantedScan,
  revision: number,
  askedBy: string | undefined,
): Promise<void> {
  const { deps, key, run } = scene;
  const { installationId, repositoryId, sha } = key;
  if (!what.on || !deps.jobs) return;
  const nowMs = deps.clock.now();
  const id = randomBytes(16).toString("hex");
  const token = `${TOKEN_PREFIX}${randomBytes(32).toString("base64url")}`;
  const nonce = randomBytes(32).toString("base64url");
  const namespace = scanNamespace(id);
  const starting: ScanRun = {
    id,
    ...what,
    nonceSha256: sha256Hex(nonce),
    requestedAtMs: nowMs,
    deadlineMs: nowMs + timeoutMs,
    ...(askedBy === undefined ? {} : { askedBy }),
    job: { namespace, tokenSha256: sha256Hex(token) },
    state: { is: "starting" },
  };
  const place: ScanPlace = { installationId, repositoryId, sha, kind: what.kind };
  const premises: ScanPremises = { cluster: what.on.cluster, namespace };
  await run.fence();
  // Before anything is asked of the cluster: whoever goes on after a crash finds what is there to be looked at or removed.
  const [written] = await Promise.all([
    put(scene, starting, revision),
    deps.engine.records.put(storageKey.scanById(id), place),
    deps.engine.records.put(storageKey.scanJob(installationId, repositoryId, sha, id), premises),
  ]);
  const started = await startJob(deps.jobs, { ...key, id }, starting, { token, nonce }, run);
  switch (started.kind) {
    case "taken":
      return write(
        scene,
        { ...starting, job: { namespace, tokenSha256: sha256Hex(token), uid: started.uid }, state: { is: "queued" } },
        written,
      );
    case "unclear":
      await write(scene, { ...starting, waits: started.reason.slice(0, REASON_MAX) }, written);
      // At growing distances: each try leaves a namespace behind that has to go again.
      throw new Error(`the cluster does not say that it took a scan's Job: ${started.reason.slice(0, REASON_MAX)}`);
    case "refused": {
      const reason = `The cluster takes no Job for it: ${started.reason.slice(0, REASON_MAX)}`;
      return write(scene, { ...starting, state: { is: "failed", reason } }, written);
    }
  }
}

/**
 * Removes what scans that are over had on clusters.
 * @returns in how many ms to look again; undefined: fresh lists show that nothing is left
 */
export async function leaveScans(
  { deps, key, run }: Scene,
  runs: readonly RecordEntry<ScanRun>[],
): Promise<number | undefined> {
  const { installationId, repositoryId, sha } = key;
  const { records } = deps.engine;
  const live = new Set(runs.flatMap(({ value }) => (isLive(value) ? [value.id] : [])));
  const nowMs = deps.clock.now();
  const againMs: number[] = [];
  for (const entry of await records.list<ScanPremises>(storageKey.scanJobs(installationId, repositoryId, sha))) {
    const id = entry.key.slice(entry.key.lastIndexOf("/") + 1);
    if (live.has(id)) continue;
    if (await leavePremises(deps.jobs, { ...key, id }, entry.value, run)) {
      await run.fence();
      await records.delete(entry.key);
      continue;
    }
    const { leavingSinceMs = nowMs } = entry.value;
    if (entry.value.leavingSinceMs === undefined) await records.put(entry.key, { ...entry.value, leavingSinceMs });
    againMs.push(Math.min(Math.max(LEAVE_AGAIN_MS, nowMs - leavingSinceMs), LEAVE_AGAIN_MOST_MS));
  }
  return againMs.length === 0 ? undefined : Math.min(...againMs);
}
