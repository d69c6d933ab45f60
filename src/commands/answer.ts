import { type GateVote, gateContent } from "../gate/gate.ts";
import { escapeMarkdown, inlineCode } from "../model/markdown.ts";
import { USAGE, VERBS } from "./parse.ts";

/** How one line of a comment ended. */
export type LineResult = { line: string } & (
  | { kind: "help" | "why" }
  /** `note`: what happens next, where the pull request does not show it at once. */
  | { kind: "done"; note?: string }
  | { kind: "refused" | "mistyped"; message: string }
);

const EXPLAINED: Record<keyof typeof USAGE, string> = {
  help: "this list",
  why: "why the gate says what it says, and what to do",
  retry: "read everything again and judge anew",
  hold: "keep this from being merged until somebody lifts it",
  unhold: "lift the hold",
  "ok-to-test": "let a fork's commit be tested; ends with the next push",
  preview: "bring the preview up, take it down, keep it longer (`24h` from now), put it to sleep or wake it",
  scan: "scan again what hms.yml asks for: all of it, or one kind such as `sast`",
  override: "set one rule aside for one commit, where the policy lets you",
};

export function reactionOf(results: LineResult[]): "+1" | "-1" | "confused" {
  if (results.some((result) => result.kind === "refused")) return "-1";
  return results.some((result) => result.kind === "mistyped") ? "confused" : "+1";
}

/** The comment to post, or undefined where the reaction says it all. */
export function answerText(
  results: LineResult[],
  facts: { headSha: string; vote: GateVote | undefined; askedBy: string },
): string | undefined {
  const parts = results.flatMap((result): string[] => {
    if ("message" in result) return [`${inlineCode(result.line.slice(0, 200))}: ${escapeMarkdown(result.message)}`];
    if (result.kind === "done") return result.note === undefined ? [] : [escapeMarkdown(result.note)];
    if (result.kind === "help") return [help()];
    return result.kind === "why" ? [why(facts)] : [];
  });
  return parts.length === 0 ? undefined : [...new Set(parts)].join("\n\n");
}

function help(): string {
  const rows = VERBS.map((verb) => `- ${inlineCode(USAGE[verb])} — ${EXPLAINED[verb]}`);
  return `One command per line:\n\n${rows.join("\n")}`;
}

function why(facts: { headSha: string; vote: GateVote | undefined }): string {
  if (!facts.vote)
    return `Nothing was decided about ${inlineCode(facts.headSha.slice(0, 7))} yet. The gate updates by itself.`;
  const { title, summary, text } = gateContent(facts.headSha, [facts.vote]);
  return `**${escapeMarkdown(title)}** at ${inlineCode(facts.headSha.slice(0, 7))}\n\n${summary}\n\n${text}`;
}
