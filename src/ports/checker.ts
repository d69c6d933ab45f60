import type { CheckerInput } from "../model/checker-input.ts";
import type { Verdict } from "../model/verdict.ts";

/** The external checker. It rejects when it cannot decide: callers treat that as *unknown*, never as a yes. */
export interface Checker {
  /** `sha256:<hex>` of the policy bundle that {@link evaluate} uses now. */
  revision(): string;
  evaluate(input: CheckerInput): Promise<Verdict>;
}

/** A policy that somebody brought to try out. It decides apart from the process: it may loop, or want too much memory. */
export interface PolicyOnTrial extends Checker {
  close(): Promise<void>;
}

/** Opens compiled policies that are not in force, for what-if questions. */
export interface PolicySandbox {
  /**
   * @param bundle a compiled OPA bundle (`.tar.gz`), as `HMS_POLICY_BUNDLE` takes it; undefined for the policy in force.
   * @throws {Error} whose message says what is wrong with it.
   */
  open(bundle: Uint8Array | undefined): Promise<PolicyOnTrial>;
}
