import { randomBytes } from "node:crypto";
import { mergeInput } from "../gate/gate.ts";
import { canonicalJson, sha256Hex } from "../model/canonical-json.ts";
import type { CheckerDocument, CheckerInput } from "../model/checker-input.ts";
import type { Snapshot } from "../model/snapshot.ts";
import type { Decision } from "../model/verdict.ts";
import type { Checker } from "../ports/checker.ts";

/**
 * A decision, or why there is none.
 * `checkerAway`: why the checker could not be asked, where an earlier decision stands in for it.
 */
export type Judgement<Input = CheckerInput> =
  | { decision: Decision; input: Input; fresh: boolean; checkerAway?: string }
  | { undecided: string };

/** Finds an earlier decision about the same pull request that is bound to exactly this, of those that are remembered. */
export type PastDecision = (bound: Bound) => Promise<Decision | undefined>;

/** What a decision has to be bound to, to say anything about what is to be decided now. */
export interface Bound {
  sha: string;
  inputDigest: string;
  /** Undefined where the checker's policy is not known: then nothing is bound to it. */
  bundleRevision: string | undefined;
  nowMs: number;
}

/** Whether a decision still stands for what is to be decided now (invariant I3). */
export function stands(decision: Decision, { sha, inputDigest, bundleRevision, nowMs }: Bound): boolean {
  return (
    bundleRevision !== undefined &&
    decision.bundleRevision === bundleRevision &&
    decision.inputDigest === inputDigest &&
    decision.sha === sha &&
    (decision.verdict.validUntilMs ?? Number.POSITIVE_INFINITY) > nowMs
  );
}

/**
 * Asks the checker. The same facts under the same bundle keep their decision and its id. While the checker is away or talks nonsense, an
 * earlier decision about exactly these facts under exactly this bundle stands in; without one it is *undecided*, which is never green.
 */
export function judge(
  checker: Checker,
  snapshot: Snapshot,
  previous: Decision | undefined,
  nowMs: number,
  past: PastDecision = async () => undefined,
): Promise<Judgement> {
  return judgeDocument(checker, mergeInput(snapshot), snapshot.pull.headSha, previous, nowMs, past);
}

/** The same for any document; `sha` is the commit that the decision is about. */
export async function judgeDocument<Input extends CheckerDocument>(
  checker: Checker,
  input: Input,
  sha: string,
  previous: Decision | undefined,
  nowMs: number,
  past: PastDecision = async () => undefined,
): Promise<Judgement<Input>> {
  const inputDigest = `sha256:${sha256Hex(canonicalJson(input))}`;
  const bound = (): Bound => ({ sha, inputDigest, bundleRevision: checker.revision(), nowMs });
  if (previous && stands(previous, bound())) return { decision: previous, input, fresh: false };
  try {
    const { verdict, bundleRevision } = await checker.evaluate(input);
    const decision: Decision = { id: decisionId(nowMs), sha, bundleRevision, inputDigest, verdict };
    // A policy without a revision is asked each time; the same answer is the same decision.
    const repeated = previous && stands(previous, { ...bound(), bundleRevision }) && sameVerdict(previous, decision);
    return repeated ? { decision: previous, input, fresh: false } : { decision, input, fresh: true };
  } catch (error) {
    const why = error instanceof Error ? error.message.slice(0, 200) : "no reason is known";
    const earlier = await past(bound());
    if (earlier && stands(earlier, bound())) return { decision: earlier, input, fresh: false, checkerAway: why };
    return { undecided: `The policy checker could not decide (${why}). It is asked again by itself.` };
  }
}

/** The part of a vote that a judgement gives. */
export function answerOf(judgement: Judgement): { decision: Decision; checkerAway?: string } | { undecided: string } {
  if (!("decision" in judgement)) return judgement;
  const { decision, checkerAway } = judgement;
  return checkerAway === undefined ? { decision } : { decision, checkerAway };
}

function sameVerdict(a: Decision, b: Decision): boolean {
  return canonicalJson(a.verdict) === canonicalJson(b.verdict);
}

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** `dec_`, ten characters of time and sixteen of chance, in Crockford's base 32: sorts by time. */
function decisionId(nowMs: number): string {
  let time = "";
  for (let rest = nowMs, i = 0; i < 10; i++, rest = Math.floor(rest / 32)) time = ALPHABET[rest % 32] + time;
  return `dec_${time}${[...randomBytes(16)].map((byte) => ALPHABET[byte % 32]).join("")}`;
}
