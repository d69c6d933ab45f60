import { matchesPath, readPattern } from "../../model/path-pattern.ts";

/** In the order in which they are read, as there may be more than are read. */
const KINDS = ["startup", "discovery", "data", "python"] as const;
export type FileKind = (typeof KINDS)[number];

/** Folders that hold others' files. */
const FOREIGN =
  /(?:^|\/)(?:node_modules|\.git|\.venv|venv|site-packages|__pycache__|vendor|\.(?:mypy|pytest|ruff)_cache|\.tox|\.nox)\//;
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
 * none: all) and are a `.env.discovery`, a Python source, or YAML or JSON. Start-up configurations come first, sources last. A pattern that
 * cannot be read matches nothing.
 */
export function agentFiles(paths: readonly string[], patterns: readonly string[]): string[] {
  const read = patterns.flatMap((pattern) => readPattern(pattern) ?? []);
  const chosen = paths.flatMap((path) => {
    const kind = kindOf(path);
    if (kind === undefined) return [];
    return patterns.length === 0 || read.some((pattern) => matchesPath(pattern, path)) ? [{ path, kind }] : [];
  });
  return chosen.sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind)).map(({ path }) => path);
}
