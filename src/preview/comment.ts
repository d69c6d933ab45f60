import { CHECK_TEXT_LIMIT, escapeMarkdown, inlineCode, joinWithin } from "../model/markdown.ts";
import type { PreviewRecord } from "../model/preview.ts";
import { commandsOf, linkOf, partsTable, reasonsTable, TITLES, timeToLive } from "./words.ts";

const MARKS: Partial<Record<PreviewRecord["state"], string>> = {
  healthy: "✅",
  degraded: "❌",
  failed: "❌",
  blocked: "✋",
  sleeping: "💤",
};

/**
 * The one comment about a preview, in Markdown. Undefined where nothing needs to be said: there is no preview, and no comment has said anything else
 * (`shown`). It changes only when something happens.
 */
export function previewComment(
  record: PreviewRecord,
  { shown, pageUrl }: { shown: boolean; pageUrl?: string },
): string | undefined {
  const { state, unknown, url, sha, reasons, parts } = record;
  const absent = state === "disabled" || state === "skipped" || state === "gone";
  if (absent && !shown) return undefined;
  const mark = unknown === undefined ? (MARKS[state] ?? (absent ? "⚪" : "⏳")) : "❔";
  const title = unknown === undefined ? TITLES[state] : "Not known at the moment";
  const position = state === "queued" && record.position !== undefined ? ` (number ${record.position} in line)` : "";
  const commands = commandsOf(state);
  const lines = [
    `### ${mark} Preview: ${title}${position}`,
    "",
    ...(unknown === undefined ? [] : [escapeMarkdown(unknown), ""]),
    ...(state === "healthy" && unknown === undefined && url !== undefined ? [`**${linkOf(url)}**`, ""] : []),
    `Commit ${inlineCode(sha.slice(0, 7))}. ${timeToLive(record).join(" ")}`.trimEnd(),
    ...section(reasonsTable(reasons)),
    ...section(partsTable(parts)),
    ...(commands.length === 0 ? [] : ["", "To change it, comment one of these lines:", "", "```", ...commands, "```"]),
    ...(pageUrl === undefined ? [] : ["", `More: <${pageUrl}>`]),
  ];
  return joinWithin(lines, CHECK_TEXT_LIMIT - RESERVE, (leftOut) => `*${leftOut} lines left out.*`);
}

/** For the mark by which the comment is found again. */
const RESERVE = 200;

function section(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", ...lines];
}
