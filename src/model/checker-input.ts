import type { Finding, ScanReport, Severity } from "./finding.ts";
import type { PreviewState } from "./preview.ts";
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
    /** Accounts are told apart by their ids: a login can be given up and taken by somebody else. */
    author: { id: number; login: string; type: string; association: string };
    /** Both null when nobody can say. */
    last_pusher: string | null;
    last_pusher_id: number | null;
    labels: string[];
    commits: number;
    /** Null where nothing in the configuration asks for it: the list costs calls. */
    changed_files: string[] | null;
    /** Files named in {@link CheckerInput.trusted_paths} that this PR touches; null when the list could not be had. */
    touches_trusted_paths: string[] | null;
  };
  /** Approving reviews at the head SHA, and earlier ones whose change is proven to be the same; each with what its author may do. */
  approvals: CheckerApproval[];
  /** Whose approval changed files need besides `config.approvals.count`; empty where the configuration asks for none. */
  required_reviews: RequiredReview[];
  scans: CheckerScan[];
  hold: { by: string; reason: string } | null;
  /** Overrides that name this very SHA. */
  overrides: { rule: string; by: string; by_id: number; permission: Permission; sha: string; reason: string }[];
  /** SHAs for which `ok-to-test` was given; at most the head. */
  ok_to_test: { by: string; permission: Permission; sha: string } | null;
  /** Null where the configuration asks for no previews; inputs of earlier releases do not have it. */
  preview?: CheckerPreview | null;
  /** Facts that could not be had, one sentence each. Any entry means: never allow. */
  unknown: string[];
  /** The effective configuration, as the schema of hms.yml names it. */
  config: CheckerConfig;
  /** Only at point `command`. */
  command?: {
    verb: string;
    rule?: string;
    sha?: string;
    /** Of `preview`: `up`, `down`, `extend`, `sleep`, `wake`. */
    action?: string;
    sender: { id: number; login: string; permission: Permission; is_author: boolean; is_last_pusher: boolean };
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
  config: Pick<CheckerConfig, "valid" | "required_scans" | "scans">;
}

/** Whatever the checker is asked about. */
export type CheckerDocument = CheckerInput | MergeGroupInput;

/** The preview of the head commit; of an earlier one nothing counts. */
export interface CheckerPreview {
  /** `unknown`: nothing is known of this commit's preview yet, or its cluster cannot be read. */
  state: Exclude<PreviewState, "tearing-down" | "gone"> | "unknown";
  /** What is wrong or awaited, one sentence; empty where there is nothing to say. */
  reason: string;
  /** Whether the pull request changes a file under `preview.when.paths`; true where that cannot be told. */
  concerned: boolean;
  /** Whether it was seen healthy at this very commit, as it still counts while it sleeps. */
  was_healthy: boolean;
}

export interface CheckerApproval {
  id: number;
  login: string;
  permission: Permission;
  /** The commit that was reviewed. */
  sha: string;
  /** Only of an earlier commit that proposes the very same change as the head: who pushed that one; both null when nobody can say. */
  carried?: { pusher: string | null; pusher_id: number | null };
}

/** Files that somebody in particular has to approve. */
export interface RequiredReview {
  /** The rule that asks for it. */
  rule: "code-owners" | "path-approvals";
  /** As CODEOWNERS or hms.yml name them, `@acme/sre`: each of them will do. */
  owners: string[];
  /** How many of them. */
  count: number;
  files: string[];
  /** Ids of those among the approvers who are owners; null where that could not be told, with the reason. */
  approvers: number[] | null;
  reason?: string;
}

export interface CheckerScan {
  kind: string;
  sha: string;
  status: ScanReport["status"];
  reason?: string;
  /** All of them count: the worst new ones stand one by one, the others together. */
  findings: CheckerFinding[];
}

/** A finding, or some that are alike. Inputs of earlier releases say neither state nor path nor count. */
export interface CheckerFinding extends Pick<Finding, "rule" | "severity" | "message" | "fingerprint"> {
  /** Against the merge base; absent: new. */
  state?: "new" | "unchanged";
  /** A waiver of the default branch covers it. */
  waived?: true;
  /** Unchanged, and known for longer than the configuration lets it be. */
  overdue?: true;
  path?: string;
  /** How many it stands for; absent: itself. Message and fingerprint are then those of one of them. */
  count?: number;
}

export interface CheckerConfig {
  valid: boolean;
  /** Scan kinds that must have reported at the head SHA. */
  required_scans: string[];
  approvals: {
    count: number;
    /** Whether an approval of an earlier commit counts that proposes the very same change. */
    carry: "content-neutral" | "never";
    /** How many approvals a pull request needs that this App alone brought, in place of `count`. */
    bots: { app: string; count: number }[];
  };
  /** `people`: how many it takes; absent: one. */
  overrides: { rule: string; permission: "write" | "maintain" | "admin"; people?: number }[];
  /**
   * Scans besides that for secrets: new findings of the severities `fail_on` block, and those that the base branch has as well do so where
   * `old_debt` is `block`. Inputs of earlier releases do not have it.
   */
  scans?: { kind: string; required: boolean; fail_on: Severity[]; old_debt: "ignore" | "block" }[];
  /** Whether the gate waits for a healthy preview; inputs of earlier releases do not say. */
  preview?: { required: boolean };
}
