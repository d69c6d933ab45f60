import { isDeepStrictEqual } from "node:util";
import type { FindingEvent, FindingHistory, FindingState, ListedFinding } from "../../model/listed-finding.ts";
import type { ScanKind } from "../../model/scan-kind.ts";

/** A finding in a list of one state. */
export interface Stated {
  state: FindingState;
  finding: ListedFinding;
}

/** What became of one finding. */
export interface Became {
  what: FindingEvent["what"];
  finding: ListedFinding;
}

/** Of a report with more news than that the worst are told; the lists have all. */
const TOLD_MAX = 500;
const EVENTS_MAX = 50;
const WORST: readonly FindingState[] = ["new", "overdue", "unchanged", "waived", "fixed"];

/** By fingerprint, of several copies the one that counts most. */
export function byFingerprint(all: Iterable<Stated>): Map<string, Stated> {
  const known = new Map<string, Stated>();
  for (const one of all) {
    const before = known.get(one.finding.fingerprint);
    if (!before || WORST.indexOf(one.state) < WORST.indexOf(before.state)) known.set(one.finding.fingerprint, one);
  }
  return known;
}

/** What tells one whole report of a scan from the one before it: pure. */
export function becameOf(before: ReadonlyMap<string, Stated>, after: ReadonlyMap<string, Stated>): Became[] {
  const news: Became[] = [];
  for (const [fingerprint, { state, finding }] of after) {
    const was = before.get(fingerprint);
    const what = change(was, state, finding);
    if (what) news.push({ what, finding });
  }
  for (const [fingerprint, { state, finding }] of before) {
    if (after.has(fingerprint) || state === "unchanged" || state === "fixed") continue;
    news.push({ what: "gone", finding });
  }
  return news.filter(({ finding }) => /^[0-9a-f]{64}$/.test(finding.fingerprint)).slice(0, TOLD_MAX);
}

function change(
  was: Stated | undefined,
  state: FindingState,
  finding: ListedFinding,
): FindingEvent["what"] | undefined {
  switch (state) {
    case "waived":
      return was?.state === "waived" && isDeepStrictEqual(was.finding.waiver, finding.waiver) ? undefined : "waived";
    case "fixed":
      return was?.state === "fixed" ? undefined : "fixed";
    default:
      if (was?.state === "waived") return "counts-again";
      if (was?.state === state || state === "unchanged") return undefined;
      return state === "new" ? "found" : "overdue";
  }
}

/** The history with one more event; undefined where it has it already, as after a crash or out of another pull request. */
export function withEvent(
  history: FindingHistory | undefined,
  kind: ScanKind,
  { what, finding }: Became,
  at: { atMs: number; number: number; sha: string },
): FindingHistory | undefined {
  const events = history?.events ?? [];
  const last = events.at(-1);
  // Only its own last one: what came and went may come again at the same commit, as a waiver does that ended and was renewed.
  const own = events.findLast(({ number }) => number === at.number);
  const { waiver } = finding;
  const again =
    own?.what === what && own.sha === at.sha && (what !== "waived" || isDeepStrictEqual(own.waiver, waiver));
  const told = what === "waived" && last?.what === "waived" && isDeepStrictEqual(last.waiver, waiver);
  if (again || told) return undefined;
  const commit = finding.location.commit === "" ? at.sha : finding.location.commit;
  const sinceMs = Math.min(finding.sinceMs, history?.finding.sinceMs ?? finding.sinceMs);
  const event: FindingEvent = { ...at, what, ...(what === "waived" && waiver ? { waiver } : {}) };
  return {
    kind,
    finding: { ...finding, sinceMs, location: { ...finding.location, commit } },
    // The first is when it was found, which stays.
    events: [...(events.length >= EVENTS_MAX ? [...events.slice(0, 1), ...events.slice(2)] : events), event],
  };
}
