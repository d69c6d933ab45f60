import type { Finding } from "../model/finding.ts";
import { newSideOfPatch } from "./secrets/patch.ts";

/**
 * Tells which findings of the head the merge base has as well. Equal ones are counted: a second copy of an old flaw is new. `renames`: from
 * the path in the base to the one in the head.
 */
export function compareWithBaseline(
  head: readonly Finding[],
  base: readonly Finding[],
  renames: ReadonlyMap<string, string>,
): { findings: Finding[]; fixed: Finding[] } {
  const known = new Map<string, Finding[]>();
  for (const finding of base) {
    const { path } = finding.location;
    const key = sameness(finding, path === undefined ? undefined : (renames.get(path) ?? path));
    const others = known.get(key);
    if (others) others.push(finding);
    else known.set(key, [finding]);
  }
  const findings = head.map((finding): Finding => {
    const matched = known.get(sameness(finding, finding.location.path))?.pop();
    return { ...finding, baseline: matched ? "unchanged" : "new" };
  });
  return { findings, fixed: [...known.values()].flat() };
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
