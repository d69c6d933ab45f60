import type { Finding, ScanReport } from "./finding.ts";
import type { Permission } from "./pull-request.ts";
import type { GateState } from "./verdict.ts";

/**
 * The one document that the external checker decides on, `hms.checker/v1`. It holds no wall-clock time: what depends on time
 * comes in as a fact that was computed from the snapshot's `now`.
 */
export interface CheckerInput {
  schema: "hms.checker/v1";
  point: "merge" | "command";
  repository: { id: number; owner: string; name: string; default_branch: string };
  pull_request: {
    number: number;
    head_sha: string;
    base: string;
    fork: boolean;
    draft: boolean;
    author: { login: string; type: string; association: string };
    last_pusher: string | null;
    labels: string[];
    commits: number;
    changed_files: string[];
    /** Files named in {@link CheckerInput.trusted_paths} that this PR touches; null when the list could not be had. */
    touches_trusted_paths: string[] | null;
  };
  /** Approving reviews at the head SHA, each with what its author may do. */
  approvals: { login: string; permission: Permission; sha: string }[];
  scans: CheckerScan[];
  hold: { by: string; reason: string } | null;
  /** Overrides that name this very SHA. */
  overrides: { rule: string; by: string; permission: Permission; sha: string; reason: string }[];
  /** SHAs for which `ok-to-test` was given; at most the head. */
  ok_to_test: { by: string; permission: Permission; sha: string } | null;
  /** Facts that could not be had, one sentence each. Any entry means: never allow. */
  unknown: string[];
  /** The effective configuration, as the schema of hms.yml names it. */
  config: CheckerConfig;
  /** Only at point `command`. */
  command?: {
    verb: string;
    rule?: string;
    sha?: string;
    sender: { login: string; permission: Permission; is_author: boolean; is_last_pusher: boolean };
  };
}

/** The document at point `merge-group`: what a merge queue is about to merge as one. */
export interface MergeGroupInput extends Pick<CheckerInput, "schema" | "repository" | "scans"> {
  point: "merge-group";
  group: {
    /** The group's commit. */
    sha: string;
    /** The branch that it is to be merged to. */
    base: string;
    /** Every pull request that lands with it, judged at its own head. `why` is a sentence for whom it concerns. */
    members: { number: number; head_sha: string; outcome: GateState; rules: string[]; why: string }[];
    /** What of the commits between base and group no pull request explains, one sentence each. Any entry means: never allow. */
    unexplained: string[];
    /** It has been undecided for so long that waiting on serves nobody. */
    overdue: boolean;
  };
  config: Pick<CheckerConfig, "valid" | "required_scans">;
}

/** Whatever the checker is asked about. */
export type CheckerDocument = CheckerInput | MergeGroupInput;

export interface CheckerScan {
  kind: string;
  sha: string;
  status: ScanReport["status"];
  reason?: string;
  findings: Pick<Finding, "rule" | "severity" | "message" | "fingerprint">[];
}

export interface CheckerConfig {
  valid: boolean;
  /** Scan kinds that must have reported at the head SHA. */
  required_scans: string[];
  approvals: { count: number };
  overrides: { rule: string; permission: "write" | "maintain" | "admin" }[];
}
