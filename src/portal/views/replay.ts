import { gateState } from "../../gate/gate.ts";
import { canonicalJson } from "../../model/canonical-json.ts";
import type { CheckerInput } from "../../model/checker-input.ts";
import type { GateState, Verdict } from "../../model/verdict.ts";
import type { Viewer } from "../viewer.ts";
import { editRefusal } from "./checker-input-schema.ts";
import { decisionEntry, digestOf, storedDecision } from "./decisions.ts";
import type { ViewDeps } from "./deps.ts";
import { mergePatch } from "./merge-patch.ts";

export type Replay =
  | {
      kind: "judged";
      id: string;
      /** Then. */
      before: { outcome: GateState; verdict: Verdict; bundleRevision: string };
      /** Now, by the policy in force. */
      after: { outcome: GateState; verdict: Verdict; bundleRevision: string };
      /** Both verdicts are the same, word for word. Controls are named by the operator's maps, which are no part of the policy. */
      same: boolean;
      /** The policy in force is the one that decided then: without edited facts the verdicts then have to be the same. */
      sameBundle: boolean;
      /** Of the facts that were judged now. */
      inputDigest: string;
      edited: boolean;
    }
  /** There is none, or none that the viewer may see. */
  | { kind: "not-found" }
  /** Retention took the facts. */
  | { kind: "erased" }
  /** What is stored is not what was judged, by its digest. */
  | { kind: "broken" }
  | { kind: "patch-refused"; why: string }
  /** The checker could not decide. */
  | { kind: "undecided"; why: string };

/**
 * Judges a decision's stored facts once more, by the policy in force.
 * @param patch edits the facts first, https://www.rfc-editor.org/rfc/rfc7386; judged apart from the process
 */
export async function replay(deps: ViewDeps, viewer: Viewer, id: string, patch?: unknown): Promise<Replay> {
  const entry = await decisionEntry(deps, viewer, id);
  if (!entry) return { kind: "not-found" };
  const stored = await storedDecision(deps, entry);
  if (stored.integrity !== "holds") return { kind: stored.integrity };
  const edit = patch === undefined ? { ok: true as const, input: stored.input } : edited(stored.input, patch);
  if (!edit.ok) return { kind: "patch-refused", why: edit.why };
  const policy = await deps.sandbox.open(undefined);
  try {
    const { verdict, bundleRevision } = await policy.evaluate(edit.input);
    const then = String(entry.data.bundleRevision);
    return {
      kind: "judged",
      id,
      before: { outcome: gateState(stored.verdict), verdict: stored.verdict, bundleRevision: then },
      after: { outcome: gateState(verdict), verdict, bundleRevision },
      same: wordsOf(verdict) === wordsOf(stored.verdict),
      sameBundle: bundleRevision === then,
      inputDigest: digestOf(edit.input),
      edited: patch !== undefined,
    };
  } catch (error) {
    return { kind: "undecided", why: messageOf(error) };
  } finally {
    await policy.close();
  }
}

function wordsOf(verdict: Verdict): string {
  return canonicalJson({ ...verdict, deny: verdict.deny.map(({ controls: _, ...denial }) => denial) });
}

/** The facts with an edit, or why it makes none that could be judged. */
export function edited(
  input: CheckerInput,
  patch: unknown,
): { ok: true; input: CheckerInput } | { ok: false; why: string } {
  try {
    const result = nullsKept(input, mergePatch(input, patch));
    const why = editRefusal(input, result);
    return why === undefined ? { ok: true, input: result as CheckerInput } : { ok: false, why };
  } catch (error) {
    return { ok: false, why: messageOf(error) };
  }
}

/** Facts of which there may be none. The facts say `null` then, which in a merge patch takes a member away. */
const NULLABLE = {
  "": ["hold", "ok_to_test"],
  pull_request: ["last_pusher", "last_pusher_id", "changed_files", "touches_trusted_paths"],
};

function nullsKept(original: CheckerInput, result: unknown): unknown {
  if (!isObject(result)) return result;
  const kept = { ...result };
  for (const name of NULLABLE[""]) if (name in original && !(name in kept)) kept[name] = null;
  const pull = kept.pull_request;
  if (!isObject(pull)) return kept;
  const missing = NULLABLE.pull_request.filter((name) => name in original.pull_request && !(name in pull));
  return { ...kept, pull_request: { ...pull, ...Object.fromEntries(missing.map((name) => [name, null])) } };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 500) : "unknown error";
}
