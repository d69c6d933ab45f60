import type { Finding } from "../../model/finding.ts";
import { matchesPath, type PathPattern, readPattern } from "../../model/path-pattern.ts";
import type { Waiver } from "../../model/waiver.ts";
import { SINGLY_WAIVED } from "./waiver.ts";

/** The waivers that cover a finding of a scan of this kind. */
export type Matcher = (kind: string, finding: Pick<Finding, "fingerprint" | "rule" | "location">) => Waiver[];

/** Looks waivers up by fingerprint and by rule, so that many findings and many waivers do not multiply. */
export function matcherOf(waivers: readonly Waiver[]): Matcher {
  const byFingerprint = new Map<string, Waiver[]>();
  const byRule = new Map<string, { waiver: Waiver; pattern: PathPattern }[]>();
  for (const waiver of waivers) {
    const { fingerprint, rule, path } = waiver;
    if (fingerprint !== undefined) {
      byFingerprint.set(fingerprint, [...(byFingerprint.get(fingerprint) ?? []), waiver]);
      continue;
    }
    const pattern = path === undefined ? undefined : readPattern(path);
    if (rule === undefined || !pattern) continue;
    const known = byRule.get(rule);
    if (known) known.push({ waiver, pattern });
    else byRule.set(rule, [{ waiver, pattern }]);
  }
  return (kind, { fingerprint, rule, location }) => {
    const single = (byFingerprint.get(fingerprint) ?? []).filter((one) => one.rule === undefined || one.rule === rule);
    const { path } = location;
    if (path === undefined || SINGLY_WAIVED.includes(kind)) return single;
    const wide = byRule.get(rule) ?? [];
    return [...single, ...wide.filter(({ pattern }) => matchesPath(pattern, path)).map(({ waiver }) => waiver)];
  };
}
