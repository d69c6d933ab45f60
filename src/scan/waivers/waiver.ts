export interface WaiverProblem {
  line: number;
  column: number;
  /** One sentence. It may quote the file: escape it where it is shown. */
  message: string;
}

/** Kinds of which only single findings can be waived: a path is no reason to overlook a secret that is not there yet. */
export const SINGLY_WAIVED: readonly string[] = ["secrets", "leaks"];

/** How far ahead a waiver may expire where the configuration does not say. */
export const WAIVER_DAYS_MAX = 180;

/** `sast` of `sast/eval`. */
export function kindOfRule(rule: string): string {
  return rule.slice(0, Math.max(0, rule.indexOf("/")));
}

/** ISO date, so many days later. */
export function dayAfter(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}
