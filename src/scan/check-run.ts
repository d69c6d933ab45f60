import type { Finding, ScanReport, Severity } from "../model/finding.ts";
import { SEVERITIES } from "../model/finding.ts";
import { CHECK_TEXT_LIMIT, escapeMarkdown, inlineCode, joinWithin, tableCode } from "../model/markdown.ts";

/** What `hms/scan/secrets` shows. Never `neutral` or `skipped`: GitHub counts both as passing. */
export type SecretsCheckRun = {
  /** One line: state and number. */
  title: string;
  summary: string;
  text: string;
  /** The worst, at most {@link ANNOTATIONS_MAX}; the summary says how many there would be. */
  annotations: Annotation[];
} & ({ status: "completed"; conclusion: "success" | "failure" } | { status: "in_progress" });

/** As GitHub's API for check runs names it. */
export interface Annotation {
  path: string;
  start_line: number;
  end_line: number;
  annotation_level: "failure" | "warning" | "notice";
  title: string;
  message: string;
}

const LEVELS: Record<Severity, Annotation["annotation_level"]> = {
  critical: "failure",
  high: "failure",
  medium: "warning",
  low: "notice",
  note: "notice",
};
/** GitHub takes 50 per request, and nobody reads more. */
const ANNOTATIONS_MAX = 200;
/** From here on the check fails; what is milder is shown in a check that passes. The gate's policy judges for itself. */
const FAILING: readonly Severity[] = ["critical", "high"];

/**
 * The check run of a secret scan. `commits` is the number of commits of the pull request as GitHub counts them; `of` says whose they are
 * where it is no pull request.
 */
export function secretsCheckRun(
  report: ScanReport,
  pull: { number: number; commits: number; of?: string },
): SecretsCheckRun {
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
  const findings = [...report.findings].sort(bySeverityAndPlace);
  const standing = findings.filter((finding) => finding.location.headLine !== undefined);
  const past = findings.filter(
    (finding) => finding.location.headLine === undefined && finding.rule !== "secrets/unscanned",
  );
  const unscanned = findings.filter((finding) => finding.rule === "secrets/unscanned");
  const failing = findings.some((finding) => FAILING.includes(finding.severity));
  return {
    status: "completed",
    conclusion: failing ? "failure" : "success",
    title: title(findings, report.scannedCommits ?? 0),
    summary: summary(report, pull, { standing, past, unscanned }),
    text: joinWithin(
      [
        ...section("In the branch as it is", standing),
        ...section(
          "Only in the history",
          past,
          "Deleting the line does not unleak it: rotate the key and rewrite the branch.",
        ),
        ...section("Not scanned", unscanned),
      ],
      CHECK_TEXT_LIMIT,
      cut("line"),
    ),
    annotations: standing.flatMap(annotationOf).slice(0, ANNOTATIONS_MAX),
  };
}

function title(findings: readonly Finding[], commits: number): string {
  const where = `in ${count(commits, "commit")}`;
  if (findings.length === 0) return `No secrets ${where}`;
  const numbers = SEVERITIES.flatMap((severity) => {
    const number = findings.filter((finding) => finding.severity === severity).length;
    return number > 0 ? [`${number} ${severity}`] : [];
  });
  return `${numbers.join(", ")} ${findings.length === 1 ? "finding" : "findings"} ${where}`;
}

function summary(
  report: Extract<ScanReport, { status: "completed" }>,
  pull: { number: number; commits: number; of?: string },
  parts: { standing: Finding[]; past: Finding[]; unscanned: Finding[] },
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
  if (report.notes.length > 0) lines.push("", ...report.notes.map((note) => `- ${escapeMarkdown(note)}`));
  return joinWithin(lines, CHECK_TEXT_LIMIT, cut("note"));
}

/** Our own remedies hold code in backticks, which is the only markup that is let through. */
function escapeRemedy(finding: Finding | undefined): string {
  const parts = (finding?.remedy ?? "").split("`");
  return parts
    .map((part, at) => (at % 2 === 1 && at < parts.length - 1 ? inlineCode(part) : escapeMarkdown(part)))
    .join("");
}

function section(heading: string, findings: readonly Finding[], statement?: string): string[] {
  if (findings.length === 0) return [];
  return [
    `### ${heading}`,
    "",
    ...(statement ? [statement, ""] : []),
    "| severity | rule | where | commit | what |",
    "|---|---|---|---|---|",
    ...findings.map((finding) => {
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

function annotationOf(finding: Finding): Annotation[] {
  const { path, line, endLine, headLine } = finding.location;
  if (path === undefined || headLine === undefined) return [];
  const height = line !== undefined && endLine !== undefined ? Math.max(0, endLine - line) : 0;
  return [
    {
      path,
      start_line: headLine,
      end_line: headLine + height,
      annotation_level: LEVELS[finding.severity],
      title: `${finding.rule} (${finding.severity})`,
      message: `${finding.message} ${finding.remedy}`,
    },
  ];
}

function bySeverityAndPlace(a: Finding, b: Finding): number {
  return (
    SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
    compare(a.location.path ?? "", b.location.path ?? "") ||
    (a.location.headLine ?? a.location.line ?? 0) - (b.location.headLine ?? b.location.line ?? 0) ||
    compare(a.fingerprint, b.fingerprint)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function cut(noun: string): (leftOut: number) => string {
  return (leftOut) =>
    `*${count(leftOut, noun)} left out here: GitHub takes no longer text. The verdict counts all findings.*`;
}
