import * as z from "zod";
import type { Finding, Severity } from "../../model/finding.ts";
import type { ScanResult } from "../../model/scan.ts";
import type { DispatchedKind } from "../../model/scan-kind.ts";
import { digest } from "../sarif/identity.ts";
import { numberEqual } from "../sarif/number.ts";
import { plain, ruleName } from "../sarif/words.ts";

/** Why a tool's own report is not taken: one sentence that names the place. */
export type ConvertedReading = { ok: true; result: ScanResult } | { ok: false; problem: string };

/** What a converter makes of one thing that its tool found. */
export interface Found {
  rule: string;
  severity: Severity;
  message: string;
  remedy: string;
  path?: string;
  line?: number;
  endLine?: number;
  /** What it is, besides rule and path: stable over moved lines. */
  identity: readonly (string | number | null)[];
}

const FOUND_MAX = 50_000;

/** Reads a report with its tool's schema and makes a result of what `found` finds in it, or says what is wrong with it. */
export function converted<T>(
  report: unknown,
  schema: z.ZodType<T>,
  about: { kind: DispatchedKind; sha: string; name: string },
  found: (report: T) => { found: Found[]; version?: string; notes: string[] } | { problem: string },
): ConvertedReading {
  const read = schema.safeParse(report);
  if (!read.success)
    return { ok: false, problem: `The report of ${about.name} is not in its form: ${whereOf(read.error)}.` };
  const outcome = found(read.data);
  if ("problem" in outcome) return { ok: false, problem: plain(outcome.problem, 600) };
  const { version, notes } = outcome;
  if (outcome.found.length > FOUND_MAX) {
    return {
      ok: false,
      problem: `The report of ${about.name} holds more than ${FOUND_MAX} findings; none of them was taken.`,
    };
  }
  const findings = outcome.found.map((one) => findingOf(one, about));
  numberEqual(findings, []);
  return {
    ok: true,
    result: {
      kind: about.kind,
      sha: about.sha,
      tool: { name: about.name, ...(version === undefined ? {} : { version: plain(version, 60) }) },
      findings,
      notes,
    },
  };
}

function findingOf(one: Found, { kind, sha }: { kind: DispatchedKind; sha: string }): Finding {
  const rule = ruleName(kind, one.rule);
  const context = digest(...one.identity);
  const { path, line, endLine } = one;
  const lines =
    line === undefined ? {} : { line, ...(endLine === undefined || endLine < line ? {} : { endLine }), headLine: line };
  return {
    rule,
    severity: one.severity,
    message: plain(one.message) || "The tool gives no message.",
    remedy: plain(one.remedy, 500),
    location: { ...(path === undefined ? {} : { path, ...lines }), commit: sha },
    fingerprint: digest(rule, path ?? null, context),
    context,
  };
}

/** The first place that is not as it should be; text of the report does not get into it. */
function whereOf(error: z.ZodError): string {
  const issue = error.issues[0];
  const place = z.core.toDotPath(issue?.path ?? []);
  return place === "" ? "it is no such report" : `${plain(place, 200)} is not as it should be`;
}
