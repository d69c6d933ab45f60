import { createHash } from "node:crypto";
import { sha256Hex } from "../../model/canonical-json.ts";
import type { Finding, ScanReport, Severity } from "../../model/finding.ts";
import {
  FINDING_STATES,
  type FindingList,
  type FindingState,
  type ListedFinding,
  type ListPart,
  placeOf,
} from "../../model/listed-finding.ts";

export type Completed = Extract<ScanReport, { status: "completed" }>;

/** Fixed ones are history: the worst of them are named, all are counted. */
const FIXED_MAX = 1_000;
const PART_MAX = 500;
const MESSAGE_MAX = 2_000;

/** A report's findings by state, worst first, and what tells these lists from others. */
export interface SortedReport {
  lists: { state: FindingState; findings: Finding[] }[];
  digest: string;
}

export function sortedReport(report: Completed): SortedReport {
  const byState = new Map<FindingState, { place: string; finding: Finding }[]>();
  const add = (state: FindingState, finding: Finding): void => {
    const one = { place: placeOf(finding), finding };
    const known = byState.get(state);
    if (known) known.push(one);
    else byState.set(state, [one]);
  };
  for (const finding of report.findings) add(stateOf(finding), finding);
  for (const finding of report.gone ?? []) add("fixed", finding);
  const hash = createHash("sha256").update(JSON.stringify([report.tool ?? null, report.plan ?? null]));
  const lists = FINDING_STATES.flatMap((state) => {
    const placed = byState.get(state) ?? [];
    placed.sort((a, b) => (a.place < b.place ? -1 : a.place > b.place ? 1 : lineOf(a.finding) - lineOf(b.finding)));
    if (state === "fixed") placed.splice(FIXED_MAX);
    hash.update(`${state}\n`);
    for (const { place, finding } of placed) hash.update(`${place}\0${toldOf(finding, report.sha)}\n`);
    return placed.length === 0 ? [] : [{ state, findings: placed.map(({ finding }) => finding) }];
  });
  return { lists, digest: hash.digest("hex") };
}

function stateOf({ waiver, overdue, baseline }: Finding): FindingState {
  if (waiver) return "waived";
  if (overdue) return "overdue";
  return baseline === "unchanged" ? "unchanged" : "new";
}

function lineOf({ location }: Finding): number {
  return location.line ?? 0;
}

/** What may change of a finding that stays at its place. */
function toldOf({ message, location, waiver, onChangedLine, wouldBeWaived }: Finding, sha: string): string {
  const { commit, line, endLine, headLine } = location;
  const at = commit === sha ? "" : commit;
  return JSON.stringify([message, at, line, endLine, headLine, waiver, onChangedLine, wouldBeWaived]);
}

/** As it is kept. The commit that was scanned is said once for all of a list, so that a push leaves alone what it did not change. */
export function listed(finding: Finding, sha: string, sinceMs: number): ListedFinding {
  const { context: _, location, ...rest } = finding;
  return {
    ...rest,
    message: finding.message.slice(0, MESSAGE_MAX),
    remedy: finding.remedy.slice(0, MESSAGE_MAX),
    location: { ...location, commit: location.commit === sha ? "" : location.commit },
    sinceMs,
  };
}

export interface WrittenPart {
  part: ListPart;
  findings: ListedFinding[];
}

/**
 * A list in parts that end where a finding's own fingerprint says so: what is added or taken away changes one part, and the others keep their
 * names.
 */
export function inParts(kind: string, state: FindingState, findings: readonly ListedFinding[]): WrittenPart[] {
  const parts: WrittenPart[] = [];
  let open: ListedFinding[] = [];
  const close = (): void => {
    const [first] = open;
    const last = open.at(-1);
    if (!first || !last) return;
    const id = sha256Hex(`${kind}\n${state}\n${JSON.stringify(open)}`).slice(0, 32);
    parts.push({ part: { id, first: placeOf(first), last: placeOf(last) }, findings: open });
    open = [];
  };
  for (const finding of findings) {
    open.push(finding);
    if (open.length >= PART_MAX || finding.fingerprint.endsWith("00")) close();
  }
  close();
  return parts;
}

export function countsOf(findings: readonly Pick<Finding, "severity">[]): FindingList["counts"] {
  const counts: Partial<Record<Severity, number>> = {};
  for (const { severity } of findings) counts[severity] = (counts[severity] ?? 0) + 1;
  return counts;
}
