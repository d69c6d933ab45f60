import type { Diagnosis, DiagnosisLevel } from "../model/diagnosis.ts";

const MARKS: Record<DiagnosisLevel, string> = { ok: "ok", warn: "warn", fail: "FAIL", unknown: "?" };

const INDENT = " ".repeat(7);

/** For people: a block for each place, a line for each finding, and below it what mends it. */
export function reportText(findings: readonly Diagnosis[]): string {
  const places = [...new Set(findings.map(({ where }) => where))];
  const blocks = places.map((place) => {
    const lines = findings.filter(({ where }) => where === place).map(lineOf);
    return `${place}\n${lines.join("\n")}`;
  });
  return `${[...blocks, summary(findings)].join("\n\n")}\n`;
}

function lineOf({ level, code, what, fix, command }: Diagnosis): string {
  const lines = [`  ${MARKS[level].padEnd(5)}${code.padEnd(24)} ${what}`];
  if (fix !== undefined) lines.push(`${INDENT}→ ${fix}`);
  if (command !== undefined) lines.push(`${INDENT}$ ${command}`);
  return lines.join("\n");
}

export function summary(findings: readonly Diagnosis[]): string {
  const count = (level: DiagnosisLevel): number => findings.filter((finding) => finding.level === level).length;
  const [failed, warned, unknown, good] = [count("fail"), count("warn"), count("unknown"), count("ok")];
  const parts = [
    failed > 0 ? `${failed} to mend` : "",
    unknown > 0 ? `${unknown} could not be looked at` : "",
    warned > 0 ? `${warned} to think about` : "",
    `${good} ok`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}

/** For programs; `code` and `level` do not change from version to version. */
export function reportJson(findings: readonly Diagnosis[], exitCode: number): string {
  return `${JSON.stringify({ version: 1, exitCode, findings }, null, 2)}\n`;
}
