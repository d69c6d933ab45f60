import { sha256Hex } from "../../model/canonical-json.ts";
import { type Finding, SEVERITIES } from "../../model/finding.ts";
import type { FileToScan } from "./file.ts";
import { kindOf } from "./kinds.ts";
import { unscanned } from "./unscanned.ts";
import type { Hit } from "./worker.ts";

/** A hit with what is known of it; `line` counts in the text that was scanned, 0-based. */
export interface PlacedHit extends Hit {
  rule: string;
  firstLine: number;
  lastLine: number;
  fingerprint: string;
}

/** Findings that one file is told with; one more counts the rest. */
const FINDINGS_MAX = 200;
/** Hits of one file that are placed at all: this runs beside the service's other work, and a file can be made of hits. */
const PLACED_MAX = 2_000;
/** Characters on each side of a hit that belong to its context. A line can be a file's whole length. */
const CONTEXT_LENGTH = 200;
const MASK = "‹secret›";
const REMEDY =
  "Rotate it first: whoever saw the branch has it. Then take it out of the history (`git rebase -i <base>`, or `git commit --fixup` with " +
  "`--autosquash`) and force-push.";

/** Comments by which the usual scanners let themselves be told to look away. */
const SUPPRESSION =
  /secretlint-disable|(?:gitleaks|betterleaks|trufflehog|noseyparker):\s?(?:allow|ignore)|pragma:\s?(?:allow|white)list|\bnosec\b|\bnosemgrep\b|\bNOSONAR\b|\bggignore\b|(?:checkov|kics|talisman)[:-]\s?(?:skip|scan|ignore)/i;
const FILE_WIDE_SUPPRESSION = /secretlint-disable(?!-)/;

/**
 * Places hits in lines and gives them fingerprints: SHA-256 over rule, path and the masked lines (of long ones: what is near) with
 * their blanks collapsed, and an ordinal for equal ones, so that a finding keeps its fingerprint when lines move. Of the secret itself only a
 * {@link traceOf trace} is part of it: a fingerprint is public, and a short password could be guessed from more.
 */
export function placeHits(path: string | undefined, text: string, hits: readonly Hit[]): PlacedHit[] {
  return place(path, text, distinct(text, hits).slice(0, PLACED_MAX));
}

/** Hits in the text's order without overlaps. */
function distinct(text: string, hits: readonly Hit[]): Hit[] {
  return withoutOverlaps(hits.map((hit) => narrowed(text, hit)));
}

function place(path: string | undefined, text: string, hits: readonly Hit[]): PlacedHit[] {
  const starts = lineStarts(text);
  const ordinals = new Map<string, number>();
  return hits.map((hit, at) => {
    const firstLine = lineAt(starts, hit.start);
    const lastLine = lineAt(starts, Math.max(hit.start, hit.end - 1));
    const from = Math.max(starts[firstLine] ?? 0, hit.start - CONTEXT_LENGTH);
    const until = Math.min((starts[lastLine + 1] ?? text.length + 1) - 1, hit.end + CONTEXT_LENGTH);
    const context = masked(text, from, until, near(hits, at, from, until))
      .trim()
      .replace(/\s+/g, " ");
    const rule = `secrets/${kindOf(hit.toolRule).name}`;
    const base = JSON.stringify([rule, path ?? null, context, traceOf(text.slice(hit.start, hit.end))]);
    const ordinal = ordinals.get(base) ?? 0;
    ordinals.set(base, ordinal + 1);
    const fingerprint = sha256Hex(`${base}\n${ordinal}`);
    return { ...hit, rule, firstLine, lastLine, fingerprint };
  });
}

/** Twelve bits: whoever waives one secret does not waive the next one in its place, and a guess is right once in 4,096 times anyway. */
function traceOf(secret: string): string {
  return sha256Hex(secret.replace(/\s+/g, "")).slice(0, 3);
}

/** The hits around `hits[at]` that reach into a stretch of the text. */
function near(hits: readonly Hit[], at: number, from: number, until: number): readonly Hit[] {
  let first = at;
  while ((hits[first - 1]?.end ?? -1) > from) first--;
  let last = at;
  while ((hits[last + 1]?.start ?? Number.POSITIVE_INFINITY) < until) last++;
  return hits.slice(first, last + 1);
}

/** A service account file is reported as a whole; the key in it is what counts. */
function narrowed(text: string, hit: Hit): Hit {
  if (!hit.toolRule.startsWith("gcp/")) return hit;
  const within = text.slice(hit.start, hit.end + 1);
  const start = within.indexOf("-----BEGIN");
  const end = start < 0 ? -1 : within.indexOf('"', start);
  return end < 0 ? hit : { ...hit, start: hit.start + start, end: hit.start + end };
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
  const fileWide = FILE_WIDE_SUPPRESSION.test(file.text);
  const numberOf = (line: number) => (file.lineNumbers ? (file.lineNumbers[line] ?? 0) : line + 1);
  const findings: Finding[] = [];
  const all = distinct(file.text, hits);
  for (const hit of place(file.path, file.text, all.slice(0, PLACED_MAX))) {
    const touched = [];
    for (let line = hit.firstLine; line <= hit.lastLine; line++) touched.push(numberOf(line));
    if (file.addedLines && !touched.some((line) => file.addedLines?.has(line))) continue;
    const kind = kindOf(hit.toolRule);
    const suppressed = fileWide || SUPPRESSION.test(around(file.text, hit));
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
  return worstOf(findings, all.length - PLACED_MAX, commit, file.path);
}

/** At most {@link FINDINGS_MAX}, the worst; the others, and `unplaced` hits that were not looked at, are one finding more. */
function worstOf(findings: Finding[], unplaced: number, commit: string, path: string | undefined): Finding[] {
  const left = Math.max(0, findings.length - FINDINGS_MAX) + Math.max(0, unplaced);
  if (left === 0) return findings;
  const rank = (finding: Finding) => SEVERITIES.indexOf(finding.severity);
  const worst = [...findings].sort((a, b) => rank(a) - rank(b)).slice(0, FINDINGS_MAX);
  const where = path ?? "the commit message";
  return [
    ...worst,
    unscanned(commit, path, `${left} further places in ${where} look like secrets and are not listed.`),
  ];
}

/** What stands near a hit in its lines, the one before and the one after; the hit itself is left out. */
function around(text: string, hit: PlacedHit): string {
  const before = text.slice(Math.max(0, hit.start - CONTEXT_LENGTH), hit.start);
  const after = text.slice(hit.end, hit.end + CONTEXT_LENGTH);
  return `${before.split("\n").slice(-2).join("\n")}\n${after.split("\n").slice(0, 2).join("\n")}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
