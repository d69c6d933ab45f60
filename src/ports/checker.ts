import type { CheckerInput } from "../model/checker-input.ts";
import type { Verdict } from "../model/verdict.ts";

/** The external checker. It rejects when it cannot decide: callers treat that as *unknown*, never as a yes. */
export interface Checker {
  /** `sha256:<hex>` of the policy bundle that {@link evaluate} uses now. */
  revision(): string;
  evaluate(input: CheckerInput): Promise<Verdict>;
}
