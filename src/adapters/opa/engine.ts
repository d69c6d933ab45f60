import { createRequire } from "node:module";
import type { LoadedPolicy } from "@open-policy-agent/opa-wasm";
import { type PolicyBundle, PolicyBundleError } from "./bundle.ts";

/** The package's ES module leaves this function out, though its types name it. */
const { loadPolicySync } = createRequire(import.meta.url)(
  "@open-policy-agent/opa-wasm",
) as typeof import("@open-policy-agent/opa-wasm");

const PAGE_BYTES = 64 * 1024;
const MAX_MEMORY_BYTES = 512 * 1024 * 1024;
/** WebAssembly memory never shrinks; above this an instance is dropped after use. */
const KEEP_MEMORY_BYTES = 32 * 1024 * 1024;

/** What `@open-policy-agent/opa-wasm` brings; everything else a policy calls must be compiled into it. */
const HOST_BUILTINS = new Set([
  "json.is_valid",
  "regex.split",
  "sprintf",
  "yaml.is_valid",
  "yaml.marshal",
  "yaml.unmarshal",
]);

/** One entrypoint of one compiled policy. */
export interface Engine {
  /** The result set for a JSON document in UTF-8. Throws when the policy aborts. */
  evaluate(json: ArrayBuffer): unknown;
}

/** Compiles a bundle, and checks that it is a policy which can run here. Throws {@link PolicyBundleError}. */
export async function openEngine(
  bundle: PolicyBundle,
  entrypoint: string,
  maxMemoryBytes = MAX_MEMORY_BYTES,
): Promise<Engine> {
  if (hasOwnMemory(bundle.wasm)) {
    throw new PolicyBundleError("The WebAssembly is not a policy compiled by OPA: it brings memory of its own.");
  }
  const module = await WebAssembly.compile(bundle.wasm).catch((error: Error) => {
    throw new PolicyBundleError(`The policy is not WebAssembly: ${error.message}.`);
  });
  const exported = new Set(WebAssembly.Module.exports(module).map(({ name }) => name));
  for (const name of ["opa_eval", "opa_wasm_abi_version", "opa_wasm_abi_minor_version", "entrypoints", "builtins"]) {
    if (!exported.has(name))
      throw new PolicyBundleError(`The WebAssembly is not a policy compiled by OPA: no ${name}.`);
  }
  const first = instantiate(module, bundle.data, maxMemoryBytes);
  if (!Object.hasOwn(first.entrypoints, entrypoint)) {
    throw new PolicyBundleError(
      `The policy has no entrypoint ${entrypoint}; it has ${Object.keys(first.entrypoints).join(", ") || "none"}.`,
    );
  }
  const unsupported = requiredBuiltins(first).filter((name) => !HOST_BUILTINS.has(name));
  if (unsupported.length > 0) {
    throw new PolicyBundleError(`The policy needs built-in functions that are not there: ${unsupported.join(", ")}.`);
  }

  let instance: LoadedPolicy | undefined = first;
  return {
    evaluate(json) {
      const policy = instance ?? instantiate(module, bundle.data, maxMemoryBytes);
      // An aborted run leaves the instance's heap in an unknown state: it is kept only after a good one.
      instance = undefined;
      const results = policy.evaluate(json, entrypoint);
      if (policy.mem.buffer.byteLength <= KEEP_MEMORY_BYTES) instance = policy;
      return results;
    },
  };
}

const MEMORY_SECTION = 5;

/**
 * Whether a module declares memory besides the one that it is given, whose size would be nobody's to limit. What is not WebAssembly is left
 * to the compiler. https://webassembly.github.io/spec/core/binary/modules.html#sections
 */
function hasOwnMemory(wasm: Uint8Array): boolean {
  let offset = 8;
  while (offset < wasm.length) {
    if (wasm[offset++] === MEMORY_SECTION) return true;
    let size = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = wasm[offset++] ?? 0;
      size += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    offset += size;
  }
  return false;
}

function instantiate(module: WebAssembly.Module, data: object, maxMemoryBytes: number): LoadedPolicy {
  try {
    const policy = loadPolicySync(module, { initial: 5, maximum: maxMemoryBytes / PAGE_BYTES });
    policy.setData(data);
    return policy;
  } catch (error) {
    throw new PolicyBundleError(`The policy cannot be started: ${reasonOf(error)}.`);
  }
}

function requiredBuiltins(policy: LoadedPolicy): string[] {
  const { builtins, opa_json_dump } = policy.wasmInstance.exports as Record<string, (address?: number) => number>;
  if (builtins === undefined || opa_json_dump === undefined) return [];
  const memory = new Uint8Array(policy.mem.buffer);
  const start = opa_json_dump(builtins());
  return Object.keys(JSON.parse(new TextDecoder().decode(memory.subarray(start, memory.indexOf(0, start)))));
}

/** The library throws strings and bare objects as well as errors. */
export function reasonOf(thrown: unknown): string {
  if (typeof thrown === "string") return thrown;
  if (typeof thrown === "object" && thrown !== null && "message" in thrown) return String(thrown.message);
  return String(thrown);
}

/** The one result in a result set. */
export function resultOf(results: unknown): unknown {
  if (!Array.isArray(results) || results.length !== 1) throw new Error("the policy gave no single answer");
  return results[0]?.result;
}
