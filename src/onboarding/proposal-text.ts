import { escapeMarkdown, inlineCode } from "../model/markdown.ts";
import type { GateState } from "../model/verdict.ts";

/** What the gate would have said about one pull request that was merged. */
export interface PastMerge {
  number: number;
  title: string;
  outcome: GateState;
  /** The rules that said no, or that would have waited. */
  rules: string[];
}

const VERB: Record<Exclude<GateState, "allow">, string> = {
  deny: "blocked",
  "waiting-on-people": "held back until somebody acted",
  "waiting-on-machines": "held back until a check reported",
  unknown: "not decided",
};

/** The pull request's text: what HMS-SYS is, what merging this does, and what it would have done. */
export function proposalText(merges: readonly PastMerge[], publicUrl: string): string {
  return [
    "This proposes a first configuration for **HMS-SYS**, which was installed on this repository.",
    "It starts in _shadow_ mode: each pull request gets a check `hms/gate-shadow` that says what the gate would do, and nothing is blocked. Change `mode` to `enforce` and make `hms/gate` a required check when you are content with it.",
    "Close this pull request if you do not want a file: the defaults then hold, and it is not proposed again.",
    "### What the gate would have done",
    report(merges),
    `Everything that the file may hold: [its schema](${publicUrl}/schema/hms.json). Comment \`/hms help\` on any pull request for the commands.`,
  ].join("\n\n");
}

function report(merges: readonly PastMerge[]): string {
  if (merges.length === 0) return "Nothing was merged here by a pull request yet, so there is nothing to compare with.";
  const stopped = merges.filter(({ outcome }) => outcome !== "allow");
  const last = merges.length === 1 ? "your last merge" : `your last ${merges.length} merges`;
  if (stopped.length === 0) return `Under these defaults it would have let through all of ${last}.`;
  const rows = stopped.map(
    ({ number, title, outcome, rules }) =>
      `| ${number} | ${escapeMarkdown(title.slice(0, 100))} | ${VERB[outcome as keyof typeof VERB]} | ${rules.map(inlineCode).join(", ") || "–"} |`,
  );
  return [
    `Under these defaults it would have stopped ${merges.length === 1 ? last : `${stopped.length} of ${last}`}:`,
    "",
    "| Pull request | | It would have been | By |",
    "|---|---|---|---|",
    ...rows,
  ].join("\n");
}
