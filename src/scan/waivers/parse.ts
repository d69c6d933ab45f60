import { isNode } from "yaml";
import { z } from "zod";
import { problemsOfIssues } from "../../config/issue-text.ts";
import { readStrictYaml } from "../../config/strict-yaml-file.ts";
import { readPattern } from "../../model/path-pattern.ts";
import type { Waiver } from "../../model/waiver.ts";
import { dayAfter, kindOfRule, SINGLY_WAIVED, WAIVER_DAYS_MAX, type WaiverProblem } from "./waiver.ts";

const WAIVERS_MAX = 2_000;
const PROBLEMS_MAX = 50;

const waiver = z
  .strictObject({
    fingerprint: z
      .string()
      .regex(
        /^[0-9a-f]{64}$/,
        "this is no fingerprint of 64 hexadecimal digits, as the finding's page in the portal shows it",
      )
      .optional(),
    rule: z
      .string()
      .max(200)
      .regex(/^[a-z]{1,40}\/\S+$/, "this is no rule such as `sast/eval`, as the scan's check names it")
      .optional(),
    path: z
      .string()
      .refine((text) => readPattern(text) !== undefined, {
        error: "this is no pattern that can be read: no `!`, no `[…]`, and `\\` only before a blank",
      })
      .optional(),
    reason: z
      .string()
      .max(500)
      .refine((text) => text.trim() !== "", { error: "a waiver says why" }),
    owner: z
      .string()
      .regex(/^@?[A-Za-z0-9][\w.-]{0,99}(?:\/[\w.-]{1,100})?$/, "this is neither a login nor `organisation/team`"),
    expires: z.string().refine(isDay, { error: "this is no day such as `2027-01-31`" }),
  })
  .refine(({ fingerprint, rule, path }) => fingerprint !== undefined || (rule !== undefined && path !== undefined), {
    error: "a waiver names a `fingerprint`, or a `rule` and a `path`",
  })
  .refine(({ fingerprint, path }) => fingerprint === undefined || path === undefined, {
    error: "a waiver with a `fingerprint` is for one finding; leave out the `path`",
  })
  .refine(({ fingerprint, rule = "" }) => fingerprint !== undefined || !SINGLY_WAIVED.includes(kindOfRule(rule)), {
    error: "secrets are waived one by one, each by its `fingerprint`",
  });

const file = z.strictObject({ version: z.literal(1), waivers: z.array(waiver).max(WAIVERS_MAX) });

/** Reads a file of waivers. Never throws: every text is either a valid file or has at least one problem with its place. */
export function parseWaivers(text: string): { ok: true; waivers: Waiver[] } | { ok: false; problems: WaiverProblem[] } {
  const read = readStrictYaml(text, "`version: 1` and `waivers:`");
  if (Array.isArray(read)) return { ok: false, problems: read.map(placeOf).slice(0, PROBLEMS_MAX) };
  const { value, document, at } = read;
  const parsed = file.safeParse(value);
  if (!parsed.success) {
    const problems = problemsOfIssues(parsed.error.issues, value, document.contents, at, PROBLEMS_MAX, file);
    return { ok: false, problems: problems.map(placeOf) };
  }
  const places = parsed.data.waivers.map((_, index) => {
    const node = document.getIn(["waivers", index], true);
    return at(isNode(node) ? (node.range?.[0] ?? 0) : 0);
  });
  const seen = new Set<string>();
  const problems: WaiverProblem[] = [];
  const waivers = parsed.data.waivers.map(({ fingerprint, rule, path, owner, reason, expires }, index): Waiver => {
    const place = places[index] ?? { line: 1, column: 1 };
    const what = fingerprint ?? JSON.stringify([rule, path]);
    if (seen.has(what)) problems.push({ ...place, message: "this finding, or this rule and path, is listed twice" });
    seen.add(what);
    return {
      ...(fingerprint === undefined ? {} : { fingerprint }),
      ...(rule === undefined ? {} : { rule }),
      ...(path === undefined ? {} : { path }),
      reason,
      owner: owner.replace(/^@/, ""),
      expires,
      line: place.line,
    };
  });
  return problems.length > 0 ? { ok: false, problems: problems.slice(0, PROBLEMS_MAX) } : { ok: true, waivers };
}

/** Waivers that expire too late to count, as problems of a file that is proposed. */
export function tooLongWaivers(waivers: readonly Waiver[], today: string, daysMax = WAIVER_DAYS_MAX): WaiverProblem[] {
  return waivers
    .filter(({ expires }) => expires > dayAfter(today, daysMax))
    .map(({ line, expires }) => ({
      line,
      column: 1,
      message: `this waiver expires on ${expires}, more than ${daysMax} days from now; it does not count`,
    }));
}

function isDay(text: string): boolean {
  if (!/^[1-9]\d{3}-\d{2}-\d{2}$/.test(text)) return false;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}

function placeOf({ line, column, message }: WaiverProblem): WaiverProblem {
  return { line, column, message };
}
