import { CHECK_TEXT_LIMIT, escapeMarkdown, inlineCode, joinWithin, oneLine } from "../model/markdown.ts";
import type { PreviewRecord } from "../model/preview.ts";
import { linkOf, partsTable, reasonsTable, TITLES, timeToLive } from "./words.ts";

/** What `hms/preview` says of one commit. Never `neutral` or `skipped`: GitHub counts both as passing. */
export interface PreviewCheck {
  name: "hms/preview";
  sha: string;
  state: { status: "in_progress" } | { status: "completed"; conclusion: "success" | "failure" | "action_required" };
  title: string;
  summary: string;
  text: string;
}

const TITLE_MAX = 120;

/**
 * The check of one commit; undefined where there is nothing to say of it: a check is only written of a commit whose preview is wanted, or was
 * `shown` there before, as what once was green must not stay so.
 */
export function previewCheck(sha: string, record: PreviewRecord, shown = false): PreviewCheck | undefined {
  if (record.sha !== sha) return undefined;
  const state = stateOf(record, shown);
  if (state === undefined) return undefined;
  return {
    name: "hms/preview",
    sha,
    state,
    title: titleOf(record),
    summary: joinWithin(
      [lead(record), ...spaced(reasonsTable(record.reasons)), ...spaced(timeToLive(record))],
      CHECK_TEXT_LIMIT,
      cut,
    ),
    text: joinWithin([...partsTable(record.parts), ...spaced([footer(record)])], CHECK_TEXT_LIMIT, cut),
  };
}

function stateOf(record: PreviewRecord, shown: boolean): PreviewCheck["state"] | undefined {
  if (record.unknown !== undefined) return { status: "in_progress" };
  switch (record.state) {
    case "healthy":
      return { status: "completed", conclusion: "success" };
    case "degraded":
    case "failed":
      return { status: "completed", conclusion: "failure" };
    case "queued":
    case "provisioning":
      return { status: "in_progress" };
    case "blocked":
      return shown || record.reasons.some(({ awaits }) => awaits === "people")
        ? { status: "completed", conclusion: "action_required" }
        : undefined;
    // It ran at this commit, and does not now: not known to be healthy, and one command away from being known.
    case "sleeping":
      return { status: "completed", conclusion: "action_required" };
    case "tearing-down":
      return shown ? { status: "in_progress" } : undefined;
    case "disabled":
    case "skipped":
    case "gone":
      return shown ? { status: "completed", conclusion: "action_required" } : undefined;
  }
}

function titleOf(record: PreviewRecord): string {
  const why = oneLine(record.reasons[0]?.message ?? "").trim();
  const of = (text: string): string => (why === "" ? text : `${text}: ${why}`);
  if (record.unknown !== undefined) return clip(`Not known: ${oneLine(record.unknown)}`);
  switch (record.state) {
    case "healthy":
      return clip(record.url === undefined ? TITLES.healthy : `${TITLES.healthy} · ${record.url}`);
    case "queued":
      return clip(record.position === undefined ? of(TITLES.queued) : `Queued: number ${record.position} in line`);
    case "blocked":
      return clip(
        record.reasons[0]?.cause === "fork" ? "Waiting: someone has to let this commit run" : of(TITLES.blocked),
      );
    case "sleeping":
      return "Asleep · wake it with /hms preview wake";
    default:
      return clip(of(TITLES[record.state]));
  }
}

function lead(record: PreviewRecord): string {
  if (record.unknown !== undefined) {
    return `What the cluster shows is not known at the moment, and what is not known is never green. This check updates by itself. ${escapeMarkdown(record.unknown)}`;
  }
  const at = `commit ${inlineCode(record.sha.slice(0, 7))}`;
  switch (record.state) {
    case "healthy":
      return record.url === undefined ? `The preview runs ${at}.` : `The preview runs ${at}: ${linkOf(record.url)}`;
    case "degraded":
      return `The preview of ${at} is there, but not all of it is healthy.`;
    case "failed":
      return `The preview of ${at} could not be made. What stands in the way is listed; a push or a change there is picked up by itself.`;
    case "queued":
      return `The preview of ${at} waits for its turn. This check updates by itself.`;
    case "provisioning":
      return `The preview of ${at} is being made. This check updates by itself.`;
    case "blocked":
      return "There is no preview of this commit before somebody acts.";
    case "sleeping":
      return "The preview is asleep: nothing runs, its volumes are kept. To wake it, comment `/hms preview wake`.";
    case "tearing-down":
      return "The preview is being removed.";
    default:
      return "There is no preview of this commit any more.";
  }
}

function footer({ slug, made }: PreviewRecord): string {
  const clusters = [...new Set(made.map(({ cluster }) => cluster))].map(inlineCode).join(", ");
  const where = clusters === "" ? "" : `Namespace ${inlineCode(slug)} on ${clusters}. `;
  return `${where}Comment \`/hms preview up\`, \`down\`, \`sleep\`, \`wake\` or \`extend 24h\` to change it.`;
}

function spaced(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", ...lines];
}

function clip(title: string): string {
  return title.length > TITLE_MAX ? `${title.slice(0, TITLE_MAX - 1)}…` : title;
}

function cut(leftOut: number): string {
  return `*${leftOut} lines left out here: GitHub takes no longer text.*`;
}
