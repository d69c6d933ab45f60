import type { Finding } from "../../model/finding.ts";
import { matchesPath, type PathPattern, readPattern } from "../../model/path-pattern.ts";
import type { Waiver } from "../../model/waiver.ts";
import { SINGLY_WAIVED } from "./waiver.ts";

/** Looks waivers up for findings. */
export interface Matcher {
  /** Those that cover a finding of a scan of this kind. */
  covering(kind: string, finding: Pick<Finding, "fingerprint" | "rule" | "location">): Waiver[];
  /** Not every pattern was tried on every path: what was not tried is not covered. */
  exhausted(): boolean;
}

/** Characters of a pattern times those of a path, over all that are tried: a second or so, as any contributor may propose waivers. */
const EFFORT_MAX = 100_000_000;

/** By fingerprint and by rule, and every path once, so that many findings and many waivers do not multiply. */
export function matcherOf(waivers: readonly Waiver[]): Matcher {
  const byFingerprint = new Map<string, Waiver[]>();
  const byRule = new Map<string, { waiver: Waiver; pattern: PathPattern; length: number }[]>();
  for (const waiver of waivers) {
    const { fingerprint, rule, path } = waiver;
    if (fingerprint !== undefined) {
      byFingerprint.set(fingerprint, [...(byFingerprint.get(fingerprint) ?? []), waiver]);
      continue;
    }
    const pattern = path === undefined ? undefined : readPattern(path);
    if (rule === undefined || path === undefined || !pattern) continue;
    const one = { waiver, pattern, length: path.length };
    const known = byRule.get(rule);
    if (known) known.push(one);
    else byRule.set(rule, [one]);
  }
  const known = new Map<string, Waiver[]>();
  let left = EFFORT_MAX;
  const wide = (rule: string, path: string): Waiver[] => {
    const candidates = byRule.get(rule);
    if (candidates === undefined) return [];
    const key = JSON.stringify([rule, path]);
    const had = known.get(key);
    if (had) return had;
    const found = candidates.filter(({ pattern, length }) => {
      left -= length * path.length;
      return left >= 0 && matchesPath(pattern, path);
    });
    const all = found.map(({ waiver }) => waiver);
    known.set(key, all);
    return all;
  };
  return {
    exhausted: () => left < 0,
    covering(kind, { fingerprint, rule, location }) {
      const single = (byFingerprint.get(fingerprint) ?? []).filter(
        (one) => one.rule === undefined || one.rule === rule,
      );
      const { path } = location;
      return path === undefined || SINGLY_WAIVED.includes(kind) ? single : [...single, ...wide(rule, path)];
    },
  };
}
