import type { Key } from "../model/key.ts";
import { storageKey } from "../model/storage-key.ts";
import type { Decision } from "../model/verdict.ts";
import type { Records } from "../ports/records.ts";
import { type PastDecision, stands } from "./decide.ts";

/** Facts mostly go back to what they were soon: an approval is dismissed and given again, a hold is set and taken off. */
const KEPT = 6;
/** A verdict that is longer is not worth its place. */
const MAX_CHARACTERS = 64 * 1024;

type PullKey = Key & { kind: "pull" };

const keyOf = ({ installationId, repositoryId, number }: PullKey): string =>
  storageKey.pastDecisions(installationId, repositoryId, number);

export function pastDecision(records: Records, key: PullKey): PastDecision {
  return async (bound) => (await records.get<Decision[]>(keyOf(key)))?.value.find((one) => stands(one, bound));
}

/** Called under the key's lease, once the decision is in the ledger. Doing it twice is doing it once. */
export async function rememberDecision(records: Records, key: PullKey, decision: Decision): Promise<void> {
  if (JSON.stringify(decision.verdict).length > MAX_CHARACTERS) return;
  const before = (await records.get<Decision[]>(keyOf(key)))?.value ?? [];
  const others = before.filter((one) => one.id !== decision.id);
  await records.put(keyOf(key), [decision, ...others].slice(0, KEPT));
}
