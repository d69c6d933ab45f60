import { setTimeout as pause } from "node:timers/promises";
import type { InventoryCluster } from "../../config/clusters.ts";
import { KINDS, type KubeObject } from "../../model/kubernetes.ts";
import { type ScanPremises, type ScanRun, THIS_MACHINE } from "../../model/scan.ts";
import { type Cluster, ClusterError } from "../../ports/cluster.ts";
import type { Run } from "../../ports/run.ts";
import {
  isOurScan,
  JOB_NAME,
  type JobSight,
  jobObjects,
  type ScanOwner,
  scanNamespace,
  scanSelection,
  sightOfJob,
} from "../../scan/job.ts";
import type { JobGrounds } from "./deps.ts";

/** Which scan a Job is of, as far as its labels tell. */
export type ScanOfJob = Omit<ScanOwner, "appId">;

/** `taken`: the cluster's word for the Job. `unclear`: it may be there or not. `refused`: it is not, and trying again helps nothing. */
export type JobStart = { kind: "taken"; uid: string } | { kind: "unclear" | "refused"; reason: string };

/** `absent`: the cluster positively has no such Job of ours. `unseen`: the cluster does not say. */
export type JobLook = (JobSight & { uid: string }) | { is: "absent" } | { is: "unseen"; reason: string };

/** What was bound a moment ago may not be known to all of the API server yet. */
const [RIGHTS_TRIES, RIGHTS_PAUSE_MS] = [10, 300];

/** Makes the scan's namespace and, last of all, its Job. What was begun is removed by {@link leavePremises}. */
export async function startJob(
  grounds: JobGrounds,
  of: ScanOfJob,
  scan: ScanRun,
  { token, nonce }: { token: string; nonce: string },
  run: Run,
): Promise<JobStart> {
  const { on, kind, tool, target, base } = scan;
  const reportUrl = `${grounds.publicUrl}/api/v1/scans/${of.id}/report`;
  const timeoutMs = scan.deadlineMs - scan.requestedAtMs;
  if (on?.cluster === THIS_MACHINE) {
    if (!grounds.local) return { kind: "refused", reason: "No scans run on this machine any more." };
    await run.fence();
    const variables = {
      HMS_REPORT_URL: reportUrl,
      HMS_SCAN: of.id,
      HMS_SHA: of.sha,
      HMS_BASE: base ?? "",
      HMS_KIND: kind,
      HMS_TOOL: tool,
      HMS_TARGET: target ?? "",
      HMS_TIMEOUT_SECONDS: String(Math.ceil(timeoutMs / 1000)),
    };
    return { kind: "taken", uid: grounds.local.start(of.id, { variables, token, nonce, timeoutMs }) };
  }
  const cluster = on && grounds.clusters.cluster(on.cluster);
  const declared = on && declaredAt(grounds, on.cluster);
  if (!on || !cluster || !declared?.scans || target === undefined)
    return { kind: "refused", reason: "The operator lets no scans run on this cluster." };
  try {
    const objects = jobObjects({
      owner: { ...of, appId: grounds.appId },
      kind,
      tool,
      target,
      ...(on.preview === undefined ? {} : { preview: on.preview }),
      timeoutMs,
      reportUrl,
      token,
      nonce,
      operator: declared.scans,
      ingressLabels: declared.ingressNamespaceLabels,
      user: await cluster.whoAmI(),
    });
    let made: KubeObject | undefined;
    for (const object of objects) made = await applied(cluster, object, run);
    const uid = made?.metadata.uid;
    return uid === undefined
      ? { kind: "unclear", reason: "The cluster did not say what it made." }
      : { kind: "taken", uid };
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    const unclear = error.fault === "unavailable" || error.fault === "conflict";
    return { kind: unclear ? "unclear" : "refused", reason: error.message };
  }
}

/** With a look at the lease before each write (invariant I6). */
async function applied(cluster: Cluster, object: KubeObject, run: Run): Promise<KubeObject> {
  for (let tried = 1; ; tried++) {
    await run.fence();
    try {
      return await cluster.apply(object);
    } catch (error) {
      const young = error instanceof ClusterError && error.fault === "forbidden" && object.metadata.namespace;
      if (!young || tried === RIGHTS_TRIES) throw error;
      await pause(RIGHTS_PAUSE_MS);
    }
  }
}

/** Reads the Job of a scan from the API server itself. Only the very Job that was started is it, where that is known. */
export async function lookAtJob(grounds: JobGrounds | undefined, of: ScanOfJob, scan: ScanRun): Promise<JobLook> {
  if (scan.on?.cluster === THIS_MACHINE) {
    const look = grounds?.local?.look(of.id);
    return look && (scan.job?.uid === undefined || scan.job.uid === look.uid) ? look : { is: "absent" };
  }
  const cluster = scan.on && grounds?.clusters.cluster(scan.on.cluster);
  if (!grounds || !cluster) return { is: "unseen", reason: "Its cluster is not among the operator's any more." };
  const namespace = scanNamespace(of.id);
  try {
    const premises = await cluster.get({ kind: KINDS.namespace, name: namespace });
    if (!premises || !isOurScan(premises, { ...of, appId: grounds.appId })) return { is: "absent" };
    const job = await cluster.get({ kind: KINDS.job, name: JOB_NAME, namespace }).catch((error: unknown) => {
      // The rights in it are made before the Job: a start that was cut off before them made none.
      const isCutOff = error instanceof ClusterError && error.fault === "forbidden" && scan.state.is === "starting";
      if (!isCutOff) throw error;
      return undefined;
    });
    const uid = job?.metadata.uid;
    if (!job || uid === undefined || (scan.job?.uid !== undefined && scan.job.uid !== uid)) return { is: "absent" };
    const pods = await cluster.list({ kind: KINDS.pod, namespace });
    const own = pods.filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid));
    return { ...sightOfJob(job, own), uid };
  } catch (error) {
    if (error instanceof ClusterError) return { is: "unseen", reason: error.message };
    throw error;
  }
}

/**
 * Removes a scan's namespace with all that is in it: by its uid, and only with the labels of this very scan.
 * @returns whether a fresh list shows nothing of it any more
 */
export async function leavePremises(
  grounds: JobGrounds | undefined,
  of: ScanOfJob,
  { cluster: name, namespace }: ScanPremises,
  run: Run,
): Promise<boolean> {
  if (name === THIS_MACHINE) {
    await run.fence();
    grounds?.local?.stop(of.id);
    return true;
  }
  if (!grounds) return false;
  const cluster = grounds.clusters.cluster(name);
  if (!cluster) return grounds.inventory.retired.includes(name);
  const owner = { ...of, appId: grounds.appId };
  try {
    const listed = await cluster.list({ kind: KINDS.namespace, labels: scanSelection(owner) });
    const ours = listed.filter((one) => isOurScan(one, owner) && one.metadata.name === namespace);
    for (const { metadata } of ours) {
      if (metadata.uid === undefined || metadata.deletionTimestamp !== undefined) continue;
      await run.fence();
      await cluster.delete({ kind: KINDS.namespace, name: metadata.name }, { uid: metadata.uid });
    }
    return ours.length === 0;
  } catch (error) {
    if (error instanceof ClusterError) return false;
    throw error;
  }
}

function declaredAt({ inventory }: JobGrounds, cluster: string): InventoryCluster | undefined {
  return inventory.clusters.find(({ name }) => name === cluster);
}
