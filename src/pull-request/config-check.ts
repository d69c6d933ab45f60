import { CONFIG_PATH, type EffectiveConfig, effectiveConfig } from "../config/effective.ts";
import { type ConfigProblem, parseHmsYml } from "../config/hms-yml.ts";
import { escapeMarkdown } from "../model/markdown.ts";
import type { CheckAnnotation } from "../ports/github.ts";
import type { CheckContent } from "./at-commit.ts";
import type { ProposalBasis } from "./configuration.ts";

/**
 * `hms/config`: the new text of a pull request that changes hms.yml, with annotations; else, only where the text in force is broken, that.
 * Undefined where there is nothing to say. What a pull request proposes never takes effect before it is merged; it is judged as it would then
 * be, over the organisation's text.
 */
export function configCheck(
  sha: string,
  inForce: EffectiveConfig,
  proposed: string | undefined,
  basis: ProposalBasis = { organisationYml: undefined, scope: "repository" },
): CheckContent | undefined {
  if (proposed !== undefined) {
    const problems = problemsOf(proposed, basis);
    if (problems.length > 0) {
      const annotations = problems.flatMap((problem) => ("line" in problem ? [annotation(problem)] : []));
      return failure(sha, `${count(problems.length)} in this pull request's hms.yml`, problems, annotations);
    }
    const merged = effectiveConfig(basis.organisationYml, proposed, basis.scope);
    if (!merged.valid) return broken(sha, merged);
    return {
      name: "hms/config",
      sha,
      state: { status: "completed", conclusion: "success" },
      title: "hms.yml is valid",
      summary: inForce.valid
        ? "The file is valid. It takes effect when it is merged; until then the default branch's text stays in force."
        : "This text is valid and repairs the broken one on the default branch. The gate stays closed until the default branch is valid: merge it as an administrator, or push the repair.",
    };
  }
  return inForce.valid ? undefined : broken(sha, inForce);
}

/** What is wrong with the proposed text itself: as a file, or since it weakens what the organisation enforces. */
function problemsOf(proposed: string, { organisationYml, scope }: ProposalBasis): Problem[] {
  const parsed = parseHmsYml(proposed, { scope });
  if (!parsed.ok) return parsed.problems;
  const merged = effectiveConfig(organisationYml, proposed, scope);
  return merged.valid || merged.file !== CONFIG_PATH ? [] : merged.problems;
}

type Problem = ConfigProblem | { path: string; message: string };

function broken(sha: string, { file, problems }: EffectiveConfig & { valid: false }): CheckContent {
  return failure(sha, `${count(problems.length)} in ${file} on the default branch`, problems, []);
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
