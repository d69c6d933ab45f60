import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { problemsOfIssues } from "./issue-text.ts";
import { readStrictYaml } from "./strict-yaml-file.ts";

/** Which rules support which controls of a framework. It is a mapping for people who collect evidence, and certifies nothing. */
export interface ControlMap {
  /** `fedramp-moderate`. */
  name: string;
  title: string;
  /** Where the identifiers come from. */
  source: string;
  sourceUrl?: string;
  /** In the file's order; those that no rule names are gaps. */
  controls: { id: string; title: string }[];
  /** Identifiers by the rule's name. */
  rules: ReadonlyMap<string, readonly string[]>;
}

/** All maps that are known, and by which of them denials name their controls. */
export interface ControlMaps {
  all: ControlMap[];
  chosen: ControlMap[];
}

/** The maps that come with this version. */
const SHIPPED = fileURLToPath(new URL("../../policies/controls", import.meta.url));

const line = z
  .string()
  .min(1)
  .max(400)
  .refine((text) => !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text), { error: "this is more than one line" });
const identifier = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.()-]{0,39}$/, "this is no identifier such as `AC-3`");

const file = z.strictObject({
  version: z.literal(1),
  name: z.string().regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, "this is no name such as `fedramp-moderate`"),
  title: line,
  source: line,
  source_url: z.url({ protocol: /^https$/ }).optional(),
  controls: z.record(identifier, line),
  rules: z.record(
    z.string().regex(/^[a-z0-9]+(?:[-/][a-z0-9]+)*$/, "this is no rule's name"),
    z.array(identifier).max(50),
  ),
});

/** Reads one map, or says what is wrong with it, a sentence each. Every control that a rule names has to be in its list. */
export function readControlMap(text: string): ControlMap | { problems: string[] } {
  const read = readStrictYaml(text, "`version: 1`");
  if (Array.isArray(read)) return { problems: read.map(placed) };
  const parsed = file.safeParse(read.value);
  if (!parsed.success) {
    const issues = problemsOfIssues(parsed.error.issues, read.value, read.document.contents, read.at, 10, file);
    return { problems: issues.map(placed) };
  }
  const { name, title, source, source_url, controls, rules } = parsed.data;
  const missing = [...new Set(Object.values(rules).flat())].filter((id) => !Object.hasOwn(controls, id));
  if (missing.length > 0)
    return { problems: [`\`${missing[0]}\` is named by a rule and does not stand under \`controls\``] };
  return {
    name,
    title,
    source,
    ...(source_url === undefined ? {} : { sourceUrl: source_url }),
    controls: Object.entries(controls).map(([id, words]) => ({ id, title: words })),
    rules: new Map(Object.entries(rules)),
  };
}

/** Names of the maps that come with this version. */
function shippedControlMaps(): string[] {
  return readdirSync(SHIPPED).flatMap((name) => (name.endsWith(".yaml") ? [basename(name, ".yaml")] : []));
}

/**
 * The maps that come with this version and those of the operator, with the ones that were chosen.
 * @param chosen names of maps, or paths of files.
 */
export function loadControlMaps(chosen: readonly string[]): ControlMaps | { problems: string[] } {
  const all = new Map<string, ControlMap>();
  const problems: string[] = [];
  const load = (path: string): ControlMap | undefined => {
    const map = readFileOf(path);
    if ("problems" in map) problems.push(...map.problems);
    else all.set(map.name, map);
    return "problems" in map ? undefined : map;
  };
  for (const name of shippedControlMaps()) load(join(SHIPPED, `${name}.yaml`));
  const picked = chosen.map((one) => {
    const isPath = /[./]/.test(one);
    if (!isPath && !all.has(one)) problems.push(`must name maps out of ${[...all.keys()].join(", ")}, or files`);
    return isPath ? load(one) : all.get(one);
  });
  return problems.length > 0
    ? { problems }
    : { all: [...all.values()], chosen: picked.filter((map) => map !== undefined) };
}

function readFileOf(path: string): ControlMap | { problems: string[] } {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    return { problems: [`names a file that cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"})`] };
  }
  const map = readControlMap(text);
  return "problems" in map
    ? { problems: map.problems.map((problem) => `names a map that cannot be used: ${problem}`) }
    : map;
}

/** The controls that a rule supports by some maps; undefined where none of them knows the rule. */
export function controlsOf(maps: readonly ControlMap[], rule: string): string[] | undefined {
  const found = maps.flatMap((map) => (map.rules.has(rule) ? [map.rules.get(rule) ?? []] : []));
  return found.length === 0 ? undefined : found.flat();
}

function placed({ line: at, column, message }: { line: number; column: number; message: string }): string {
  return `line ${at}, column ${column}: ${message}`;
}
