import type { Exported } from "./export-tree.ts";
import { isWorthAWord } from "./neutral.ts";
import type { Log, Result } from "./sarif.ts";
import type { Unread } from "./unread.ts";

const CONFIGURATION_RULE = {
  id: "hms-scan/configuration-ignored",
  name: "hms-scan/configuration-ignored",
  shortDescription: { text: "A scanner's configuration in the pull request has no effect" },
  help: { text: "Rules come from .github/hms-scan on the default branch, exceptions from the waivers there." },
  defaultConfiguration: { level: "note" },
  properties: { "security-severity": "0.0" },
};

/** Adds to the first run which files have no effect as configuration, and which were not looked through. */
export function addObservations(log: Log, exported: Exported | undefined, unread: readonly Unread[]): void {
  addUnread(log, unread);
  addConfiguration(log, exported?.configuration.filter(isWorthAWord) ?? []);
}

function addUnread({ runs: [run] }: Log, unread: readonly Unread[]): void {
  if (run === undefined || unread.length === 0) return;
  const [first = { executionSuccessful: true }, ...others] = run.invocations ?? [];
  const notifications = unread.map(({ path, why }) => ({
    level: "warning",
    message: { text: why },
    descriptor: { id: "hms-scan/unread" },
    locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(path) } } }],
  }));
  const all = [...(first.toolExecutionNotifications ?? []), ...notifications];
  run.invocations = [{ ...first, toolExecutionNotifications: all }, ...others];
}

function addConfiguration({ runs: [run] }: Log, paths: readonly string[]): void {
  if (run === undefined || paths.length === 0) return;
  const { driver } = run.tool;
  const rules = driver.rules ?? [];
  driver.rules = [...rules, CONFIGURATION_RULE];
  const results = paths.map(
    (path): Result => ({
      ruleId: CONFIGURATION_RULE.id,
      ruleIndex: rules.length,
      level: "note",
      message: { text: "This file configures a scanner. It had no effect on this scan." },
      locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(path) }, region: { startLine: 1 } } }],
    }),
  );
  run.results = [...(run.results ?? []), ...results];
}

export function uriOf(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
