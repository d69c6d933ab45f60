import type { Finding } from "./finding.ts";
import type { DispatchedKind } from "./scan-kind.ts";

/** The workflow that runs dispatched scans: a file of `.github/workflows` on the default branch. */
export const SCAN_WORKFLOW = "hms-scan.yml";

/** What one dispatched scan found in one commit, converted and remembered. */
export interface ScanResult {
  kind: DispatchedKind | "agents";
  /** 40-hex. */
  sha: string;
  tool: { name: string; version?: string };
  /** All of them; nothing is compared yet. */
  findings: Finding[];
  /** What the reader should know, one sentence each. */
  notes: string[];
}

/** One dispatched scan of one commit, from the wish for it to its end. */
export interface ScanRun {
  /** 32 hex. */
  id: string;
  kind: DispatchedKind;
  tool: string;
  /** The nonce itself is known only to the run that was started. */
  nonceSha256: string;
  requestedAtMs: number;
  deadlineMs: number;
  /** What a dynamic or image scan looks at: an address or an image. */
  target?: string;
  /** The merge base, where only what lies between it and the commit is looked through. */
  base?: string;
  /** Where in GitHub code scanning its report is uploaded to as well: `refs/pull/12/head`. */
  uploadTo?: string;
  /** Where a Job makes it; absent: a workflow does. */
  on?: ScanCluster;
  /** Of the Job; there whenever `on` is. */
  job?: ScanJob;
  /** What holds a Job, in the cluster's words, or why the cluster does not say how it goes; not escaped. */
  waits?: string;
  /** Id of the intent that asked for it, where somebody did. */
  askedBy?: string;
  /** Since when its workflow run is known to be over although no report came, ms since the epoch. */
  overSinceMs?: number;
  state: ScanRunState;
}

export type ScanRunState =
  | { is: "starting" }
  /** Of a workflow's run; of a Job there is neither number nor page. */
  | { is: "queued" | "running"; runId?: number; url?: string }
  /** `digest`: of the report's bytes, so that the very same one may come again. `findings`: their number. */
  | { is: "reported"; atMs: number; digest: string; findings: number; runId?: number; url?: string }
  | { is: "failed" | "timed-out" | "cancelled" | "not-installed"; reason: string; url?: string };

/** In the place of a cluster's name, which has no parentheses: the scan is a program on the machine of HMS-SYS itself, for development. */
export const THIS_MACHINE = "(this machine)";

/** The cluster that a Job runs on, and what it looks at there. */
export interface ScanCluster {
  cluster: string;
  /** The namespace of the preview that is attacked; absent: an image is looked into. */
  preview?: string;
}

/** The Job that was started for a scan, in a namespace of its own. */
export interface ScanJob {
  namespace: string;
  /** Of the one token by which its report is taken. The token itself is in the Job's Secret and nowhere else. */
  tokenSha256: string;
  /** Of the Job, once the cluster has taken it: another one of its name is not it. */
  uid?: string;
}

/** A scan's namespace on a cluster, from before it is made until a fresh list shows it no more: record `storageKey.scanJob`. */
export interface ScanPremises {
  cluster: string;
  namespace: string;
  /** Since when it is to be gone, ms since the epoch. */
  leavingSinceMs?: number;
}

/** One scan as a pull request wants it; its commit is that of the key. */
export interface WantedScan {
  kind: DispatchedKind;
  tool: string;
  timeoutMs: number;
  target?: string;
  base?: string;
  /** Where a Job is to make it; absent: a workflow. */
  on?: ScanCluster;
  uploadTo?: string;
}

/** A report on its way to GitHub code scanning: record `storageKey.scanUpload`. */
export interface ScanUpload {
  /** Of the scan. */
  id: string;
  ref: string;
  /** SARIF in a gzip in base 64. */
  sarif: string;
}

/** What a pull request wants scanned at a commit: record `storageKey.scanWanted`. `base`: only to compare its head with. */
export interface ScanWanted {
  as: "head" | "base";
  scans: WantedScan[];
}

/** What a scan reported: record `storageKey.scanResult`. It counts only for the run that names its digest. */
export interface StoredScanResult extends ScanResult {
  /** Of the scan. */
  id: string;
  digest: string;
}

/** Where a scan's id leads: record `storageKey.scanById`. */
export interface ScanPlace {
  installationId: number;
  repositoryId: number;
  sha: string;
  kind: DispatchedKind;
}
