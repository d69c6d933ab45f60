import { isMap, isNode, isScalar, isSeq, type Node } from "yaml";
import type { z } from "zod";
import type { Position } from "../model/text-position.ts";
import { didYouMean } from "./did-you-mean.ts";
import { hmsFileSchema, LATER_KEYS } from "./schema.ts";

/** A mistake in a configuration file. Lines and columns are 1-based. */
export interface ConfigProblem {
  line: number;
  column: number;
  /** One sentence without the position. It may quote the file: escape it where it is shown. */
  message: string;
  /** `gate.approvals.count`; empty for the file as a whole. */
  path: string;
}

type Issue = z.core.$ZodIssue;

/** The schema's issues in plain words, each at the key or value that it speaks of; `max` at most, since finding a place takes a walk. */
export function problemsOfIssues(
  issues: readonly Issue[],
  value: unknown,
  root: Node | null,
  at: Position,
  max: number,
  schema: z.core.$ZodType = hmsFileSchema,
): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const issue of issues.slice(0, max)) {
    const path = issue.path.map(String);
    if (issue.code !== "unrecognized_keys") {
      const message = sentence(issue, path, valueAt(value, path));
      problems.push({ ...at(offsetOf(root, path, "value")), message, path: path.join(".") });
      continue;
    }
    for (const key of issue.keys.slice(0, max - problems.length)) {
      const place = at(offsetOf(root, [...path, key], "key"));
      problems.push({ ...place, message: unknownKey(schema, path, key, value), path: [...path, key].join(".") });
    }
  }
  return problems;
}

function unknownKey(schema: z.core.$ZodType, path: string[], key: string, value: unknown): string {
  const here = path.length === 0 ? "at the top" : `under \`${path.join(".")}\``;
  if (schema === hmsFileSchema && LATER_KEYS[path.join(".")]?.includes(key))
    return `this version does not know \`${shown(key)}\` ${here} yet`;
  const known = keysAt(schema, path).filter((name) => !Object.hasOwn(valueAt(value, path) ?? {}, name));
  const meant = didYouMean(key, known);
  const hint = meant ? `; did you mean \`${meant}\`?` : `; known here: ${keysAt(schema, path).join(", ")}`;
  return `unknown key \`${shown(key)}\` ${here}${hint}`;
}

/** The keys that the schema has at a path. */
function keysAt(root: z.core.$ZodType, path: readonly string[]): string[] {
  let schema: z.core.$ZodType | undefined = root;
  for (const key of path) {
    schema = unwrapped(schema);
    const def = schema?._zod.def as { shape?: Record<string, z.core.$ZodType>; element?: z.core.$ZodType } | undefined;
    schema = def?.shape?.[key] ?? def?.element;
  }
  const def = unwrapped(schema)?._zod.def as { shape?: object } | undefined;
  return Object.keys(def?.shape ?? {});
}

function unwrapped(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  const inner = (schema?._zod.def as { innerType?: z.core.$ZodType } | undefined)?.innerType;
  return inner ? unwrapped(inner) : schema;
}

function sentence(issue: Issue, path: string[], value: unknown): string {
  const name = path.length === 0 ? "the file" : `\`${path.join(".")}\``;
  if (value === undefined && issue.code !== "custom")
    return `${name} is missing${path.join() === "version" ? "; write `version: 1`" : ""}`;
  const but = `, not ${kindOf(value)}`;
  switch (issue.code) {
    case "invalid_type":
      return `${name} must be ${TYPE_NAMES[issue.expected] ?? issue.expected}${but}`;
    case "invalid_value":
      if (!issue.message.startsWith("Invalid")) return issue.message;
      return `${name} must be ${orList(issue.values.map(String))}${but}`;
    case "too_small":
      return `${name} must be ${issue.minimum} or more${but}`;
    case "too_big":
      return issue.origin === "array"
        ? `${name} may have ${issue.maximum} entries at most`
        : `${name} must be ${issue.maximum} or less${but}`;
    case "invalid_format":
      if (!issue.message.startsWith("Invalid")) return `${name}: ${issue.message}`;
      return `${name} must be a name in lower case with dashes, such as \`no-critical-findings\`${but}`;
    default:
      return `${name}: ${issue.message}`;
  }
}

const TYPE_NAMES: Record<string, string> = {
  object: "a map of keys",
  array: "a list",
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "`true` or `false`",
};

function orList(values: string[]): string {
  const quoted = values.map((value) => `\`${value}\``);
  return quoted.length < 2 ? quoted.join() : `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
}

function kindOf(value: unknown): string {
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  if (typeof value === "string") return `the text \`${shown(value)}\``;
  return `\`${shown(String(value))}\``;
}

function shown(text: string): string {
  const line = text.replace(/[\p{C}`]+/gu, "·");
  return line.length > 60 ? `${line.slice(0, 60).replace(/[\ud800-\udbff]$/, "")}…` : line;
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  return at;
}

/** Where the key or value of a path stands; of what is missing, where the last part that is there stands. */
function offsetOf(root: Node | null, path: readonly string[], part: "key" | "value"): number {
  let node: Node | null = root;
  let offset = root?.range?.[0] ?? 0;
  for (const [depth, key] of path.entries()) {
    if (isMap(node)) {
      const pair = node.items.find((item) => String(isScalar(item.key) ? item.key.value : item.key) === key);
      if (!pair) return offset;
      const keyAt = isNode(pair.key) ? pair.key.range?.[0] : undefined;
      const last = depth === path.length - 1;
      const value = isNode(pair.value) ? pair.value : null;
      const empty = isScalar(value) && value.value === null;
      offset = (last && part === "value" && !empty ? value?.range?.[0] : keyAt) ?? offset;
      node = value;
    } else if (isSeq(node)) {
      const item: unknown = node.items[Number(key)];
      if (!isNode(item)) return offset;
      offset = item.range?.[0] ?? offset;
      node = item;
    } else return offset;
  }
  return offset;
}
