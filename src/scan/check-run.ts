import type { Finding, ScanReport } from "../model/finding.ts";
import { CHECK_TEXT_LIMIT, escapeMarkdown, inlineCode, joinWithin, tableCode } from "../model/markdown.ts";
import { findingsCheckRun, type Judged } from "./check-run/findings.ts";
import {
  ANNOTATIONS_MAX,
  annotationOf,
  bySeverity,
  bySeverityAndPlace,
  count,
  cut,
  escapeRemedy,
  FAILING,
  grouped,
  linesOf,
  noteLines,
  proposedLines,
  type ScanCheckRun,
  waivedLines,
} from "./check-run/parts.ts";

export type { Judged } from "./check-run/findings.ts";
export type { Annotation, ScanCheckRun } from "./check-run/parts.ts";

/** The check run `hms/scan/<kind>` of any scan. `judged`: how the configuration in force judges its findings. */
export function scanCheckRun(
  report: ScanReport,
  pull: { number: number; commits: number; of?: string },
  judged: Partial<Judged> = {},
): ScanCheckRun {
  if (report.kind === "secrets") return secretsCheckRun(report, pull);
  return findingsCheckRun(report, { failOn: FAILING, oldDebtBlocks: false, ...judged });
}

/**
 * The check run of a secret scan. `commits` is the number of commits of the pull request as GitHub counts them; `of` says whose they are
 * where it is no pull request.
 */
export function secretsCheckRun(
  report: ScanReport,
  pull: { number: number; commits: number; of?: string },
): ScanCheckRun {
  if (report.status !== "completed") {
    const running = report.status === "running";
    return {
      status: "in_progress",
      title: running ? `Scanning ${count(pull.commits, "commit")}` : "Not known: the scan could not say",
      summary: joinWithin([escapeMarkdown(report.reason)], CHECK_TEXT_LIMIT, cut("line")),
      text: running ? "" : "This is not a pass. HMS-SYS scans again by itself; `/hms retry` asks for it now.",
      annotations: [],
    };
  }
  const sorted = [...report.findings].sort(bySeverityAndPlace);
  const waived = sorted.filter((finding) => finding.waiver);
  const findings = sorted.filter((finding) => !finding.waiver);
  const standing = findings.filter((finding) => finding.location.headLine !== undefined);
  const past = findings.filter(
    (finding) => finding.location.headLine === undefined && finding.rule !== "secrets/unscanned",
  );
  const unscanned = findings.filter((finding) => finding.rule === "secrets/unscanned");
  const failing = findings.some((finding) => FAILING.includes(finding.severity));
  return {
    status: "completed",
    conclusion: failing ? "failure" : "success",
    title: title(findings, waived.length, report.scannedCommits ?? 0),
    summary: summary(report, pull, { standing, past, unscanned, waived }),
    text: joinWithin(
      [
        ...section("In the branch as it is", standing),
        ...section(
          "Only in the history",
          past,
          "Deleting the line does not unleak it: rotate the key and rewrite the branch.",
        ),
        ...section("Not scanned", unscanned),
        ...section("Waived", waived),
      ],
      CHECK_TEXT_LIMIT,
      cut("line"),
    ),
    annotations: standing.flatMap(annotationOf).slice(0, ANNOTATIONS_MAX),
  };
}

function title(findings: readonly Finding[], waived: number, commits: number): string {
  const where = `in ${count(commits, "commit")}${waived > 0 ? ` · ${grouped(waived)} waived` : ""}`;
  if (findings.length === 0) return `No ${waived > 0 ? "other " : ""}secrets ${where}`;
  return `${bySeverity(findings)} ${findings.length === 1 ? "finding" : "findings"} ${where}`;
}

function summary(
  report: Extract<ScanReport, { status: "completed" }>,
  pull: { number: number; commits: number; of?: string },
  parts: { standing: Finding[]; past: Finding[]; unscanned: Finding[]; waived: Finding[] },
): string {
  const lines = [
    `Looked through ${report.scannedCommits ?? 0} of ${pull.of ? `${pull.of} ${count(pull.commits, "commit")}` : `${count(pull.commits, "commit")} of this pull request`}, each with its message, up to ${inlineCode(report.sha)}.`,
  ];
  if (parts.standing.length > 0) {
    lines.push(
      "",
      `**${count(parts.standing.length, "finding")} in the branch as it is.** ${escapeRemedy(parts.standing[0])}`,
    );
  }
  if (parts.standing.length > ANNOTATIONS_MAX) {
    lines.push(
      "",
      `Annotations: showing ${ANNOTATIONS_MAX} of ${parts.standing.length}, the worst first; all of them count.`,
    );
  }
  if (parts.past.length > 0) {
    lines.push(
      "",
      `**${count(parts.past.length, "finding")} only in the history.** Deleting the line does not unleak it: rotate the key and rewrite the branch.`,
    );
  }
  if (parts.unscanned.length > 0) {
    lines.push("", `**${count(parts.unscanned.length, "part")} not scanned.** ${escapeRemedy(parts.unscanned[0])}`);
  }
  const counting = [...parts.standing, ...parts.past, ...parts.unscanned];
  lines.push(...proposedLines(counting), ...waivedLines(parts.waived, place), ...noteLines(report));
  return joinWithin(lines, CHECK_TEXT_LIMIT, cut("note"));
}

function section(heading: string, findings: readonly Finding[], statement?: string): string[] {
  if (findings.length === 0) return [];
  return [
    `### ${heading}`,
    "",
    ...(statement ? [statement, ""] : []),
    "| severity | rule | where | commit | what |",
    "|---|---|---|---|---|",
    ...linesOf(findings, (finding) => {
      const cells = [
        finding.severity,
        tableCode(finding.rule),
        tableCode(place(finding)),
        tableCode(finding.location.commit.slice(0, 7)),
      ];
      return `| ${[...cells, escapeMarkdown(finding.message)].join(" | ")} |`;
    }),
    "",
  ];
}

function place({ location }: Finding): string {
  if (location.path === undefined) return "commit message";
  const line = location.headLine ?? location.line;
  return line === undefined ? location.path : `${location.path}:${line}`;
}
