/** A rule that says no. */
export interface Denial {
  /** `no-critical-findings`: the rule's name in the policy, which overrides and documentation use. */
  rule: string;
  message: string;
  /** What to do, in the imperative. */
  remedy: string;
  /** Controls that this rule answers for, such as `SI-2`. */
  controls: string[];
}

/** A rule that cannot say yes yet. */
export interface Waiting {
  rule: string;
  message: string;
  /** Who or what is awaited. `people` → `action_required`; `machines` → `in_progress`. */
  on: "people" | "machines";
  /** Whom, if they can be named: `acme/sre`, `a reviewer with write access`. */
  whom?: string;
}

/** The checker's answer, `hms.checker/v1`. */
export interface Verdict {
  allow: boolean;
  deny: Denial[];
  waiting: Waiting[];
  warn: { rule: string; message: string }[];
  /** ms since the epoch after which the facts must be judged again; absent if only a new fact can change it. */
  validUntilMs?: number;
}

/** What a verdict is bound to (invariant I3). */
export interface Decision {
  /** `dec_` and 26 characters, sortable by time. */
  id: string;
  /** Head SHA that was judged, 40-hex. */
  sha: string;
  /** Revision of the policy bundle: `sha256:<hex>` of its bytes. */
  bundleRevision: string;
  /** `sha256:<hex>` over the canonical JSON of the checker's input. */
  inputDigest: string;
  verdict: Verdict;
}

/** The four outcomes of design §5.2, worst last. `unknown` covers a checker that is away and facts not to be had. */
export type GateState = "allow" | "waiting-on-people" | "waiting-on-machines" | "unknown" | "deny";
