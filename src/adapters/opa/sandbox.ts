import type { Checker, PolicyOnTrial, PolicySandbox } from "../../ports/checker.ts";
import { EvaluationError, PolicyBrokeError } from "./answer.ts";
import { PolicyBundleError } from "./bundle.ts";
import { encodedInput } from "./input.ts";
import { ThreadedPolicy, type ThreadLimits } from "./threaded-policy.ts";

const LIMITS: ThreadLimits = { openMs: 10_000, evaluateMs: 1_000, memoryMb: 128, maxWaiting: 10_000 };
/** Threads that policies on trial may have at one time. */
const MAX_OPEN = 2;
/** A policy that takes too long this often does so on every input. */
const MAX_FAILURES_IN_A_ROW = 3;
/** How long a policy is on trial, whoever forgets to close it. */
const MAX_TRIAL_MS = 120_000;

export interface SandboxOptions extends Partial<ThreadLimits> {
  maxTrialMs?: number;
}

/** Policies on trial, each in a thread of its own. `inForce` answers for the policy in force: not the gate's own threads or breaker. */
export function openSandbox(inForce: Checker, options: SandboxOptions = {}): PolicySandbox {
  const limits = { ...LIMITS, ...options };
  let open = 0;
  return {
    async open(bundle) {
      if (bundle === undefined) {
        return {
          revision: () => inForce.revision(),
          evaluate: (input) => inForce.evaluate(input),
          close: async () => {},
        };
      }
      if (open >= MAX_OPEN) {
        throw new PolicyBundleError(`${MAX_OPEN} policies are on trial already. Try again when they are done.`);
      }
      open++;
      try {
        const policy = await ThreadedPolicy.open(new Uint8Array(bundle), "that was given", limits);
        return onTrial(policy, options.maxTrialMs ?? MAX_TRIAL_MS, () => open--);
      } catch (error) {
        open--;
        throw error;
      }
    },
  };
}

function onTrial(policy: ThreadedPolicy, maxTrialMs: number, closed: () => void): PolicyOnTrial {
  let ended: string | undefined;
  let failures = 0;
  const end = (why: string): void => {
    if (ended !== undefined) return;
    ended = why;
    clearTimeout(timer);
    closed();
    policy.close();
  };
  const timer = setTimeout(() => end(`its trial took longer than ${maxTrialMs / 1_000} s`), maxTrialMs).unref();
  return {
    revision: () => policy.revision,
    async evaluate(input) {
      if (ended !== undefined) throw new EvaluationError(`The checker could not decide: ${ended}.`);
      try {
        const verdict = await policy.evaluate(encodedInput(input));
        failures = 0;
        return { verdict, bundleRevision: policy.revision };
      } catch (error) {
        if (!(error instanceof PolicyBrokeError)) failures = 0;
        else if (++failures >= MAX_FAILURES_IN_A_ROW) end(`it failed on ${failures} inputs in a row`);
        throw error;
      }
    },
    close: async () => end("it was closed"),
  };
}
