import type { Finding, ScanReport, Severity } from "../../model/finding.ts";
import { SEVERITIES } from "../../model/finding.ts";
import { CHECK_TEXT_LIMIT, escapeMarkdown, inlineCode, joinWithin, tableCode } from "../../model/markdown.ts";
import {
  ANNOTATIONS_MAX,
  type Annotation,
  annotationOf,
  bySeverity,
  bySeverityAndPlace,
  count,
  cut,
  escapeRemedy,
  grouped,
  linesOf,
  noteLines,
  proposedLines,
  type ScanCheckRun,
  sentence,
  waivedLines,
} from "./parts.ts";

/** How the configuration in force judges the findings of a kind. */
export interface Judged {
  failOn: readonly Severity[];
  /** What the merge base has as well counts like what is new. */
  oldDebtBlocks: boolean;
}

type Completed = Extract<ScanReport, { status: "completed" }>;

/** Findings as they concern the reader of a pull request. */
interface Sorted {
  /** Without a merge base to compare with, all are. */
  fresh: Finding[];
  known: Finding[];
  overdue: Finding[];
  waived: Finding[];
  /** Nothing was compared. */
  alone: boolean;
}

const MESSAGE_SHOWN = 300;
const TITLE_MAX = 250;

/** The check run of every kind but `secrets`. */
export function findingsCheckRun(report: ScanReport, judged: Judged): ScanCheckRun {
  if (report.status !== "completed") return unfinished(report);
  const sorted = sort(report);
  const counting = [...sorted.fresh, ...sorted.overdue, ...(judged.oldDebtBlocks ? sorted.known : [])];
  const fails = counting.some((finding) => judged.failOn.includes(finding.severity));
  const shown = annotationsOf(sorted);
  return {
    status: "completed",
    conclusion: fails ? "failure" : "success",
    title: title(report, sorted),
    summary: summary(report, sorted, shown.length),
    text: joinWithin(
      [
        ...section(sorted.alone ? "Findings" : "New in this pull request", sorted.fresh),
        ...section("Known for longer than their grace", sorted.overdue),
        ...section("The base branch has them as well", sorted.known),
        ...section("Waived", sorted.waived),
      ],
      CHECK_TEXT_LIMIT,
      cut("line"),
    ),
    annotations: shown,
  };
}

const RUN_AGAIN: Record<"failed" | "timed-out" | "cancelled", string> = {
  failed: "Not a pass: the scan failed",
  "timed-out": "Not a pass: the scan took too long",
  cancelled: "Not a pass: the scan was cancelled",
};

/** A check that is not completed shows a running sign on GitHub whatever it means, so that the title has to say it. */
function unfinished(report: Extract<ScanReport, { status: "running" | "unknown" }>): ScanCheckRun {
  const reason = [escapeMarkdown(report.reason), ...runLink(report.url)].join(" ");
  const summary = joinWithin([reason], CHECK_TEXT_LIMIT, cut("line"));
  const check = { status: "in_progress", summary, annotations: [] as Annotation[] } as const;
  if (report.status === "running") {
    return { ...check, title: report.phase === "queued" ? "Queued" : "Scanning", text: "" };
  }
  const { cause } = report;
  const again = `\`/hms scan ${report.kind}\` in a comment runs it again.`;
  if (cause === "not-installed") {
    return {
      ...check,
      title: "Not a pass: the scan is not installed",
      text: `Nothing runs at the moment, and nothing will until it is installed: the workflow \`.github/workflows/hms-scan.yml\` has to be on the default branch. Afterwards ${again}`,
    };
  }
  return {
    ...check,
    title: cause === undefined ? "Not known: the scan could not say" : RUN_AGAIN[cause],
    text: `Nothing runs at the moment, and this is not a pass. ${again}`,
  };
}

function sort({ findings, fixed }: Completed): Sorted {
  const sorted: Sorted = { fresh: [], known: [], overdue: [], waived: [], alone: true };
  for (const finding of findings) {
    if (finding.baseline !== undefined) sorted.alone = false;
    if (finding.waiver) sorted.waived.push(finding);
    else if (finding.overdue) sorted.overdue.push(finding);
    else if (finding.baseline === "unchanged") sorted.known.push(finding);
    else sorted.fresh.push(finding);
  }
  if (fixed !== undefined) sorted.alone = false;
  const changedFirst = (a: Finding, b: Finding) =>
    Number(b.onChangedLine === true) - Number(a.onChangedLine === true) || bySeverityAndPlace(a, b);
  sorted.fresh.sort(changedFirst);
  sorted.overdue.sort(bySeverityAndPlace);
  sorted.known.sort(bySeverityAndPlace);
  sorted.waived.sort(bySeverityAndPlace);
  return sorted;
}

