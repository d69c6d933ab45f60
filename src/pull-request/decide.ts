import { randomBytes } from "node:crypto";
import { mergeInput } from "../gate/gate.ts";
import { canonicalJson, sha256Hex } from "../model/canonical-json.ts";
import type { CheckerInput } from "../model/checker-input.ts";
import type { Snapshot } from "../model/snapshot.ts";
import type { Decision } from "../model/verdict.ts";
import type { Checker } from "../ports/checker.ts";

/** A decision, or why there is none. */
export type Judgement = { decision: Decision; input: CheckerInput; fresh: boolean } | { undecided: string };

/**
 * Asks the checker. The same facts under the same bundle keep their decision and its id. A checker that is away or talks nonsense gives
 * *undecided*, which is never green.
 */
export async function judge(
  checker: Checker,
  snapshot: Snapshot,
  previous: Decision | undefined,
  nowMs: number,
): Promise<Judgement> {
  const input = mergeInput(snapshot);
  const inputDigest = `sha256:${sha256Hex(canonicalJson(input))}`;
  const revision = checker.revision();
  if (
    previous &&
    previous.inputDigest === inputDigest &&
    previous.bundleRevision === revision &&
    previous.sha === snapshot.pull.headSha &&
    (previous.verdict.validUntilMs ?? Number.POSITIVE_INFINITY) > nowMs
  ) {
    return { decision: previous, input, fresh: false };
  }
  try {
    const { verdict, bundleRevision } = await checker.evaluate(input);
    return {
      decision: { id: decisionId(nowMs), sha: snapshot.pull.headSha, bundleRevision, inputDigest, verdict },
      input,
      fresh: true,
    };
  } catch (error) {
    const why = error instanceof Error ? ` (${error.message.slice(0, 200)})` : "";
    return { undecided: `The policy checker could not decide${why}. It is asked again by itself.` };
  }
}

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** `dec_`, ten characters of time and sixteen of chance, in Crockford's base 32: sorts by time. */
function decisionId(nowMs: number): string {
  let time = "";
  for (let rest = nowMs, i = 0; i < 10; i++, rest = Math.floor(rest / 32)) time = ALPHABET[rest % 32] + time;
  return `dec_${time}${[...randomBytes(16)].map((byte) => ALPHABET[byte % 32]).join("")}`;
}
