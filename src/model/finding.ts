import type { ScanKind } from "./scan-kind.ts";

/** Severity of a finding, worst first. */
export const SEVERITIES = ["critical", "high", "medium", "low", "note"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** One result of a scan, in the one shape that every scanner is converted to. It never contains the secret itself. */
export interface Finding {
  /** `secrets/aws-access-key-id`: the scan's kind, a slash, the tool's rule in kebab case. */
  rule: string;
  severity: Severity;
  /** One plain sentence; secrets masked. */
  message: string;
  /** What to do about it, one or two sentences. */
  remedy: string;
  location: {
    /** Path in the repository; `undefined` where the finding is in the commit's message. */
    path?: string;
    /** 1-based line in `commit`'s version of the file. */
    line?: number;
    endLine?: number;
    /** The commit that brought it, 40-hex; for dispatched kinds the one that was scanned. */
    commit: string;
    /** Line in the head's version where it still stands (for dispatched kinds `line`); absent when it stands only in the history. */
    headLine?: number;
  };
  /** Stable over moved lines: SHA-256 (hex) over rule, path and normalised context with the secret masked. */
  fingerprint: string;
  /** SHA-256 (hex) over the normalised context without rule and path, which stays when a file is renamed. Compared, never shown. */
  context?: string;
  /** Against the merge base; absent: nothing to compare with, which counts as new. */
  baseline?: "new" | "unchanged";
  /** It stands on a line that the pull request changes. */
  onChangedLine?: boolean;
  /** An unchanged finding that has been known for longer than its grace. */
  overdue?: boolean;
  /** The waiver of the default branch under which it does not count. `until`: ISO date. */
  waiver?: {
    reason: string;
    owner: string;
    until: string;
    /** 1-based, in the file of waivers. */
    line?: number;
  };
  /** A proposed waiver of this pull request would cover it; it does not count yet. */
  wouldBeWaived?: true;
  /** How to mend it, step by step, where the scan knows. Code stands in backticks. */
  block?: RemediationBlock;
}

/** The block that the remediation guide asks for with each issue. */
export interface RemediationBlock {
  issue: string;
  solution: string;
  steps: string[];
  tests: string[];
  rollback: string;
  /** What must be done first; empty if nothing. */
  dependencies: string[];
  risks: string;
  success: string;
}

/** Findings as work: waves one after the other, the tasks of a wave at the same time. */
export interface RemediationPlan {
  waves: { number: number; tasks: PlannedTask[] }[];
  notes: string[];
}

export interface PlannedTask {
  /** `T1`. */
  id: string;
  rule: string;
  path: string;
  findings: number;
  /** 1 to 100. */
  score: number;
  restart: boolean;
  after: { task: string; because: string }[];
}

/** The state of one scan at one head SHA. Only `completed` speaks of the code; all else is *unknown* to the policy. */
export type ScanReport =
  | {
      kind: ScanKind;
      status: "completed";
      sha: string;
      findings: Finding[];
      notes: string[];
      /** Only of scans that read commits one by one. */
      scannedCommits?: number;
      tool?: { name: string; version?: string };
      /** How many the merge base had that the head has no more. */
      fixed?: number;
      /** Those, as the merge base has them. */
      gone?: Finding[];
      plan?: RemediationPlan;
      /** The same for people, with every step: Markdown of our own making. */
      planText?: string;
      /** Sentences about waivers: expired, unused, proposed. */
      waiverNotes?: string[];
      url?: string;
    }
  | { kind: ScanKind; status: "running"; sha: string; reason: string; phase?: "queued" | "running"; url?: string }
  /** The scan could not say: tool failed, list truncated, time limit. */
  | {
      kind: ScanKind;
      status: "unknown";
      sha: string;
      reason: string;
      cause?: "failed" | "timed-out" | "not-installed" | "cancelled";
      url?: string;
    };
