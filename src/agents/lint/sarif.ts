import type { Severity } from "../../model/finding.ts";
import type { AgentsLint } from "./agents-lint.ts";
import { blockMarkdown } from "./block.ts";
import { RULES, type RuleName, ruleOf } from "./rules.ts";

const LEVELS: Record<Severity, "error" | "warning" | "note"> = {
  critical: "error",
  high: "error",
  medium: "warning",
  low: "note",
  note: "note",
};
/** As GitHub reads `security-severity`: over 9 critical, 7 high, 4 medium. */
const SCORES: Record<Severity, string> = { critical: "9.5", high: "8.0", medium: "5.5", low: "3.0", note: "0.0" };

/** The lint as SARIF 2.1.0: https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html. The plan is in the run's properties. */
export function agentsSarif(lint: AgentsLint): object {
  const names = Object.keys(RULES) as RuleName[];
  const indexes = new Map(names.map((name, at) => [`agents/${name}`, at]));
  const waves = new Map(lint.plan.tasks.map(({ id, wave }) => [id, wave]));
  return {
    $schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "hms lint agents", rules: names.map(descriptor) } },
        columnKind: "utf16CodeUnits",
        results: lint.findings.map((finding) => ({
          ruleId: finding.rule,
          ruleIndex: indexes.get(finding.rule) ?? -1,
          level: LEVELS[finding.severity],
          message: { text: finding.message, markdown: blockMarkdown(finding.block) },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: uriOf(finding.path) },
                region: { startLine: finding.line, startColumn: finding.column },
              },
            },
          ],
          partialFingerprints: { "hmsAgents/v1": finding.fingerprint },
          properties: {
            severity: finding.severity,
            agents: finding.agents,
            task: finding.task,
            wave: waves.get(finding.task) ?? 0,
            remediation: finding.block,
          },
        })),
        properties: { plan: lint.plan, notes: lint.notes },
      },
    ],
  };
}

function descriptor(name: RuleName): object {
  const { title, help, severity, risk, impact, complexity } = ruleOf(name);
  return {
    id: `agents/${name}`,
    name: name.replace(/(?:^|-)(\w)/g, (_whole, letter: string) => letter.toUpperCase()),
    shortDescription: { text: title },
    fullDescription: { text: help },
    help: { text: `${title}. ${help}`, markdown: `**${title}.** ${help}` },
    defaultConfiguration: { level: LEVELS[severity] },
    properties: {
      "security-severity": SCORES[severity],
      tags: ["agents", ...(name === "plaintext-credential" ? ["security"] : [])],
      ...(risk === undefined ? {} : { risk }),
      impact,
      complexity,
    },
  };
}

function uriOf(path: string): string {
  return path.toWellFormed().split("/").map(encodeURIComponent).join("/");
}
