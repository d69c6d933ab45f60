import { type Document, isAlias, isMap, isNode, isScalar, parseAllDocuments, visit } from "yaml";
import { type Position, positionsIn } from "../model/text-position.ts";
import type { ConfigProblem } from "./issue-text.ts";

const MAX_SIZE = 256 * 1024;
/** The schemas are five deep; the YAML parser recurses, so depth is bounded before it runs. */
const MAX_DEPTH = 50;

/** A file that holds one plain YAML document, with what its places are told by. */
export interface StrictYaml {
  value: unknown;
  document: Document.Parsed;
  at: Position;
}

/**
 * Reads a file that people write: one YAML document of up to 256 KB, without anchors, aliases, tags and keys given twice. Never throws.
 * @param needs what an empty file lacks, as `at least \`version: 1\``.
 */
export function readStrictYaml(text: string, needs: string): StrictYaml | ConfigProblem[] {
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
  if (!document) return whole(`the file is empty; it needs ${needs}`);
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
  if (value === null) return whole(`the file is empty; it needs ${needs}`);
  return { value, document, at };
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
