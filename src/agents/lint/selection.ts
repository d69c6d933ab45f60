import { matchesPath, readPattern } from "../../model/path-pattern.ts";

export type FileKind = "discovery" | "startup" | "python" | "data";

/** Folders that hold others' files. */
const FOREIGN = /(?:^|\/)(?:node_modules|\.git|\.venv|venv|site-packages|__pycache__|vendor)\//;
/** Files of other tools, which no start-up configuration is called. */
const OTHERS = /(?:^|\/)(?:package(?:-lock)?|tsconfig[^/]*|composer|biome|renovate)\.json$|(?:^|\/)\.github\//;

/** What a file is by its name; undefined: of no interest. `data` may be a start-up configuration: its text tells. */
export function kindOf(path: string): FileKind | undefined {
  if (FOREIGN.test(path)) return undefined;
  if (/(?:^|[/.])env\.discovery$/i.test(path)) return "discovery";
  if (/\.py$/i.test(path)) return "python";
  if (!/\.(?:ya?ml|json)$/i.test(path) || OTHERS.test(path)) return undefined;
  return /startup[^/]*$/i.test(path) ? "startup" : "data";
}

/** Whether a YAML or JSON text is meant as a start-up configuration, also where it cannot be read as either. */
export function isStartup(text: string): boolean {
  return (
    /^[ \t]*["']?(?:agent_groups|pc2_services)["']?[ \t]*:/m.test(text) ||
    /^\{?[ \t]*["']?global_settings["']?[ \t]*:/m.test(text)
  );
}

/**
 * The files of a tree that {@link lintAgents} needs to read: of `paths`, those that match one of the `patterns` (as CODEOWNERS writes them;
 * none: all) and are a `.env.discovery`, a Python source, or YAML or JSON. A pattern that cannot be read matches nothing.
 */
export function agentFiles(paths: readonly string[], patterns: readonly string[]): string[] {
  const read = patterns.flatMap((pattern) => readPattern(pattern) ?? []);
  return paths.filter(
    (path) =>
      kindOf(path) !== undefined && (patterns.length === 0 || read.some((pattern) => matchesPath(pattern, path))),
  );
}
