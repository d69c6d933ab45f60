import { type GateVote, voteState } from "../gate/gate.ts";
import { formatKey, type Key } from "../model/key.ts";
import type { LedgerEvent } from "../ports/ledger.ts";
import type { Judgement } from "./decide.ts";

/** The ledger's entry of a new decision, under the decision's id. */
export function verdictEvent<Input>(
  key: Key,
  vote: GateVote,
  { decision, input, checkerAway }: Extract<Judgement<Input>, { fresh: boolean }>,
  atMs: number,
  about: Record<string, unknown> = {},
): LedgerEvent {
  const { id, sha, bundleRevision, inputDigest, verdict } = decision;
  const rules = verdict.deny.map((one) => one.rule);
  const waiting = verdict.waiting.map((one) => one.rule);
  return {
    type: checkerAway === undefined ? "verdict" : "verdict_kept",
    subject: formatKey(key),
    atMs,
    id: checkerAway === undefined ? id : `${id}/kept/${atMs}`,
    data: { decision: id, sha, bundleRevision, inputDigest, outcome: voteState(vote), rules, waiting, ...about },
    body: { input, verdict },
  };
}
