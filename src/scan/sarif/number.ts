import type { Finding } from "../../model/finding.ts";
import { digest } from "./identity.ts";

/**
 * Gives equal findings of a report fingerprints of their own: the second one in a file is not covered by what was said of the first.
 * They are counted in the order of their lines and `columns` (by place in the list), so that the order of the report does not matter.
 */
export function numberEqual(findings: readonly Finding[], columns: readonly number[]): void {
  // Most stand alone: a list is made only for those that do not.
  const first = new Map<string, number>();
  const equal = new Map<string, number[]>();
  for (const [at, { fingerprint }] of findings.entries()) {
    const before = first.get(fingerprint);
    if (before === undefined) first.set(fingerprint, at);
    else {
      const group = equal.get(fingerprint);
      if (group) group.push(at);
      else equal.set(fingerprint, [before, at]);
    }
  }
  const lineOf = (at: number) => findings[at]?.location.line ?? 0;
  for (const [fingerprint, group] of equal) {
    group.sort((a, b) => lineOf(a) - lineOf(b) || (columns[a] ?? 0) - (columns[b] ?? 0));
    for (const [number, at] of group.entries()) {
      const finding = findings[at];
      if (finding && number > 0) finding.fingerprint = digest(fingerprint, number);
    }
  }
}
