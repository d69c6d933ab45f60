import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  type Node,
  parseAllDocuments,
  visit,
} from "yaml";
import { positionsIn } from "../../model/text-position.ts";
import type { Flaw } from "./rules.ts";
import { shown } from "./text.ts";

/** A path into the file's value, as JSON Schema's instance paths go. */
export type Place = readonly (string | number)[];

/** One agent of a start-up configuration, with whatever of it has the right type. */
export interface Agent {
  name: string;
  /** A flat entry without a name: `name` was made up from its number. */
  nameless?: true;
  place: Place;
  script?: string;
  host?: string;
  ports: { key: "port" | "health_check_port"; port: number }[];
  dependencies: { name: string; place: Place }[];
  config: unknown;
}

export interface StartupFile {
  path: string;
  text: string;
  /** What it holds; undefined where it could not be read, which `flaws` then say. */
  value: unknown;
  agents: Agent[];
  flaws: Flaw[];
  /** Line and column of a value; of its key with `key`. Of the nearest around it where it is not there itself. */
  at(place: Place, key?: string): { line: number; column: number };
}

/** The YAML parser recurses, so depth is bounded before it runs. */
const MAX_DEPTH = 60;
/** Blanks before a line: a block's level needs one at least, and nobody indents that far. */
const MAX_INDENT = 240;
/** Aliases can blow a small file up to any size: values in it all written out. */
const MAX_VALUES = 100_000;
const MAX_ALIASES = 1_000;

/** In our own words: the library's messages quote the text, which may be a credential. */
const WORDS: Readonly<Record<string, string>> = {
  BAD_ALIAS: "an alias refers to an anchor that is not defined before it",
  BAD_INDENT: "the indentation is wrong, or a bracket before it is not closed",
  TAB_AS_INDENT: "a tab is used as indentation",
  MISSING_CHAR: "a character is missing, such as a quote, colon, comma or bracket",
  MULTILINE_IMPLICIT_KEY: "a key spans several lines, or its colon is missing",
  BLOCK_AS_IMPLICIT_KEY: "a second key begins on the same line",
  MULTIPLE_DOCS: "the file holds more than one YAML document",
  TAG_RESOLVE_FAILED: "a tag is not one of YAML's own; tags can construct objects in the program that reads them",
  NON_STRING_KEY: "a key is not a string",
  UNEXPECTED_TOKEN: "something stands where YAML does not expect it",
};

/** Reads a start-up configuration, as PyYAML reads YAML (version 1.1 with merge keys), or as JSON by its name. Never throws. */
export function readStartup(path: string, text: string): StartupFile {
  const at = positionsIn(text);
  const file: StartupFile = { path, text, value: undefined, agents: [], flaws: [], at: () => ({ line: 1, column: 1 }) };
  const refuse = (offset: number, why: string, rule: "startup-syntax" | "unread" = "startup-syntax") =>
    file.flaws.push({
      ...{ rule, path, ...at(offset), message: `${shown(path)} cannot be read as a start-up configuration: ${why}.` },
      ...{ subject: [why], agents: [], facts: { path, agent: path } },
    });
  if (depthOf(text) > MAX_DEPTH) {
    refuse(0, `it is nested more than ${MAX_DEPTH} deep`, "unread");
    return file;
  }
  const json = path.toLowerCase().endsWith(".json");
  const document = parse(text, json);
  if (typeof document === "string") {
    refuse(0, document);
    return file;
  }
  // One error brings others with it; the first is the one to mend.
  const mistakes = document.errors.length > 0 ? document.errors.slice(0, 1) : document.warnings;
  for (const { pos, code } of mistakes) {
    refuse(pos[0], WORDS[code] ?? `it is not valid YAML here (${code})`);
  }
  if (file.flaws.length > 0) return file;
  if (json) {
    const problem = jsonProblem(text);
    if (problem) {
      refuse(problem.offset, "it is valid YAML, but not JSON");
      return file;
    }
  }
  for (const { offset, name } of duplicatedKeys(document)) {
    refuse(offset, `the key “${shown(name)}” is given twice`);
  }
  const value = tooManyAliases(document) ? undefined : plainValue(document);
  if (value === undefined) refuse(0, "its aliases are too many, or expand to too much or to themselves", "unread");
  file.at = (place, key) => at(offsetOf(document, place, key));
  file.value = value;
  file.agents = agentsIn(value);
  return file;
}

function parse(text: string, json: boolean): Document.Parsed | string {
  // JSON may be indented with tabs, which YAML does not take; a blank in place of each keeps the columns.
  const source = json ? text.replace(/^[\t ]+/gm, (indent) => indent.replaceAll("\t", " ")) : text;
  try {
    const documents = parseAllDocuments(source, {
      ...(json ? { version: "1.2", schema: "core" } : { version: "1.1" }),
      // Quadratic in the library; `duplicatedKeys` does it.
      uniqueKeys: false,
      stringKeys: true,
      prettyErrors: false,
      logLevel: "silent",
    });
    const [document, second] = [...documents];
    if (!document) return "it is empty";
    return second ? "it holds more than one YAML document" : (document as Document.Parsed);
  } catch {
    return "it is not YAML";
  }
}

