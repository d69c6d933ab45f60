import { createHash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
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

export async function sortedReport(report: Completed): Promise<SortedReport> {
  const byState = new Map<FindingState, { place: string; finding: Finding }[]>();
  const add = (state: FindingState, finding: Finding): void => {
    const one = { place: placeOf(finding), finding };
    const known = byState.get(state);
    if (known) known.push(one);
    else byState.set(state, [one]);
  };
  for await (const some of inTurns(report.findings)) for (const finding of some) add(stateOf(finding), finding);
  for await (const some of inTurns(report.gone ?? [])) for (const finding of some) add("fixed", finding);
  const hash = createHash("sha256").update(JSON.stringify([report.tool ?? null, report.plan ?? null]));
  const lists: SortedReport["lists"] = [];
  for (const state of FINDING_STATES) {
    const placed = byState.get(state) ?? [];
    placed.sort((a, b) => (a.place < b.place ? -1 : a.place > b.place ? 1 : lineOf(a.finding) - lineOf(b.finding)));
    if (state === "fixed") placed.splice(FIXED_MAX);
    hash.update(`${state}\n`);
    for await (const some of inTurns(placed))
      hash.update(some.map(({ place, finding }) => `${place}\0${toldOf(finding, report.sha)}\n`).join(""));
    if (placed.length > 0) lists.push({ state, findings: placed.map(({ finding }) => finding) });
  }
  return { lists, digest: hash.digest("hex") };
}

const PER_TURN = 1_000;

/** Some at a time, with a turn for others after each: many findings are no pause for everybody. */
export async function* inTurns<T>(all: readonly T[]): AsyncGenerator<readonly T[]> {
  for (let at = 0; at < all.length; at += PER_TURN) {
    if (at > 0) await nextTurn();
    yield all.slice(at, at + PER_TURN);
  }
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
export async function inParts(
  kind: string,
  state: FindingState,
  findings: readonly ListedFinding[],
): Promise<WrittenPart[]> {
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
  for await (const some of inTurns(findings)) {
    for (const finding of some) {
      open.push(finding);
      if (open.length >= PART_MAX || finding.fingerprint.endsWith("00")) close();
    }
  }
  close();
  return parts;
}

export function countsOf(findings: readonly Pick<Finding, "severity">[]): FindingList["counts"] {
  const counts: Partial<Record<Severity, number>> = {};
  for (const { severity } of findings) counts[severity] = (counts[severity] ?? 0) + 1;
  return counts;
}
