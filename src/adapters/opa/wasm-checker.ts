import type { Verdict } from "../../model/verdict.ts";
import type { Checker } from "../../ports/checker.ts";
import { EvaluationError, verdictOf } from "./answer.ts";
import { PolicyBundleError, readBundle } from "./bundle.ts";
import { type Engine, openEngine, reasonOf, resultOf } from "./engine.ts";
import { encodedInput } from "./input.ts";

export { EvaluationError } from "./answer.ts";
export { PolicyBundleError } from "./bundle.ts";

const ENTRYPOINT = "hms/decision";

export interface WasmCheckerOptions {
  /** A directory with `policy.wasm` and `manifest.json`, or a compiled OPA bundle (`.tar.gz`). */
  path: string;
  /** `sha256:<hex>`: refuse every bundle with another revision. */
  pin?: string;
  /** Default 8 MiB. */
  maxInputBytes?: number;
}

export interface WasmChecker extends Checker {
  revision(): string;
}

/** Opens our own compiled policy, which decides in this process. Rejects with {@link PolicyBundleError} if it is unusable. */
export async function openWasmChecker(options: WasmCheckerOptions): Promise<WasmChecker> {
  const { engine, revision } = await load(options);
  return {
    revision: () => revision,
    async evaluate(input) {
      return { verdict: decide(engine, encodedInput(input, options.maxInputBytes)), bundleRevision: revision };
    },
  };
}

async function load({ path, pin }: WasmCheckerOptions): Promise<{ engine: Engine; revision: string }> {
  if (pin !== undefined && !/^sha256:[0-9a-f]{64}$/.test(pin)) {
    throw new PolicyBundleError("The pin of the policy bundle is not of the form sha256:<64 hexadecimal digits>.");
  }
  const bundle = await readBundle(path);
  if (pin !== undefined && pin !== bundle.revision) {
    throw new PolicyBundleError(`The policy bundle ${path} is ${bundle.revision}, but ${pin} is pinned.`);
  }
  return { engine: await openEngine(bundle, ENTRYPOINT), revision: bundle.revision };
}

function decide(engine: Engine, json: ArrayBuffer): Verdict {
  try {
    return verdictOf(resultOf(engine.evaluate(json)));
  } catch (error) {
    throw new EvaluationError(`The checker could not decide: ${reasonOf(error)}.`);
  }
}
