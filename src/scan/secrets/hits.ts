import { createHash } from "node:crypto";
import type { Finding } from "../../model/finding.ts";
import type { FileToScan } from "./file.ts";
import { kindOf } from "./kinds.ts";
import type { Hit } from "./worker.ts";

/** A hit with what is known of it; `line` counts in the text that was scanned, 0-based. */
export interface PlacedHit extends Hit {
  rule: string;
  firstLine: number;
  lastLine: number;
  fingerprint: string;
}

const MASK = "‹secret›";
const REMEDY =
  "Rotate it first: whoever saw the branch has it. Then take it out of the history (`git rebase -i <base>`, or `git commit --fixup` with " +
  "`--autosquash`) and force-push.";

/** Comments by which the usual scanners let themselves be told to look away. */
const SUPPRESSION =
  /secretlint-disable|(?:gitleaks|betterleaks|trufflehog|noseyparker):\s?(?:allow|ignore)|pragma:\s?(?:allow|white)list|\bnosec\b|\bnosemgrep\b|\bNOSONAR\b|\bggignore\b|(?:checkov|kics|talisman)[:-]\s?(?:skip|scan|ignore)/i;
const FILE_WIDE_SUPPRESSION = /secretlint-disable(?!-)/;

/**
 * Places hits in lines and gives them fingerprints: SHA-256 over rule, path and the masked lines with their blanks collapsed, and an
 * ordinal for equal ones, so that a finding keeps its fingerprint when lines move. The secret itself is not part of it: a
 * fingerprint is public, and a short password could be guessed from it.
 */
export function placeHits(path: string | undefined, text: string, hits: readonly Hit[]): PlacedHit[] {
  const starts = lineStarts(text);
  const ordinals = new Map<string, number>();
  return withoutOverlaps(hits.map((hit) => narrowed(text, hit))).map((hit, _at, all) => {
    const firstLine = lineAt(starts, hit.start);
    const lastLine = lineAt(starts, Math.max(hit.start, hit.end - 1));
    const from = starts[firstLine] ?? 0;
    const until = (starts[lastLine + 1] ?? text.length + 1) - 1;
    const context = masked(text, from, until, all).trim().replace(/\s+/g, " ");
    const rule = `secrets/${kindOf(hit.toolRule).name}`;
    const base = JSON.stringify([rule, path ?? null, context]);
    const ordinal = ordinals.get(base) ?? 0;
    ordinals.set(base, ordinal + 1);
    const fingerprint = createHash("sha256").update(`${base}\n${ordinal}`).digest("hex");
    return { ...hit, rule, firstLine, lastLine, fingerprint };
  });
}

/** A service account file is reported as a whole; the key in it is what counts. */
function narrowed(text: string, hit: Hit): Hit {
  if (!hit.toolRule.startsWith("gcp/")) return hit;
  const start = text.indexOf("-----BEGIN", hit.start);
  const end = text.indexOf('"', start);
  return start < 0 || end < 0 || end > hit.end ? hit : { ...hit, start, end };
}

/** Where two rules see the same place, the first and longest tells it. */
function withoutOverlaps(hits: readonly Hit[]): Hit[] {
  const sorted = [...hits].sort((a, b) => a.start - b.start || b.end - a.end || (a.toolRule < b.toolRule ? -1 : 1));
  const kept: Hit[] = [];
  let end = -1;
  for (const hit of sorted) {
    if (hit.start < end) continue;
    kept.push(hit);
    end = hit.end;
  }
  return kept;
}

function masked(text: string, from: number, until: number, hits: readonly Hit[]): string {
  let out = "";
  let at = from;
  for (const hit of hits) {
    if (hit.end <= from || hit.start >= until) continue;
    out += text.slice(at, Math.max(at, hit.start)) + MASK;
    at = Math.min(until, hit.end);
  }
  return out + text.slice(at, until);
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

function lineAt(starts: number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The findings of one file, or of a commit's message where `file.path` is undefined. */
export function findingsOf(
  file: Omit<FileToScan, "path"> & { path?: string },
  commit: string,
  hits: readonly Hit[],
): Finding[] {
  const lines = file.text.split("\n");
  const fileWide = FILE_WIDE_SUPPRESSION.test(file.text);
  const numberOf = (line: number) => (file.lineNumbers ? (file.lineNumbers[line] ?? 0) : line + 1);
  const findings: Finding[] = [];
  for (const hit of placeHits(file.path, file.text, hits)) {
    const touched = [];
    for (let line = hit.firstLine; line <= hit.lastLine; line++) touched.push(numberOf(line));
    if (file.addedLines && !touched.some((line) => file.addedLines?.has(line))) continue;
    const kind = kindOf(hit.toolRule);
    const around = lines.slice(Math.max(0, hit.firstLine - 1), hit.lastLine + 2).join("\n");
    const suppressed = fileWide || SUPPRESSION.test(around);
    const location: Finding["location"] = { commit };
    if (file.path !== undefined) location.path = file.path;
    const shown = touched.filter((line) => line > 0);
    if (!file.binary && shown[0] !== undefined) {
      location.line = shown[0];
      location.endLine = shown.at(-1) ?? shown[0];
    }
    findings.push({
      rule: hit.rule,
      severity: kind.severityOf?.(file.text.slice(hit.start, hit.end)) ?? kind.severity,
      message:
        `${capital(kind.label)} in ${file.path ?? "the commit message"}.` +
        (suppressed ? " A suppression comment does not count here." : ""),
      remedy: REMEDY,
      location,
      fingerprint: hit.fingerprint,
    });
  }
  return findings;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
