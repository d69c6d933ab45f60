import { canonicalJson, sha256Hex } from "../model/canonical-json.ts";
import type { GateVote } from "./check-run.ts";

/** GitHub takes three of them, with 20 characters of label, 40 of description and 20 of identifier. */
interface Button {
  label: string;
  description: string;
  identifier: string;
}

/** Names the decisions that a gate shows. A button carries it, so that it can be told whether what was pressed is still what stands there. */
export function pressToken(votes: readonly GateVote[]): string {
  const shown = votes.map(({ number, decision }): [number, string] => [number, decision?.id ?? ""]);
  return sha256Hex(canonicalJson(shown.sort((a, b) => a[0] - b[0]))).slice(0, 12);
}

/** What can be pressed on the gate of a commit. An override takes a reason, so it stays a comment. */
export function gateButtons(votes: readonly GateVote[], held: boolean): Button[] {
  const token = pressToken(votes);
  const again = {
    label: "Look again",
    description: "Read everything again and judge anew",
    identifier: `retry-${token}`,
  };
  // A merge group is not held; its pull requests are.
  if (votes.some((vote) => vote.members)) return [again];
  const hold = held
    ? { label: "Lift the hold", description: "Let it be merged if all rules are met", identifier: `unhold-${token}` }
    : { label: "Hold", description: "Keep it from being merged", identifier: `hold-${token}` };
  return [again, hold];
}
