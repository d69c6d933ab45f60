import type { Severity } from "../model/finding.ts";
import type { DispatchedKind } from "../model/scan-kind.ts";

/** A scan that runs outside of the process, as the configuration in force asks for it. */
export interface DispatchedScan {
  tool: string;
  /** Whether the gate waits for it, where it is wanted. */
  required: boolean;
  /** Patterns as in CODEOWNERS: it is wanted where the pull request changes such a file; empty: always. */
  paths: string[];
  /** New findings of these severities block. */
  failOn: Severity[];
  /** What becomes of findings that the base branch has as well; `graceMs`: they block once they have been known for so long. */
  oldDebt: "ignore" | "block" | { graceMs: number };
  timeoutMs: number;
  /** Only of `dast` and `image`. */
  runsOn?: "actions" | "cluster";
  /** Only of `quality`: what the server calls the project. */
  project?: string;
  /** Only of `image`: what is scanned, `{{head_sha}}` for the commit. */
  image?: string;
}

/** What is scanned besides secrets. */
export interface ScanConfig {
  dispatched: Partial<Record<DispatchedKind, DispatchedScan>>;
  /** The configuration of agents; absent: it is not looked at. `warn`: nothing of it blocks. */
  agents?: { paths: string[]; mode: "warn" | "fail" };
  /** File with the waivers, on the default branch. */
  waiversPath: string;
  /** How many days ahead a waiver may expire. */
  waiverDays: number;
  /** Whether results are also uploaded to GitHub code scanning. */
  codeScanning: boolean;
}
