import { type GateVote, gateContent } from "../gate/gate.ts";
import type { CheckRunContent } from "../ports/github.ts";

export type CheckContent = Omit<CheckRunContent, "externalId">;

/** What one open pull request has to say about its head commit: record `storageKey.atCommit`. */
export interface PullAtCommit {
  vote: GateVote;
  mode: "enforce" | "shadow";
  draft: boolean;
  /** The other checks, `hms/config` and `hms/scan/…`; they too belong to the commit. */
  checks: CheckContent[];
}

/** Worst first: of two pull requests with the same head the stricter content is shown. */
const ORDER = ["failure", "in_progress", "action_required", "success"];

/**
 * Every check of one commit, from all open pull requests whose head it is: pure. A pull request to a lax branch cannot turn the same
 * commit green for a strict one.
 */
export function checksOf(sha: string, pulls: PullAtCommit[]): CheckContent[] {
  // While a repository goes from shadow to enforce some still say shadow: the gate weighs them all, as it will in a moment.
  const enforced = pulls.some((pull) => pull.mode === "enforce") ? pulls : [];
  const shadowed = enforced.length > 0 ? [] : pulls;
  const gates: CheckContent[] = [];
  for (const [name, members] of [
    ["hms/gate", enforced],
    ["hms/gate-shadow", shadowed],
  ] as const) {
    if (members.length === 0) continue;
    const { state, title, summary, text } = gateContent(
      sha,
      members.map((pull) => pull.vote).sort((a, b) => a.number - b.number),
    );
    gates.push({ name, sha, state, title, summary, text });
  }
  const others = new Map<string, CheckContent>();
  for (const check of pulls.flatMap((pull) => pull.checks)) {
    const known = others.get(check.name);
    if (!known || rank(check) < rank(known)) others.set(check.name, check);
  }
  // The gate last: once it can be read, what it speaks of can be read too.
  return [...others.values(), ...gates];
}

function rank(check: CheckContent): number {
  return ORDER.indexOf(check.state.status === "completed" ? check.state.conclusion : "in_progress");
}
