import type { Finding } from "../model/finding.ts";
import { newSideOfPatch } from "./secrets/patch.ts";

/** A finding of the merge base that waits for one of the head to answer for. */
interface Old {
  finding: Finding;
  key: string;
  taken?: true;
}

export interface Compared {
  findings: Finding[];
  fixed: Finding[];
  /** By the fingerprint in the head the one in the merge base, where a rename made another of it. */
  formerly: ReadonlyMap<string, string>;
}

/**
 * Tells which findings of the head the merge base has as well. Equal ones are counted: a second copy of an old flaw is new, and it is always the
 * one that the base's fingerprints do not have, so that what a waiver covers there covers no new one here. `renames`: from the path in the base to
 * the one in the head.
 */
export function compareWithBaseline(
  head: readonly Finding[],
  base: readonly Finding[],
  renames: ReadonlyMap<string, string>,
): Compared {
  const before = base.map((finding): Old => {
    const { path } = finding.location;
    return { finding, key: sameness(finding, path === undefined ? undefined : (renames.get(path) ?? path)) };
  });
  const keys = head.map((finding) => sameness(finding, finding.location.path));
  const byFingerprint = Map.groupBy(before, ({ finding }) => finding.fingerprint);
  const byKey = Map.groupBy(before, ({ key }) => key);
  const exact = head.map(({ fingerprint }, at) => take(byFingerprint.get(fingerprint), keys[at]));
  const formerly = new Map<string, string>();
  const findings = head.map((finding, at): Finding => {
    const matched = exact[at] ?? take(byKey.get(keys[at] ?? ""), keys[at]);
    if (matched && matched.fingerprint !== finding.fingerprint) formerly.set(finding.fingerprint, matched.fingerprint);
    return { ...finding, baseline: matched ? "unchanged" : "new" };
  });
  return { findings, fixed: before.flatMap(({ finding, taken }) => (taken ? [] : [finding])), formerly };
}

/** One that nobody took yet. */
function take(list: Old[] | undefined, key: string | undefined): Finding | undefined {
  for (let one = list?.pop(); one !== undefined; one = list?.pop()) {
    if (one.taken || one.key !== key) continue;
    one.taken = true;
    return one.finding;
  }
  return undefined;
}

/** What two findings have in common that are the same flaw. */
function sameness(finding: Finding, path: string | undefined): string {
  const { context, rule, fingerprint } = finding;
  return context === undefined ? fingerprint : JSON.stringify([rule, path ?? null, context]);
}

/** Which lines of the head a pull request changes. */
export interface ChangedLines {
  /** By path in the head: ranges [from, to], 1-based, inclusive. */
  lines: ReadonlyMap<string, readonly (readonly [number, number])[]>;
  /** False: there may be more than `lines` tells. */
  complete: boolean;
}

/** The lines that a patch of GitHub adds, as ranges [from, to] of the new version, 1-based, inclusive. */
export function changedLinesOfPatch(patch: string): [number, number][] {
  const ranges: [number, number][] = [];
  for (const line of [...newSideOfPatch(patch).added].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last && last[1] === line - 1) last[1] = line;
    else ranges.push([line, line]);
  }
  return ranges;
}

/** The findings, those marked that stand on a line that the pull request changes. */
export function onChangedLines(findings: readonly Finding[], changed: ChangedLines): Finding[] {
  return findings.map((finding) => {
    const { path, headLine, endLine } = finding.location;
    if (path === undefined || headLine === undefined) return finding;
    const ranges = changed.lines.get(path);
    if (ranges === undefined && !changed.complete) return finding;
    const last = Math.max(headLine, endLine ?? headLine);
    const touched = ranges?.some(([from, to]) => from <= last && headLine <= to) ?? false;
    return { ...finding, onChangedLine: touched };
  });
}
