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
    /** The commit that brought it, 40-hex. */
    commit: string;
    /** Line in the head's version where it still stands; absent when it stands only in the history. */
    headLine?: number;
  };
  /** Stable over moved lines: SHA-256 (hex) over rule, path and normalised context with the secret masked. */
  fingerprint: string;
}

/** The state of one scan at one head SHA. Only `completed` speaks of the code; all else is *unknown* to the policy. */
export type ScanReport =
  | { kind: string; status: "completed"; sha: string; findings: Finding[]; scannedCommits: number; notes: string[] }
  | { kind: string; status: "running"; sha: string; reason: string }
  /** The scan could not say: tool failed, list truncated, time limit. */
  | { kind: string; status: "unknown"; sha: string; reason: string };
