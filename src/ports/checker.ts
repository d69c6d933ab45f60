import type { CheckerDocument } from "../model/checker-input.ts";
import type { Verdict } from "../model/verdict.ts";

/** A verdict and the policy that gave it. */
export interface CheckerAnswer {
  verdict: Verdict;
  /**
   * Revision of the bundle that decided: `sha256:<hex>` of ours and of an organisation's own; for an OPA server what it calls its bundle
   * (`bundle:<name>@<revision>`), the digest of its policies (`policies:sha256:<hex>`), or `unversioned:<hash>`, which binds nothing.
   */
  bundleRevision: string;
}

/** The external checker. It rejects when it cannot decide: callers treat that as *unknown*, never as a yes. */
export interface Checker {
  /**
   * Revision of the policy that {@link evaluate} asks now, as far as it is known. Undefined where it is not: then an earlier answer says
   * nothing about the next one.
   */
  revision(): string | undefined;
  evaluate(input: CheckerDocument): Promise<CheckerAnswer>;
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
