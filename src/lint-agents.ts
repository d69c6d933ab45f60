import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type AgentsLint,
  agentFiles,
  agentsSarif,
  type LintFile,
  lintAgents,
  lintText,
  planText,
  startupSchema,
} from "./agents/lint.ts";

export const LINT_FORMATS = ["text", "sarif", "json", "plan"] as const;
export type LintFormat = (typeof LINT_FORMATS)[number];

export interface LintRun {
  out: string;
  err: string;
  /** 0 nothing found, or only warned about; 1 findings; 2 the folder cannot be read. */
  exitCode: 0 | 1 | 2;
}

/** Folders that are not walked into: others' files, and there may be very many. */
const SKIPPED = new Set([".git", "node_modules", ".venv", "venv", "__pycache__"]);
const PATHS_MAX = 200_000;

/** What `hms lint agents DIR` does. Symbolic links are not followed. */
export async function runLintAgents(
  directory: string,
  { format, mode }: { format: LintFormat; mode: "warn" | "fail" },
): Promise<LintRun> {
  try {
    const paths = await filesIn(directory);
    const files: LintFile[] = [];
    // A file that is far beyond the lint's limit is refused there, and need not be held whole.
    for (const path of agentFiles(paths, [])) files.push({ path, text: await readFile(join(directory, path), "utf8") });
    const lint = lintAgents(files, new Set(paths));
    return { out: print(lint, format), err: "", exitCode: lint.findings.length > 0 && mode === "fail" ? 1 : 0 };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    return { out: "", err: `${directory}: cannot be read (${code})\n`, exitCode: 2 };
  }
}

/** The JSON Schema of start-up configurations, for editors and for validators in other languages. */
export function startupSchemaText(): string {
  return `${JSON.stringify(startupSchema, null, 2)}\n`;
}

function print(lint: AgentsLint, format: LintFormat): string {
  if (format === "text") return lintText(lint);
  if (format === "plan") return planText(lint);
  return `${JSON.stringify(format === "sarif" ? agentsSarif(lint) : { version: 1, ...lint }, null, 2)}\n`;
}

async function filesIn(root: string): Promise<string[]> {
  const paths: string[] = [];
  const folders = [""];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const entries = await readdir(join(root, folder), { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory() && !SKIPPED.has(entry.name)) folders.push(path);
      else if (entry.isFile()) paths.push(path);
      if (paths.length > PATHS_MAX) throw Object.assign(new Error("too many files"), { code: "EMFILE" });
    }
  }
  return paths.sort();
}
