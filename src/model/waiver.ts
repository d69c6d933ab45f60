/** An agreement, reviewed and merged to the default branch, that certain findings do not block until a day. */
export interface Waiver {
  /** Of one finding, 64-hex. */
  fingerprint?: string;
  /** `sast/eval`: the findings of one rule, with `path`; beside a fingerprint only what it belongs to. */
  rule?: string;
  /** A pattern as in CODEOWNERS. */
  path?: string;
  reason: string;
  /** Who answers for it: a login or `organisation/team`. */
  owner: string;
  /** ISO date: the last day on which it counts, in UTC. */
  expires: string;
  /** 1-based, in the file. */
  line: number;
}
