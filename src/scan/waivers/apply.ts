import type { Finding, ScanReport } from "../../model/finding.ts";
import type { Waiver } from "../../model/waiver.ts";
import type { Judged } from "./judged.ts";
import { type Matcher, matcherOf } from "./match.ts";
import { waiverNotes } from "./notes.ts";
import { dayAfter, kindOfRule, SINGLY_WAIVED, WAIVER_DAYS_MAX } from "./waiver.ts";

type Completed = Extract<ScanReport, { status: "completed" }>;

/** Scans that look at the commits of the pull request only: what they do not find need not be gone. */
const OF_COMMITS = SINGLY_WAIVED;

/**
 * Marks the findings that a waiver of the default branch covers, and those that would be covered by what the pull request proposes, which does
 * not count yet. Notes name waivers that are in use, expired, too long or unused.
 * @param inForce the default branch's waivers.
 * @param proposed the pull request's own new text, where it changes the file.
 * @param today ISO date, UTC.
 * @returns `validUntilMs`: when the next waiver that is in use expires.
 */
export function applyWaivers(
  reports: readonly ScanReport[],
  inForce: readonly Waiver[],
  proposed: readonly Waiver[] | undefined,
  today: string,
  daysMax = WAIVER_DAYS_MAX,
): { reports: ScanReport[]; validUntilMs?: number } {
  const last = dayAfter(today, daysMax);
  const counting = (waiver: Waiver) => waiver.expires >= today && waiver.expires <= last;
  const now = matcherOf(inForce.filter(counting));
  const void_ = matcherOf(inForce.filter((waiver) => !counting(waiver)));
  const then = proposed && matcherOf(proposed.filter(counting));
  const unplaced = unplacedUnused(reports, inForce.filter(counting), now);
  let until: string | undefined;
  const applied = reports.map((report): ScanReport => {
    if (report.status !== "completed") return report;
    const found = report.findings.map((finding) => judged(report.kind, finding, { now, void_, then }));
    for (const { by } of found) if (by && (until === undefined || by.expires < until)) until = by.expires;
    const own = [...ofKind(report, inForce), ...(report === wholeTree(reports)[0] ? unplaced : [])];
    const partly = now.exhausted() || void_.exhausted() || (then?.exhausted() ?? false);
    const notes = waiverNotes({ found, own, proposes: proposed !== undefined, partly, today, last, daysMax });
    return {
      ...report,
      findings: found.map((one) => one.finding),
      ...(notes.length > 0 ? { waiverNotes: [...(report.waiverNotes ?? []), ...notes] } : {}),
    };
  });
  return {
    reports: applied,
    ...(until === undefined ? {} : { validUntilMs: Date.parse(`${dayAfter(until, 1)}T00:00:00Z`) }),
  };
}

function judged(
  kind: string,
  given: Finding,
  { now, void_, then }: { now: Matcher; void_: Matcher; then: Matcher | undefined },
): Judged {
  // Whatever was said before: here it is decided.
  const { waiver: _, wouldBeWaived: __, ...finding } = given;
  const matching = now.covering(kind, finding);
  const by = longest(matching);
  const wouldBe = then && longest(then.covering(kind, finding));
  const covering = [...matching, ...void_.covering(kind, finding)];
  if (by)
    return {
      finding: { ...finding, waiver: { reason: by.reason, owner: by.owner, until: by.expires, line: by.line } },
      by,
      covering,
      ...(wouldBe ? { wouldBe } : {}),
    };
  return wouldBe ? { finding: { ...finding, wouldBeWaived: true }, covering, wouldBe } : { finding, covering };
}

function longest(waivers: readonly Waiver[]): Waiver | undefined {
  return waivers.reduce<Waiver | undefined>((a, b) => (a === undefined || b.expires > a.expires ? b : a), undefined);
}

/** Waivers whose rule says that they belong to this scan. */
function ofKind({ kind }: Completed, waivers: readonly Waiver[]): Waiver[] {
  if (OF_COMMITS.includes(kind)) return [];
  return waivers.filter(({ rule }) => rule !== undefined && kindOfRule(rule) === kind);
}

/** A fingerprint alone does not say which scan it is of: it is unused only if all scans have said what they found. */
function unplacedUnused(reports: readonly ScanReport[], waivers: readonly Waiver[], now: Matcher): Waiver[] {
  if (!reports.every((report) => report.status === "completed")) return [];
  const used = new Set(
    reports.flatMap((report) =>
      report.status === "completed" ? report.findings.flatMap((one) => now.covering(report.kind, one)) : [],
    ),
  );
  return waivers.filter((waiver) => waiver.rule === undefined && !used.has(waiver));
}

function wholeTree(reports: readonly ScanReport[]): ScanReport[] {
  return reports.filter((report) => report.status === "completed" && !OF_COMMITS.includes(report.kind));
}
