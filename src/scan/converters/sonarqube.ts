import * as z from "zod";
import type { Severity } from "../../model/finding.ts";
import { locate } from "../sarif/path.ts";
import { type ConvertedReading, converted, type Found } from "./reading.ts";

const RATED = z.enum(["BLOCKER", "CRITICAL", "MAJOR", "MINOR", "INFO", "HIGH", "MEDIUM", "LOW"]);

/** https://next.sonarqube.com/sonarqube/web_api/api/issues/search */
const ISSUES = z.object({
  paging: z.object({ total: z.number().int().nonnegative() }),
  issues: z.array(
    z.object({
      key: z.string().max(200),
      rule: z.string().max(400),
      component: z.string().max(4_096),
      project: z.string().max(1_000),
      severity: RATED.optional(),
      type: z.string().max(40).optional(),
      impacts: z
        .array(z.object({ softwareQuality: z.string().max(40), severity: RATED }))
        .max(10)
        .optional(),
      message: z.string().max(10_000).optional(),
      line: z.number().int().positive().max(10_000_000).optional(),
      textRange: z.object({ startLine: z.number().int().positive(), endLine: z.number().int().positive() }).optional(),
      /** Of the line's text, without blanks. */
      hash: z.string().max(200).optional(),
      status: z.string().max(40).optional(),
      issueStatus: z.string().max(40).optional(),
      resolution: z.string().max(40).optional(),
    }),
  ),
});

/** https://next.sonarqube.com/sonarqube/web_api/api/qualitygates/project_status */
const GATE = z.object({
  projectStatus: z.object({
    status: z.enum(["OK", "WARN", "ERROR", "NONE"]),
    conditions: z
      .array(
        z.object({
          status: z.string().max(40),
          metricKey: z.string().max(200),
          comparator: z.string().max(10).optional(),
          errorThreshold: z.string().max(100).optional(),
          actualValue: z.string().max(100).optional(),
        }),
      )
      .max(1_000)
      .default([]),
  }),
});

const ANSWERS = z.object({ pages: z.array(ISSUES), gate: GATE, revision: z.string() });

export interface SonarQubeAnswers {
  /** All pages of `api/issues/search`. */
  pages: unknown[];
  /** Of `api/qualitygates/project_status`. */
  gate: unknown;
  /** The commit of the analysis that both speak of, from `api/project_pull_requests/list` or `api/project_analyses/search`. */
  revision: unknown;
}

const SEVERITIES: Record<z.infer<typeof RATED>, Severity> = {
  BLOCKER: "critical",
  CRITICAL: "high",
  HIGH: "high",
  MAJOR: "medium",
  MEDIUM: "medium",
  MINOR: "low",
  LOW: "low",
  INFO: "note",
};
const RANK: readonly Severity[] = ["critical", "high", "medium", "low", "note"];

/**
 * What SonarQube says of a commit: its issues, and each condition of the quality gate that is not met. Issues that are only about
 * maintainability are medium at most, however they are called there. The server gives no more than 10,000 issues: of more the answer is
 * not whole.
 */
export function readSonarQube(answers: SonarQubeAnswers, sha: string): ConvertedReading {
  return converted(answers, ANSWERS, { kind: "quality", sha, name: "sonarqube" }, ({ pages, gate, revision }) => {
    if (revision.toLowerCase() !== sha)
      return { problem: `SonarQube's analysis is about commit ${revision}, asked for was ${sha}.` };
    const issues = new Map(pages.flatMap((page) => page.issues).map((issue) => [issue.key, issue]));
    const total = Math.max(0, ...pages.map(({ paging }) => paging.total));
    if (pages.length === 0) return { problem: "SonarQube gave no list of issues." };
    if (issues.size < total) return { problem: `SonarQube has ${total} issues, of which it gave ${issues.size}.` };
    const { status, conditions } = gate.projectStatus;
    if (status === "NONE") return { problem: "SonarQube has not computed a quality gate for this commit." };
    const notes: string[] = [];
    const open = [...issues.values()].filter((issue) => isOpen(issue));
    const settled = [...issues.values()].filter(isSettled).length;
    if (settled > 0) notes.push(`${settled} issues were accepted or called false positives on the SonarQube server.`);
    const unmet = conditions.filter((condition) => condition.status === "ERROR" || condition.status === "WARN");
    const found = [...open.map(issueFound), ...unmet.map(conditionFound)];
    // A gate that failed for a reason that it does not name is still one that failed.
    if (status !== "OK" && unmet.length === 0) found.push(conditionFound({ status, metricKey: "quality_gate" }));
    return { found, notes };
  });
}

type Issue = z.infer<typeof ISSUES>["issues"][number];

function isSettled({ issueStatus, resolution }: Issue): boolean {
  return (
    /^(?:ACCEPTED|FALSE_POSITIVE)$/.test(issueStatus ?? "") || /^(?:WONTFIX|FALSE-POSITIVE)$/.test(resolution ?? "")
  );
}

function isOpen(issue: Issue): boolean {
  const over =
    issue.issueStatus === "FIXED" || issue.status === "CLOSED" || /^(?:FIXED|REMOVED)$/.test(issue.resolution ?? "");
  return !over && !isSettled(issue);
}

function issueFound(issue: Issue): Found {
  const { component, project, rule, hash, message = "", line, textRange } = issue;
  const uri = component.startsWith(`${project}:`) ? component.slice(project.length + 1) : undefined;
  const located =
    uri === undefined
      ? undefined
      : locate({ uri: uri.replaceAll("%", "%25") }, { originalUriBaseIds: {}, artifacts: [] });
  const at = line ?? textRange?.startLine;
  return {
    rule,
    severity: severityOf(issue),
    message: message || `SonarQube's rule ${rule} is not met.`,
    remedy: `Repair it in the code; the rule is ${rule} in SonarQube.`,
    ...(located && "path" in located ? { path: located.path } : {}),
    ...(at === undefined ? {} : { line: at }),
    ...(textRange && at !== undefined ? { endLine: textRange.endLine } : {}),
    identity: hash ? ["line", hash] : ["message", message.replace(/\d+/g, "0"), located ? null : component],
  };
}

function severityOf({ severity, impacts = [], type }: Issue): Severity {
  const rated = impacts.map((one) => ({
    severity: SEVERITIES[one.severity],
    mild: one.softwareQuality === "MAINTAINABILITY",
  }));
  if (rated.length === 0)
    rated.push({ severity: severity ? SEVERITIES[severity] : "medium", mild: type === "CODE_SMELL" });
  const ranks = rated.map((one) => Math.max(RANK.indexOf(one.severity), one.mild ? RANK.indexOf("medium") : 0));
  return RANK[Math.min(...ranks)] ?? "medium";
}

const COMPARED: Record<string, string> = { GT: "at most", LT: "at least" };

function conditionFound(condition: z.infer<typeof GATE>["projectStatus"]["conditions"][number]): Found {
  const { metricKey, comparator = "", errorThreshold, actualValue, status } = condition;
  const bound = Object.hasOwn(COMPARED, comparator) ? COMPARED[comparator] : undefined;
  const wanted = bound && errorThreshold !== undefined ? `, wanted is ${bound} ${errorThreshold}` : "";
  return {
    rule: `gate-${metricKey}`,
    severity: status === "WARN" ? "medium" : "high",
    message: `The quality gate is not met: ${metricKey}${actualValue === undefined ? "" : ` is ${actualValue}`}${wanted}.`,
    remedy: "Raise what is measured, or change the quality gate in SonarQube.",
    identity: ["gate", metricKey],
  };
}
