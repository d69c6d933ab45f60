import { CONFIG_PATH, type EffectiveConfig } from "../config/effective.ts";
import { type ConfigProblem, parseHmsYml } from "../config/hms-yml.ts";
import { escapeMarkdown } from "../model/markdown.ts";
import type { CheckAnnotation } from "../ports/github.ts";
import type { CheckContent } from "./at-commit.ts";

/**
 * `hms/config`: the new text of a pull request that changes hms.yml, with annotations; else, only where the text in force is broken, that.
 * Undefined where there is nothing to say. What a pull request proposes never takes effect before it is merged.
 */
export function configCheck(
  sha: string,
  inForce: EffectiveConfig,
  proposed: string | undefined,
): CheckContent | undefined {
  if (proposed !== undefined) {
    const parsed = parseHmsYml(proposed);
    if (parsed.ok) {
      const summary = inForce.valid
        ? "The file is valid. It takes effect when it is merged; until then the default branch's text stays in force."
        : "This text is valid and repairs the broken one on the default branch. The gate stays closed until the default branch is valid: merge it as an administrator, or push the repair.";
      return {
        name: "hms/config",
        sha,
        state: { status: "completed", conclusion: "success" },
        title: "hms.yml is valid",
        summary,
      };
    }
    return failure(
      sha,
      `${count(parsed.problems.length)} in this pull request's hms.yml`,
      parsed.problems,
      parsed.problems.map(annotation),
    );
  }
  if (inForce.valid) return undefined;
  return failure(
    sha,
    `${count(inForce.problems.length)} in ${inForce.file} on the default branch`,
    inForce.problems,
    [],
  );
}

function failure(
  sha: string,
  what: string,
  problems: { path: string; message: string; line?: number; column?: number }[],
  annotations: CheckAnnotation[],
): CheckContent {
  const rows = problems.map(
    (problem) =>
      `- ${problem.line === undefined ? "" : `line ${problem.line}, column ${problem.column}: `}${escapeMarkdown(problem.message)}`,
  );
  return {
    name: "hms/config",
    sha,
    state: { status: "completed", conclusion: "failure" },
    title: `Broken configuration: ${what}`,
    summary: `The gate fails until this is repaired; there are no weaker defaults to fall back to. Check a file before pushing it with \`hms config check FILE\`.\n\n${rows.join("\n")}`,
    ...(annotations.length > 0 ? { annotations } : {}),
  };
}

function annotation(problem: ConfigProblem): CheckAnnotation {
  return {
    path: CONFIG_PATH,
    start_line: problem.line,
    end_line: problem.line,
    annotation_level: "failure",
    title: "hms.yml",
    message: `column ${problem.column}: ${problem.message}`,
  };
}

function count(n: number): string {
  return n === 1 ? "1 problem" : `${n} problems`;
}