function jsonProblem(text: string): { offset: number } | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    const position = /at position (\d{1,9})/.exec(error instanceof Error ? error.message : "");
    return { offset: Number(position?.[1] ?? 0) };
  }
}

function duplicatedKeys(document: Document): { offset: number; name: string }[] {
  const found: { offset: number; name: string }[] = [];
  visit(document, {
    Map(_key, map) {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        if (!isScalar(key) || typeof key.value !== "string") continue;
        if (seen.has(key.value) && key.value !== "<<") found.push({ offset: key.range?.[0] ?? 0, name: key.value });
        seen.add(key.value);
      }
    },
  });
  return found;
}

/** Each alias takes the parser a walk through the document. */
function tooManyAliases(document: Document): boolean {
  let aliases = 0;
  visit(document, { Alias: () => (++aliases > MAX_ALIASES ? visit.BREAK : undefined) });
  return aliases > MAX_ALIASES;
}

/** The plain value, if it stays within {@link MAX_VALUES}: aliases give the same object again and again, and can even hold themselves. */
function plainValue(document: Document): unknown {
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 10_000 }) ?? null;
  } catch {
    return undefined;
  }
  const stack = [value];
  for (let seen = 0; stack.length > 0; seen++) {
    if (seen > MAX_VALUES) return undefined;
    const one = stack.pop();
    if (typeof one !== "object" || one === null) continue;
    const inner = Object.values(one);
    if (inner.length + stack.length > MAX_VALUES) return undefined;
    for (const each of inner) stack.push(each);
  }
  return value;
}

function agentsIn(value: unknown): Agent[] {
  const groups = Object.entries(record(record(value)?.agent_groups) ?? {});
  const nested = groups.flatMap(([group, members]) =>
    Object.entries(record(members) ?? {}).flatMap(([name, entry]) =>
      agentOf(entry, ["agent_groups", group, name], name),
    ),
  );
  const services = record(value)?.pc2_services;
  const flat = Array.isArray(services)
    ? services.flatMap((entry, number) => agentOf(entry, ["pc2_services", number], undefined))
    : [];
  return [...nested, ...flat];
}

function agentOf(entry: unknown, place: Place, key: string | undefined): Agent[] {
  const agent = record(entry);
  if (!agent) return [];
  const own = typeof agent.name === "string" && agent.name.trim() !== "" ? agent.name : undefined;
  const name = key ?? own;
  const { script_path: script, host, dependencies } = agent;
  return [
    {
      ...(name === undefined ? { name: `pc2_services[${place[1]}]`, nameless: true as const } : { name }),
      ...(typeof script === "string" ? { script } : {}),
      ...(typeof host === "string" ? { host } : {}),
      place,
      ports: (["port", "health_check_port"] as const).flatMap((each) => {
        const port = agent[each];
        return typeof port === "number" && Number.isInteger(port) ? [{ key: each, port }] : [];
      }),
      dependencies: (Array.isArray(dependencies) ? dependencies : []).flatMap((each, number) =>
        typeof each === "string" ? [{ name: each, place: [...place, "dependencies", number] }] : [],
      ),
      config: agent.config,
    },
  ];
}

export function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

function offsetOf(document: Document, place: Place, key: string | undefined): number {
  let node: Node | null = document.contents as Node | null;
  let offset = node?.range?.[0] ?? 0;
  const steps = key === undefined ? place : [...place, key];
  for (const [number, step] of steps.entries()) {
    if (isAlias(node)) node = node.resolve(document) ?? null;
    let inner: unknown;
    if (isMap(node)) {
      const pair = node.items.find(
        (each) => isPair(each) && isScalar(each.key) && String(each.key.value) === String(step),
      );
      inner = pair?.value;
      if (
        pair &&
        isNode(pair.key) &&
        (number < steps.length - 1 || key !== undefined || !isNode(inner) || !isScalar(inner))
      )
        offset = pair.key.range?.[0] ?? offset;
    } else if (isSeq(node)) inner = node.items[Number(step)];
    if (!isNode(inner)) return offset;
    if (number === steps.length - 1 && key === undefined && isScalar(inner)) return inner.range?.[0] ?? offset;
    if (isSeq(node)) offset = inner.range?.[0] ?? offset;
    node = inner;
  }
  return offset;
}

/** An upper bound of the nesting: open brackets, or blanks and dashes at the start of a line (each level of a block needs one). */
function depthOf(text: string): number {
  let open = 0;
  let deepest = 0;
  for (const line of text.split("\n")) {
    if (/^\s*#/.test(line)) continue;
    const indent = /^[ \t?:-]*/.exec(line)?.[0] ?? "";
    const levels = indent.length > MAX_INDENT ? indent.length : indent.replaceAll(/[ \t]+/g, "").length;
    deepest = Math.max(deepest, levels > MAX_DEPTH ? levels : 0);
    for (const character of line) {
      if (character === "[" || character === "{") open++;
      else if ((character === "]" || character === "}") && open > 0) open--;
      deepest = Math.max(deepest, open);
    }
  }
  return deepest;
}
