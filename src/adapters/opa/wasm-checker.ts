import type { CheckerInput } from "../../model/checker-input.ts";
import type { Verdict } from "../../model/verdict.ts";
import type { Checker } from "../../ports/checker.ts";
import { verdictOf } from "./answer.ts";
import { PolicyBundleError, readBundle } from "./bundle.ts";
import { type Engine, openEngine, reasonOf } from "./engine.ts";

export { PolicyBundleError } from "./bundle.ts";

const ENTRYPOINT = "hms/decision";
const MAX_INPUT_BYTES = 8 * 1024 * 1024;

/** The checker could not decide on this input. Callers treat it as *unknown*. */
export class EvaluationError extends Error {
  override name = "EvaluationError";
}

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
  /** Reads the bundle again from where it was opened. Never rejects. */
  reload(): Promise<ReloadReport>;
}

/** Opens a compiled policy that decides in this process. Rejects with {@link PolicyBundleError} if it is unusable. */
export async function openWasmChecker(options: WasmCheckerOptions): Promise<WasmChecker> {
  const maxInputBytes = options.maxInputBytes ?? MAX_INPUT_BYTES;
  let loaded = await load(options);
  return {
    revision: () => loaded.revision,
    async evaluate(input) {
      return decide(loaded.engine, input, maxInputBytes);
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

function decide(engine: Engine, input: CheckerInput, maxInputBytes: number): Verdict {
  try {
    const json = Buffer.from(JSON.stringify(input));
    if (json.byteLength > maxInputBytes) {
      throw new Error(`its input has ${json.byteLength} bytes, and the limit is ${maxInputBytes}`);
    }
    const results = engine.evaluate(new Uint8Array(json).buffer);
    if (!Array.isArray(results) || results.length !== 1) throw new Error("the policy gave no single answer");
    return verdictOf(results[0]?.result);
  } catch (error) {
    throw new EvaluationError(`The checker could not decide: ${reasonOf(error)}.`);
  }
}
