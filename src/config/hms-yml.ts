import { type Document, isAlias, isMap, isNode, isScalar, parseAllDocuments, visit } from "yaml";
import { type ConfigProblem, type Position, problemsOfIssues } from "./issue-text.ts";
import { type HmsFile, hmsFileSchema } from "./schema.ts";

export type { ConfigProblem } from "./issue-text.ts";

export type ParseResult = { ok: true; config: HmsFile } | { ok: false; problems: ConfigProblem[] };

export interface ParseOptions {
  /** Whose file it is: `organisation` keys are for the organisation's own. Default `repository`. */
  scope?: "repository" | "organisation";
}

const MAX_SIZE = 256 * 1024;
/** More would bury the first one, and none of them is needed to see it. */
const MAX_PROBLEMS = 50;
/** The schema is five deep; the YAML parser recurses, so depth is bounded before it runs. */
const MAX_DEPTH = 50;

/** Reads a `hms.yml`. Never throws: every text is either a valid file or has at least one problem with its place. */
export function parseHmsYml(text: string, options: ParseOptions = {}): ParseResult {
  const problems = problemsOf(text, options);
  return Array.isArray(problems)
    ? { ok: false, problems: problems.slice(0, MAX_PROBLEMS) }
    : { ok: true, config: problems };
}

function problemsOf(text: string, options: ParseOptions): ConfigProblem[] | HmsFile {
  const whole = (message: string): ConfigProblem[] => [{ line: 1, column: 1, message, path: "" }];
  if (text.length > MAX_SIZE || Buffer.byteLength(text) > MAX_SIZE) return whole("the file is larger than 256 KB");
  if (depthOf(text) > MAX_DEPTH) return whole(`the file is nested more than ${MAX_DEPTH} deep`);
  let documents: Document.Parsed[];
  try {
    documents = [
      ...parseAllDocuments(text, {
        version: "1.2",
        schema: "core",
        merge: false,
        // Quadratic in the library; `duplicatedKeys` does it.
        uniqueKeys: false,
        stringKeys: true,
        strict: true,
        prettyErrors: false,
        logLevel: "silent",
      }),
    ];
  } catch {
    return whole("the file cannot be read as YAML");
  }
  const at = positionsIn(text);
  const document = documents[0];
  if (!document) return whole("the file is empty; it needs at least `version: 1`");
  if (documents[1]) {
    return [{ ...at(documents[1].range[0]), message: "the file holds more than one YAML document", path: "" }];
  }
  const mistakes = [...document.errors, ...document.warnings];
  if (mistakes.length > 0) {
    return mistakes.map((mistake) => ({ ...at(mistake.pos[0]), message: yamlMessage(mistake.message), path: "" }));
  }
  const refused = refusedNodes(document, at);
  if (refused.length > 0) return refused;
  const value: unknown = document.toJS({ maxAliasCount: 0 });
  if (value === null) return whole("the file is empty; it needs at least `version: 1`");
  const parsed = hmsFileSchema.safeParse(value);
  const found = parsed.success ? [] : problemsOfIssues(parsed.error.issues, value, document.contents, at, MAX_PROBLEMS);
  if (parsed.success) found.push(...duplicatedOverrides(parsed.data, document, at));
  if (options.scope !== "organisation" && typeof value === "object" && Object.hasOwn(value, "organisation")) {
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

/** Anchors and aliases, which can blow a small file up to any size, tags, which make other types than the schema's, and keys given twice. */
function refusedNodes(document: Document, at: Position): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const refuse = (offset: number | undefined, message: string) =>
    problems.push({ ...at(offset ?? 0), message, path: "" });
  visit(document, {
    Node(_key, node) {
      if (isAlias(node) || node.anchor !== undefined) {
        refuse(node.range?.[0], "anchors and aliases are not taken; write the value out");
        return visit.SKIP;
      }
      if (node.tag !== undefined) refuse(node.range?.[0], "tags such as `!!set` are not taken");
      if (!isMap(node)) return undefined;
      const seen = new Set<unknown>();
      for (const { key } of node.items) {
        const name = isScalar(key) ? key.value : key;
        if (seen.has(name)) refuse(isNode(key) ? key.range?.[0] : undefined, "this key is given twice");
        seen.add(name);
      }
      return undefined;
    },
  });
  return problems;
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

/** An upper bound of the nesting: open brackets, or blanks and dashes at the start of a line (each level of a block needs one). */
function depthOf(text: string): number {
  let open = 0;
  let deepest = 0;
  for (const line of text.split("\n")) {
    if (/^\s*#/.test(line)) continue;
    const indent = /^[ \t?:-]*/.exec(line)?.[0] ?? "";
    const levels = indent.length > MAX_DEPTH ? indent.replaceAll(/[ \t]+/g, "").length : 0;
    for (const character of line) {
      if (character === "[" || character === "{") open++;
      else if ((character === "]" || character === "}") && open > 0) open--;
      deepest = Math.max(deepest, open);
    }
    deepest = Math.max(deepest, levels);
  }
  return deepest;
}

function yamlMessage(message: string): string {
  const line = message.split("\n")[0] ?? message;
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}

/** Positions of offsets. The library's own line counter is off where it gave up on a text. */
function positionsIn(text: string): Position {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    const bounded = Math.max(0, Math.min(offset, text.length));
    let line = 0;
    let after = starts.length;
    while (after - line > 1) {
      const middle = (line + after) >> 1;
      if ((starts[middle] ?? 0) <= bounded) line = middle;
      else after = middle;
    }
    return { line: line + 1, column: bounded - (starts[line] ?? 0) + 1 };
  };
}
