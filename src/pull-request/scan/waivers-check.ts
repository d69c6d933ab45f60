import { escapeMarkdown, inlineCode } from "../../model/markdown.ts";
import type { CheckContent } from "../at-commit.ts";
import type { WaiversRead } from "./waivers-in-force.ts";

/**
 * `hms/config` with what is wrong with waivers: of the pull request's own text with annotations, else of the default branch's. What is said of
 * hms.yml stays.
 * @param check what `hms/config` says so far.
 */
export function waiversCheck(
  sha: string,
  check: CheckContent | undefined,
  { path, broken, proposed }: WaiversRead,
): CheckContent | undefined {
  const problems = proposed ? proposed.problems : (broken ?? []);
  const file = inlineCode(path);
  if (problems.length === 0) {
    if (!proposed) return check;
    const valid = `${file} is valid. Its waivers count once they are on the default branch; until then those of the default branch do.`;
    return check
      ? { ...check, summary: `${check.summary}\n\n${valid}` }
      : {
          name: "hms/config",
          sha,
          state: { status: "completed", conclusion: "success" },
          title: "The waivers are valid",
          summary: valid,
        };
  }
  const number = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  const whose = proposed ? "this pull request's waivers" : "the waivers on the default branch";
  const title = `Broken waivers: ${number} in ${whose}`;
  const lead = proposed
    ? `${file} would not be taken as it is. A file that cannot be read waives nothing.`
    : `${file} on the default branch cannot be read: until it is repaired nothing is waived.`;
  const rows = problems.map(
    ({ line, column, message }) => `- line ${line}, column ${column}: ${escapeMarkdown(message)}`,
  );
  const broke = check?.state.status === "completed" && check.state.conclusion === "failure";
  const annotations = proposed
    ? problems.map(({ line, column, message }) => ({
        path,
        start_line: line,
        end_line: line,
        annotation_level: "failure" as const,
        title: "Waivers",
        message: `column ${column}: ${message}`,
      }))
    : [];
  return {
    name: "hms/config",
    sha,
    state: { status: "completed", conclusion: "failure" },
    title: broke ? `${check.title} · ${title}` : title,
    summary: [...(check ? [check.summary] : []), `${lead}\n\n${rows.join("\n")}`].join("\n\n"),
    annotations: [...(check?.annotations ?? []), ...annotations],
  };
}
