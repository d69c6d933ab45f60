import type { Finding, Severity } from "../../model/finding.ts";
import { SEVERITIES } from "../../model/finding.ts";
import { escapeMarkdown, inlineCode } from "../../model/markdown.ts";

/** What `hms/scan/<kind>` shows. Never `neutral` or `skipped`: GitHub counts both as passing. */
export type ScanCheckRun = {
  /** One line: state and number. */
  title: string;
  summary: string;
  text: string;
  /** At most {@link ANNOTATIONS_MAX}; the summary says of how many. */
  annotations: Annotation[];
} & ({ status: "completed"; conclusion: "success" | "failure" } | { status: "in_progress" });

/** As GitHub's API for check runs names it. */
export interface Annotation {
  path: string;
  start_line: number;
  end_line: number;
  annotation_level: "failure" | "warning" | "notice";
  title: string;
  message: string;
}

const LEVELS: Record<Severity, Annotation["annotation_level"]> = {
  critical: "failure",
  high: "failure",
  medium: "warning",
  low: "notice",
  note: "notice",
};
/** GitHub takes 50 per request, and nobody reads more. */
export const ANNOTATIONS_MAX = 200;
/** From here on the check fails; what is milder is shown in a check that passes. The gate's policy judges for itself. */
export const FAILING: readonly Severity[] = ["critical", "high"];

/** None where the head has no such line. */
export function annotationOf(finding: Finding): Annotation[] {
  const { path, line, endLine, headLine } = finding.location;
  if (path === undefined || headLine === undefined) return [];
  const height = line !== undefined && endLine !== undefined ? Math.max(0, endLine - line) : 0;
  return [
    {
      path,
      start_line: headLine,
      end_line: headLine + height,
      annotation_level: LEVELS[finding.severity],
      title: `${finding.rule} (${finding.severity})`,
      message: `${sentence(finding.message)} ${finding.remedy}`,
    },
  ];
}

/** Many tools end their messages without a full stop. */
export function sentence(text: string): string {
  return /[\p{L}\p{N})\]'"`]$/u.test(text) ? `${text}.` : text;
}

/** Our own remedies hold code in backticks, which is the only markup that is let through. */
export function escapeRemedy(finding: Finding | undefined): string {
  const parts = (finding?.remedy ?? "").split("`");
  return parts
    .map((part, at) => (at % 2 === 1 && at < parts.length - 1 ? inlineCode(part) : escapeMarkdown(part)))
    .join("");
}

/** `2 critical, 1 low`; empty for no findings. */
export function bySeverity(findings: readonly Finding[]): string {
  return SEVERITIES.flatMap((severity) => {
    const number = findings.filter((finding) => finding.severity === severity).length;
    return number > 0 ? [`${grouped(number)} ${severity}`] : [];
  }).join(", ");
}

export function bySeverityAndPlace(a: Finding, b: Finding): number {
  return (
    SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
    compare(a.location.path ?? "", b.location.path ?? "") ||
    (a.location.headLine ?? a.location.line ?? 0) - (b.location.headLine ?? b.location.line ?? 0) ||
    compare(a.fingerprint, b.fingerprint)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function count(number: number, noun: string): string {
  return `${grouped(number)} ${noun}${number === 1 ? "" : "s"}`;
}

/** `1,342`. */
export function grouped(number: number): string {
  return number.toLocaleString("en-US");
}

/** More of the shortest lines than GitHub takes in one text. */
const LINES_MAX = 3_000;

/** A line for each finding. Those that no text could hold are not written but stand there empty, so that they are counted as left out. */
export function linesOf(findings: readonly Finding[], line: (finding: Finding) => string): string[] {
  return findings.map((finding, at) => (at < LINES_MAX ? line(finding) : ""));
}

const REASON_SHOWN = 300;

/** Which findings do not count, until when, and who answers for it. `where`: how a finding's place is written. */
export function waivedLines(waived: readonly Finding[], where: (finding: Finding) => string): string[] {
  if (waived.length === 0) return [];
  const line = (finding: Finding): string => {
    const { until = "", owner = "", reason = "" } = finding.waiver ?? {};
    const of = `${inlineCode(finding.rule)} in ${inlineCode(where(finding))}`;
    return `- ${of}: until ${escapeMarkdown(until)}, ${escapeMarkdown(owner)}: ${escapeMarkdown(reason.slice(0, REASON_SHOWN))}`;
  };
  return ["", "**Waived:**", ...linesOf(waived, line)];
}

/** That some findings count all the same; `counting`: those that do. */
export function proposedLines(counting: readonly Finding[]): string[] {
  const proposed = counting.filter((finding) => finding.wouldBeWaived).length;
  if (proposed === 0) return [];
  const what = proposed === 1 ? "1 finding counts" : `${grouped(proposed)} findings count`;
  const waivers = proposed === 1 ? "a waiver for it" : "waivers for them";
  return [
    "",
    `${what} although this pull request proposes ${waivers}: waivers hold once they are on the default branch.`,
  ];
}

/** What is to be known of the scan, and of the waivers that concern it. */
export function noteLines({ waiverNotes = [], notes }: { waiverNotes?: string[]; notes: string[] }): string[] {
  const all = [...waiverNotes, ...notes];
  return all.length === 0 ? [] : ["", ...all.map((note) => `- ${escapeMarkdown(note.slice(0, 1_000))}`)];
}

export function cut(noun: string): (leftOut: number) => string {
  return (leftOut) =>
    `*${leftOut} ${noun}${leftOut === 1 ? "" : "s"} left out here: GitHub takes no longer text. The verdict counts all findings.*`;
}
