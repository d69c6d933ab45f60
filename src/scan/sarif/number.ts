import type { Finding } from "../../model/finding.ts";
import { digest } from "./identity.ts";
import type { Placed } from "./run.ts";

/**
 * Gives equal findings of a report fingerprints of their own: the second one in a file is not covered by what was said of the first.
 * They are counted in the order of their lines, so that the order of the report does not matter.
 */
export function numbered(placed: readonly Placed[]): Finding[] {
  const equal = new Map<string, Placed[]>();
  for (const one of placed) {
    const others = equal.get(one.finding.fingerprint);
    if (others) others.push(one);
    else equal.set(one.finding.fingerprint, [one]);
  }
  for (const [fingerprint, group] of equal) {
    if (group.length === 1) continue;
    group.sort((a, b) => lineOf(a) - lineOf(b) || a.column - b.column);
    for (const [at, { finding }] of group.entries()) if (at > 0) finding.fingerprint = digest(fingerprint, at);
  }
  return placed.map(({ finding }) => finding);
}

function lineOf({ finding }: Placed): number {
  return finding.location.line ?? 0;
}
