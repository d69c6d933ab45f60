import { type GateVote, gateButtons, gateContent } from "../gate/gate.ts";
import type { CheckRunContent } from "../ports/github.ts";

export type CheckContent = Omit<CheckRunContent, "externalId">;

/** What one open pull request has to say about its head commit: record `storageKey.atCommit`. */
export interface PullAtCommit {
  vote: GateVote;
  mode: "enforce" | "shadow";
  draft: boolean;
  /** Since when it has been waiting on machines as it does now, or nothing could be decided, ms since the epoch. */
  waitingSinceMs?: number;
  /** Somebody put it on hold. */
  held?: boolean;
  /** The preview was seen healthy at this commit. */
  previewHealthy?: boolean;
  /** What was judged is another from then on though nothing tells of it, ms since the epoch. */
  factsUntilMs?: number;
  /** The other checks, `hms/config` and `hms/scan/…`; they too belong to the commit. */
  checks: CheckContent[];
}

/** Worst first: of two pull requests with the same head the stricter content is shown. */
const ORDER = ["failure", "in_progress", "action_required", "success"];

/**
 * Every check of one commit, from all open pull requests whose head it is: pure. A pull request to a lax branch cannot turn the same
 * commit green for a strict one.
 * @param written which of the gate's two checks was ever written at this commit: GitHub cannot take one away.
 */
export function checksOf(
  sha: string,
  pulls: PullAtCommit[],
  written: { gate?: boolean; shadow?: boolean } = {},
): CheckContent[] {
  // While a repository goes from shadow to enforce some still say shadow: the gate weighs them all, as it will in a moment.
  const mode = pulls.some((pull) => pull.mode === "enforce") ? "enforce" : "shadow";
  const gates: CheckContent[] = [];
  if (pulls.length > 0) {
    const votes = pulls.map((pull) => pull.vote).sort((a, b) => a.number - b.number);
    const { state, title, summary, text } = gateContent(sha, votes, mode);
    const held = pulls.some((pull) => pull.held);
    const buttons = mode === "enforce" && state.status === "completed" ? { actions: gateButtons(votes, held) } : {};
    if (mode === "enforce" && written.shadow) gates.push(endedShadow(sha, state));
    if (mode === "shadow" && written.gate) gates.push(endedGate(sha));
    gates.push({
      name: mode === "enforce" ? "hms/gate" : "hms/gate-shadow",
      sha,
      state,
      title,
      summary,
      text,
      ...buttons,
    });
  }
  const others = new Map<string, CheckContent>();
  for (const check of pulls.flatMap((pull) => pull.checks)) {
    const known = others.get(check.name);
    if (!known || rank(check) < rank(known)) others.set(check.name, check);
  }
  // The gate last: once it can be read, what it speaks of can be read too.
  return [...others.values(), ...gates];
}

/** What the gate says at a commit that is no open pull request's head any more. GitHub calls it stale after 14 days, which is right. */
export function leftGate(sha: string): CheckContent {
  return {
    name: "hms/gate",
    sha,
    state: { status: "in_progress" },
    title: "No open pull request has this commit as its head",
    summary: "What was decided about it counted for then. When a pull request has this head again, it is judged anew.",
  };
}

/** A green gate that nobody stands for any more would be a lie, and a required one that nobody writes has to be told of. */
function endedGate(sha: string): CheckContent {
  return {
    name: "hms/gate",
    sha,
    state: { status: "completed", conclusion: "action_required" },
    title: "Shadow mode: this check decides nothing any more",
    summary:
      "hms.yml says `gate.mode: shadow`, so what the gate would say stands in `hms/gate-shadow`. Where a branch still requires `hms/gate`, take it out of the required checks, or set `gate.mode: enforce` again: in shadow mode it is never green.",
  };
}

function endedShadow(sha: string, state: CheckContent["state"]): CheckContent {
  return {
    name: "hms/gate-shadow",
    sha,
    // As the gate: a check that says less than the gate would be read as better news.
    state,
    title: "The gate is enforced: see hms/gate",
    summary:
      "hms.yml says `gate.mode: enforce`, so `hms/gate` decides. This check of shadow mode is not written any more.",
  };
}

function rank(check: CheckContent): number {
  return ORDER.indexOf(check.state.status === "completed" ? check.state.conclusion : "in_progress");
}
