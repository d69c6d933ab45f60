import type { Finding } from "../model/finding.ts";
export function compareWithBaseline(
  head: readonly Finding[],
  base: readonly Finding[],
  _renames: ReadonlyMap<string, string>,
): { findings: Finding[]; fixed: Finding[] } {
  const left = new Map<string, Finding[]>();
  for (const one of base) left.set(one.fingerprint, [...(left.get(one.fingerprint) ?? []), one]);
  const findings = head.map((one): Finding => {
    const known = left.get(one.fingerprint)?.pop();
    return { ...one, baseline: known ? "unchanged" : "new" };
  });
  return { findings, fixed: [...left.values()].flat() };
}
export interface ChangedLines {
  /** By path in the head: ranges [from,to], 1-based, inclusive */
  lines: ReadonlyMap<string, readonly (readonly [number, number])[]>;
  complete: boolean;
}
export function changedLinesOfPatch(_patch: string): [number, number][] {
  return [];
}
export function onChangedLines(findings: readonly Finding[], _changed: ChangedLines): Finding[] {
  return [...findings];
}
