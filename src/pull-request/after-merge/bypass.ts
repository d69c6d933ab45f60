import type { LedgerEntry } from "../../ports/ledger.ts";

/** GitHub tells of a merge in whole seconds, and its clock is not ours: what became green that soon after it counts as green. */
const CLOCKS_APART_MS = 5_000;

/** A merge that the gate had not let through. */
export interface Bypass {
  /** Conclusion or status of `hms/gate` when it was merged; `none` when nothing had been reported. */
  gate: string;
  /** Rules that denied or were waited for, as far as they are known. */
  rules: string[];
}

export interface MergeFacts {
  number: number;
  headSha: string;
  /** The commit on the base branch; null when GitHub names none. */
  mergeSha: string | null;
  mergedAtMs: number;
  mode: "enforce" | "shadow";
  /** `check_written` of the head and of the merge's own commit, `verdict` of the pull request and `merge_group_verdict`, in any order. */
  entries: LedgerEntry[];
}

/**
 * Whether a pull request was merged although the gate at its head was not green: pure. Told from what we wrote and when, since what GitHub
 * shows now may have changed after the merge. Undefined where it was green, in shadow mode, or where a merge queue's green group brought it.
 */
export function bypassOf(facts: MergeFacts): Bypass | undefined {
  const gate = gateAt(facts, facts.headSha);
  if (facts.mode === "shadow" || gate === "shadow" || gate === "success") return undefined;
  const groups = facts.entries.filter(
    (entry) => entry.type === "merge_group_verdict" && entry.data.outcome === "allow" && brought(entry, facts),
  );
  const queued = [facts.mergeSha, ...groups.map((entry) => entry.data.sha)];
  if (queued.some((sha) => typeof sha === "string" && gateAt(facts, sha) === "success")) return undefined;
  return { gate, rules: failingRules(facts) };
}

/** What the gate of a commit said at the time of the merge, the best of what may have been there. */
function gateAt({ entries, mergedAtMs }: MergeFacts, sha: string): string {
  const until = mergedAtMs + 1_000;
  const written = entries
    .filter((entry) => entry.type === "check_written" && entry.subject.endsWith(`/${sha}`))
    .filter(({ data }) => data.check === "hms/gate" || data.check === "hms/gate-shadow")
    .sort((a, b) => b.sequence - a.sequence);
  const near = written.filter(({ atMs }) => atMs >= until && atMs < until + CLOCKS_APART_MS);
  const last = written.find(({ atMs }) => atMs < until);
  const states = [...near, ...(last ? [last] : [])].map(({ data }) =>
    data.check === "hms/gate-shadow" ? "shadow" : stateOf(data.state),
  );
  return states.find((state) => state === "success") ?? (last ? states.at(-1) : undefined) ?? "none";
}

function stateOf(state: unknown): string {
  const { status, conclusion } = (state ?? {}) as { status?: string; conclusion?: string };
  return conclusion ?? status ?? "none";
}

function brought(entry: LedgerEntry, { number, mergeSha }: MergeFacts): boolean {
  const members = (entry.data.members ?? []) as { number: number; commit: string }[];
  return members.some((member) => member.number === number && member.commit === mergeSha);
}

function failingRules({ entries, headSha, mergedAtMs }: MergeFacts): string[] {
  const verdict = entries
    .filter((entry) => entry.type === "verdict" && entry.data.sha === headSha && entry.atMs < mergedAtMs + 1_000)
    .sort((a, b) => b.sequence - a.sequence)[0];
  const { rules = [], waiting = [] } = (verdict?.data ?? {}) as { rules?: string[]; waiting?: string[] };
  return [...new Set([...rules, ...waiting])].sort();
}