/** What is new or overdue, and of what is old the lines that the pull request touches. */
function annotationsOf({ fresh, overdue, known }: Sorted): Annotation[] {
  const wanted = [...fresh, ...overdue, ...known.filter((finding) => finding.onChangedLine)];
  return wanted
    .values()
    .flatMap(annotationOf)
    .take(ANNOTATIONS_MAX)
    .map((one) => ({ ...one, title: one.title.slice(0, TITLE_MAX) }))
    .toArray();
}

function title(report: Completed, { fresh, known, overdue, waived, alone }: Sorted): string {
  const parts: string[] = [];
  if (fresh.length > 0) parts.push(`${count(fresh.length, alone ? "finding" : "new finding")}: ${bySeverity(fresh)}`);
  else if (report.findings.length > 0 && !alone) parts.push("Nothing new");
  if (overdue.length > 0) parts.push(`${grouped(overdue.length)} overdue: ${bySeverity(overdue)}`);
  if (known.length > 0) parts.push(`${grouped(known.length)} known`);
  if (waived.length > 0) parts.push(`${grouped(waived.length)} waived`);
  if (parts.length === 0) parts.push("No findings");
  if (report.fixed) parts.push(`${grouped(report.fixed)} fixed`);
  return parts.join(" · ");
}

function summary(report: Completed, sorted: Sorted, annotated: number): string {
  const { fresh, known, overdue, waived } = sorted;
  const tool = report.tool ? [report.tool.name, report.tool.version ?? ""].join(" ").trim() : "The scan";
  const lines = [
    [`${report.tool ? inlineCode(tool) : tool} looked through ${inlineCode(report.sha)}.`, ...runLink(report.url)].join(
      " ",
    ),
  ];
  if (report.findings.length > 0) lines.push("", ...table(sorted));
  const counting = fresh.length + overdue.length + known.length;
  if (annotated < counting) {
    lines.push(
      "",
      `Annotations: showing ${grouped(annotated)} of ${grouped(counting)}, what is new and on changed lines first; all of them count.`,
    );
  }
  lines.push(...proposedLines([...fresh, ...overdue, ...known]), ...waivedLines(waived, place), ...noteLines(report));
  return joinWithin(lines, CHECK_TEXT_LIMIT, cut("line"));
}

function table({ fresh, known, overdue, waived, alone }: Sorted): string[] {
  const columns = [
    { name: alone ? "findings" : "new", of: fresh },
    { name: "overdue", of: overdue },
    { name: "known", of: known },
    { name: "waived", of: waived },
  ].filter(({ of }, at) => at === 0 || of.length > 0);
  const rows = SEVERITIES.flatMap((severity) => {
    const numbers = columns.map(({ of }) => of.filter((finding) => finding.severity === severity).length);
    return numbers.some((number) => number > 0) ? [`| ${[severity, ...numbers.map(grouped)].join(" | ")} |`] : [];
  });
  return [
    `| severity | ${columns.map(({ name }) => name).join(" | ")} |`,
    `|---|${columns.map(() => "---:|").join("")}`,
    ...rows,
  ];
}

function section(heading: string, findings: readonly Finding[]): string[] {
  if (findings.length === 0) return [];
  return [
    `### ${heading} (${grouped(findings.length)})`,
    "",
    "| severity | rule | where | what |",
    "|---|---|---|---|",
    ...linesOf(findings, (finding) => {
      const { message, severity, onChangedLine, wouldBeWaived } = finding;
      const said = message.length > MESSAGE_SHOWN ? `${message.slice(0, MESSAGE_SHOWN)}…` : message;
      const what = [
        escapeMarkdown(sentence(said)),
        escapeRemedy(finding),
        ...(wouldBeWaived ? ["A waiver is proposed; it does not hold yet."] : []),
      ];
      const where = `${tableCode(place(finding))}${onChangedLine ? " (changed here)" : ""}`;
      return `| ${[severity, tableCode(finding.rule), where, what.join(" ")].join(" | ")} |`;
    }),
    "",
  ];
}

function place({ location }: Finding): string {
  const { path, line, commit, headLine } = location;
  if (path === undefined) return "no file";
  const at = line === undefined ? path : `${path}:${line}`;
  return line !== undefined && headLine === undefined ? `${at} in ${commit.slice(0, 7)}` : at;
}

/** Only an address that needs no escaping. */
function runLink(url: string | undefined): string[] {
  return url !== undefined && /^https?:\/\/[\w.:/-]{1,300}$/.test(url) ? [`[The run](${url})`] : [];
}
