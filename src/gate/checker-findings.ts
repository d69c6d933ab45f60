import type { CheckerFinding } from "../model/checker-input.ts";
import { type Finding, SEVERITIES } from "../model/finding.ts";

/** Findings of one scan that stand one by one in the checker's input. */
const SINGLE_MAX = 1_000;
/** Groups of one scan that keep their rule's name. A report may name a rule of its own for every finding. */
const GROUPS_MAX = 500;
/** Characters. What a tool writes is of any length, and the checker's input is not. */
const [RULE_MAX, MESSAGE_MAX, PATH_MAX] = [200, 200, 500];

/**
 * What the checker is told of one scan's findings: those that are new and not waived one by one, the worst first, up to {@link SINGLE_MAX};
 * all others together by rule, severity and state, with their number. No finding is left out: the numbers add up to all of them, by severity.
 * The order of what is given does not matter.
 */
export function checkerFindings(kind: string, findings: readonly Finding[]): CheckerFinding[] {
  const sorted = findings.map(said).sort(worstFirst);
  const singles: CheckerFinding[] = [];
  const groups = new Map<string, CheckerFinding & { count: number }>();
  for (const one of sorted) {
    if (isNew(one) && singles.length < SINGLE_MAX) {
      singles.push(one);
      continue;
    }
    const { path: _, ...alike } = one;
    const rule = groups.size < GROUPS_MAX || groups.has(keyOf(alike)) ? alike.rule : `${kind}/others`;
    const group = groups.get(keyOf({ ...alike, rule }));
    if (group) group.count++;
    else groups.set(keyOf({ ...alike, rule }), { ...alike, rule, count: 1 });
  }
  return [...singles, ...groups.values()];
}

function isNew({ state, waived }: CheckerFinding): boolean {
  return state !== "unchanged" && waived === undefined;
}

function said({ rule, severity, message, fingerprint, baseline, waiver, overdue, location }: Finding): CheckerFinding {
  const { path } = location;
  return {
    rule: cut(rule, RULE_MAX),
    severity,
    message: cut(message, MESSAGE_MAX),
    fingerprint,
    ...(baseline === "unchanged" ? { state: baseline } : {}),
    ...(waiver ? { waived: true } : {}),
    ...(baseline === "unchanged" && overdue ? { overdue: true } : {}),
    ...(path === undefined ? {} : { path: cut(path, PATH_MAX) }),
  };
}

function keyOf({ rule, severity, state, waived, overdue }: CheckerFinding): string {
  return JSON.stringify([severity, state ?? "", waived ?? false, overdue ?? false, rule]);
}

function worstFirst(a: CheckerFinding, b: CheckerFinding): number {
  return (
    SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
    order(a.rule, b.rule) ||
    order(a.path ?? "", b.path ?? "") ||
    order(a.fingerprint, b.fingerprint) ||
    order(a.message, b.message) ||
    order(keyOf(a), keyOf(b))
  );
}

function order(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** Whole characters: half of one is no text for the checker. */
function cut(text: string, most: number): string {
  return text.length <= most
    ? text.toWellFormed()
    : `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, "")}…`.toWellFormed();
}
