import type { Severity } from "../../model/finding.ts";
import type { SarifResult, SarifRule } from "./format.ts";

type Level = "none" | "note" | "warning" | "error";

interface Tool {
  /** As `tool.driver.name` writes it, in lower case; something may follow after a blank (`Semgrep OSS`). */
  drivers: readonly string[];
  levels: Readonly<Record<Level, Severity>>;
  /** Where the tool's own level says nothing about the rule. */
  rules?: Readonly<Record<string, Severity>>;
}

const LEVELS: Tool["levels"] = { error: "high", warning: "medium", note: "low", none: "note" };
const ALWAYS = (severity: Severity): Tool["levels"] => ({
  error: severity,
  warning: severity,
  note: severity,
  none: severity,
});

/**
 * What a tool's words mean to us; `security-severity` (CVSS) goes before its level in all of them. `gitleaks` rates nothing, so that a secret is taken
 * for the worst, as in `hms/scan/secrets`; `osv-scanner` writes _warning_ for whatever it finds; `checkov` writes _error_ where nobody
 * gave a severity, and _warning_ for what was suppressed (then its rule's level counts).
 */
const TOOLS: Readonly<Record<string, Tool>> = {
  semgrep: { drivers: ["semgrep"], levels: LEVELS },
  gitleaks: { drivers: ["gitleaks"], levels: ALWAYS("critical"), rules: { "generic-api-key": "high" } },
  checkov: { drivers: ["checkov", "prisma cloud", "bridgecrew"], levels: LEVELS },
  trivy: { drivers: ["trivy"], levels: LEVELS },
  "osv-scanner": { drivers: ["osv-scanner"], levels: ALWAYS("high") },
  zap: { drivers: ["zap", "owasp zap", "zaproxy"], levels: LEVELS },
  wapiti: { drivers: ["wapiti"], levels: LEVELS },
  sonarqube: { drivers: ["sonarqube", "sonarcloud", "sonar"], levels: LEVELS },
};
const UNKNOWN: Tool = { drivers: [], levels: LEVELS };

/** The tool of that driver's name as we call it; undefined for one that we do not know. */
export function toolOf(driver: string): string | undefined {
  const name = driver.trim().toLowerCase();
  const fits = (own: string) => name === own || name.startsWith(`${own} `);
  return Object.keys(TOOLS).find((tool) => TOOLS[tool]?.drivers.some(fits));
}

/** The worst of what the rule says (which may stand there twice) and what the result says of itself. */
export function severityOf(
  tool: string | undefined,
  ruleId: string | undefined,
  result: { level?: Level; score?: number; suppressed: boolean },
  rule: { level: Level; score?: number },
): Severity {
  const table = (tool !== undefined && Object.hasOwn(TOOLS, tool) ? TOOLS[tool] : undefined) ?? UNKNOWN;
  const score = worseScore(result.score, rule.score);
  if (score !== undefined) return severityOfScore(score);
  const { rules } = table;
  if (rules && ruleId !== undefined && Object.hasOwn(rules, ruleId)) return rules[ruleId] ?? "high";
  const level = result.level ?? rule.level;
  return table.levels[result.suppressed ? worseLevel(level, rule.level) : level];
}

/** https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning */
function severityOfScore(score: number): Severity {
  return score >= 9 ? "critical" : score >= 7 ? "high" : score >= 4 ? "medium" : "low";
}

/** `security-severity` of a property bag: above 0 and up to 10, as text or number; all else says nothing. */
export function scoreOf(properties: Readonly<Record<string, unknown>> | undefined): number | undefined {
  if (!properties || !Object.hasOwn(properties, "security-severity")) return undefined;
  const value = properties["security-severity"];
  const number = typeof value === "string" && /^\d{1,2}(?:\.\d{1,6})?$/.test(value.trim()) ? Number(value) : value;
  return typeof number === "number" && number > 0 && number <= 10 ? number : undefined;
}

const RANK: readonly Level[] = ["error", "warning", "note", "none"];

export function worseLevel(a: Level, b: Level): Level {
  return RANK.indexOf(a) < RANK.indexOf(b) ? a : b;
}

export function worseScore(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.max(a, b);
}

/** The level that a rule has where a result does not say; the standard's default is _warning_. */
export function levelOf(rule: SarifRule | undefined): Level {
  return rule?.defaultConfiguration?.level ?? "warning";
}

/** Whether a result is one: what passed, does not apply or is there no more is none. */
export function isFinding({ kind, level, baselineState }: SarifResult): boolean {
  if (baselineState === "absent") return false;
  // A result that both passes and has a level contradicts itself: then it counts.
  return !((kind === "pass" || kind === "notApplicable") && (level === undefined || level === "none"));
}
