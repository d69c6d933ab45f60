import { type Document, isNode } from "yaml";
import { type ConfigProblem, problemsOfIssues } from "./issue-text.ts";
import { type HmsFile, hmsFileSchema } from "./schema.ts";
import { readStrictYaml } from "./strict-yaml-file.ts";

export type { ConfigProblem } from "./issue-text.ts";

export type ParseResult = { ok: true; config: HmsFile } | { ok: false; problems: ConfigProblem[] };

export interface ParseOptions {
  /** Whose file it is: `organisation` keys are for the organisation's own. Default `repository`. */
  scope?: "repository" | "organisation";
}

/** More would bury the first one, and none of them is needed to see it. */
const MAX_PROBLEMS = 50;

/** Reads a `hms.yml`. Never throws: every text is either a valid file or has at least one problem with its place. */
export function parseHmsYml(text: string, options: ParseOptions = {}): ParseResult {
  const problems = problemsOf(text, options);
  return Array.isArray(problems)
    ? { ok: false, problems: problems.slice(0, MAX_PROBLEMS) }
    : { ok: true, config: problems };
}

function problemsOf(text: string, options: ParseOptions): ConfigProblem[] | HmsFile {
  const read = readStrictYaml(text, "at least `version: 1`");
  if (Array.isArray(read)) return read;
  const { value, document, at } = read;
  const parsed = hmsFileSchema.safeParse(value);
  const found = parsed.success ? [] : problemsOfIssues(parsed.error.issues, value, document.contents, at, MAX_PROBLEMS);
  if (parsed.success) found.push(...duplicatedOverrides(parsed.data, document, at));
  if (
    options.scope !== "organisation" &&
    typeof value === "object" &&
    value !== null &&
    Object.hasOwn(value, "organisation")
  ) {
    const node = document.get("organisation", true);
    const offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
    found.push({
      ...at(offset),
      message: "`organisation` is only taken in the organisation's own file",
      path: "organisation",
    });
  }
  return found.length > 0 || !parsed.success ? found : parsed.data;
}

function duplicatedOverrides(
  file: HmsFile,
  document: Document,
  at: (offset: number) => { line: number; column: number },
) {
  const seen = new Set<string>();
  return (file.gate?.overrides ?? []).flatMap(({ rule }, index): ConfigProblem[] => {
    if (!seen.has(rule)) {
      seen.add(rule);
      return [];
    }
    const node = document.getIn(["gate", "overrides", index, "rule"], true);
    const offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
    return [{ ...at(offset), message: `the rule \`${rule}\` is listed twice`, path: `gate.overrides.${index}.rule` }];
  });
}
