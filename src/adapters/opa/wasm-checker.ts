import type { CheckerInput } from "../../model/checker-input.ts";
import type { Verdict } from "../../model/verdict.ts";
import type { Checker } from "../../ports/checker.ts";
import { EvaluationError, verdictOf } from "./answer.ts";
import { PolicyBundleError, readBundle } from "./bundle.ts";
import { type Engine, openEngine, reasonOf, resultOf } from "./engine.ts";
import { inputJson } from "./input.ts";

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

/** What {@link WasmChecker.reload} found. After a failure the last good bundle still decides. */
export type ReloadReport =
  | { kind: "unchanged"; revision: string }
  | { kind: "replaced"; revision: string; previousRevision: string }
  | { kind: "failed"; revision: string; reason: string };

export interface WasmChecker extends Checker {
  revision(): string;
  /** Reads the bundle again from where it was opened. Never rejects. */
  reload(): Promise<ReloadReport>;
}

/** Opens a compiled policy that decides in this process. Rejects with {@link PolicyBundleError} if it is unusable. */
export async function openWasmChecker(options: WasmCheckerOptions): Promise<WasmChecker> {
  let loaded = await load(options);
  return {
    revision: () => loaded.revision,
    async evaluate(input) {
      const { engine, revision } = loaded;
      return { verdict: decide(engine, input, options.maxInputBytes), bundleRevision: revision };
    },
    async reload() {
      try {
        const next = await load(options);
        const previousRevision = loaded.revision;
        if (next.revision === previousRevision) return { kind: "unchanged", revision: previousRevision };
        loaded = next;
        return { kind: "replaced", revision: next.revision, previousRevision };
      } catch (error) {
        return { kind: "failed", revision: loaded.revision, reason: reasonOf(error) };
      }
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

function decide(engine: Engine, input: CheckerInput, maxInputBytes: number | undefined): Verdict {
  try {
    return verdictOf(resultOf(engine.evaluate(inputJson(input, maxInputBytes))));
  } catch (error) {
    throw new EvaluationError(`The checker could not decide: ${reasonOf(error)}.`);
  }
}
