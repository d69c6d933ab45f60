import type { Exported } from "./export-tree.ts";
import { isWorthAWord } from "./neutral.ts";
import type { Log, Result, Rule } from "./sarif.ts";

/** What the Action itself has to say about a scan: findings like others, under rules of its own. */
export type Observation = { rule: ObservationRule; message: string; path?: string; line?: number };

const RULES = {
  "hms-scan/not-scanned": {
    text: "A file was not scanned, or only in part",
    help: "What the tool could not read may hold anything. Make it readable (split it, mend its syntax), or have a maintainer waive it.",
    severity: "7.0",
    level: "error",
  },
  "hms-scan/partly-scanned": {
    text: "The tool did not understand a part of a file",
    help: "What stands in that part was not looked at.",
    severity: "4.0",
    level: "warning",
  },
  "hms-scan/configuration-ignored": {
    text: "A scanner's configuration in the pull request has no effect",
    help: "Rules come from .github/hms-scan on the default branch, exceptions from the waivers there.",
    severity: "0.0",
    level: "note",
  },
} as const;

export type ObservationRule = keyof typeof RULES;

/** What was left out when the commit's files were laid out. */
export function observationsOf(exported: Exported): Observation[] {
  return [
    ...exported.oversized.map(
      (path): Observation => ({
        rule: "hms-scan/not-scanned",
        message: "The file is larger than scanners read.",
        path,
      }),
    ),
    ...exported.configuration.filter(isWorthAWord).map(
      (path): Observation => ({
        rule: "hms-scan/configuration-ignored",
        message: "This file configures a scanner. It had no effect on this scan.",
        path,
      }),
    ),
  ];
}

/** Adds them to the first run, where the tool's own results are. */
export function addObservations(log: Log, observations: readonly Observation[]): void {
  const [run] = log.runs;
  if (run === undefined || observations.length === 0) return;
  const { driver } = run.tool;
  const known = driver.rules ?? [];
  const used = [...new Set(observations.map(({ rule }) => rule))];
  driver.rules = [...known, ...used.map(descriptor)];
  run.results = [
    ...(run.results ?? []),
    ...observations.map((each): Result => resultOf(each, known.length + used.indexOf(each.rule))),
  ];
}

function descriptor(id: ObservationRule): Rule {
  const { text, help, severity, level } = RULES[id];
  return {
    id,
    name: id,
    shortDescription: { text },
    help: { text: help },
    defaultConfiguration: { level },
    properties: { "security-severity": severity },
  };
}

function resultOf({ rule, message, path, line }: Observation, ruleIndex: number): Result {
  const uri = path?.split("/").map(encodeURIComponent).join("/");
  return {
    ruleId: rule,
    ruleIndex,
    level: RULES[rule].level,
    message: { text: message },
    ...(uri === undefined
      ? {}
      : { locations: [{ physicalLocation: { artifactLocation: { uri }, region: { startLine: line ?? 1 } } }] }),
  };
}
