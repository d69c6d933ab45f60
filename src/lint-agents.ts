import { createReadStream } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import {
  type AgentsLint,
  agentFiles,
  agentsSarif,
  type LintFile,
  lintAgents,
  lintFile,
  lintText,
  planText,
  startupSchema,
} from "./agents/lint.ts";
import { oneLine } from "./model/markdown.ts";

export type LintFormat = "text" | "sarif" | "json" | "plan";

export interface LintRun {
  out: string;
  err: string;
  /** 0 nothing found, or only warned about; 1 findings; 2 the folder cannot be read, or holds nothing to look at. */
  exitCode: 0 | 1 | 2;
}

/** Folders that are not walked into: others' files, and there may be very many. */
const SKIPPED = new Set([
  ...[".git", "node_modules", ".venv", "venv", "__pycache__"],
  ...[".mypy_cache", ".pytest_cache", ".ruff_cache", ".tox", ".nox"],
]);
const PATHS_MAX = 200_000;
/** Read of one file: in UTF-8 more than any limit of the lint, so that what is cut is told as too large. */
const FILE_BYTES_MAX = 3 * 1024 * 1024 + 4;
/** Read of all files: more than the lint looks at. */
const ALL_BYTES_MAX = 64 * 1024 * 1024;

/** What `hms lint agents DIR` does. Symbolic links are not followed. */
export async function runLintAgents(
  directory: string,
  { format, mode }: { format: LintFormat; mode: "warn" | "fail" },
): Promise<LintRun> {
  try {
    const tree = await treeOf(directory);
    const files = await filesOf(directory, tree);
    const lint = lintAgents(files, new Set(tree.paths));
    if (tree.away.length > 0)
      lint.notes.push(
        `Links to folders outside are not followed: ${tree.away.slice(0, 6).join(", ")}${tree.away.length > 6 ? " …" : "."}`,
      );
    const out = print(lint, format);
    if (files.length > 0) return { out, err: "", exitCode: lint.findings.length > 0 && mode === "fail" ? 1 : 0 };
    const err = `${directory}: no start-up configuration, .env.discovery or Python source is in it, so nothing was looked at\n`;
    return { out, err, exitCode: mode === "fail" ? 2 : 0 };
  } catch (error) {
    const { code, path = directory } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const why = code === TOO_MANY ? `has more than ${PATHS_MAX} files` : `cannot be read (${code})`;
    return { out: "", err: `${oneLine(path)}: ${why}\n`, exitCode: 2 };
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

interface Tree {
  /** Of files, and of symbolic links that lead to files. */
  paths: string[];
  /** Symbolic links, but for those to folders → the file of the tree that they lead to; undefined: none. */
  links: Map<string, string | undefined>;
  /** Symbolic links to folders outside. */
  away: string[];
}

const TOO_MANY = "too many files";

async function treeOf(root: string): Promise<Tree> {
  const tree: Tree = { paths: [], links: new Map(), away: [] };
  const top = await realpath(root);
  const folders = [""];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory() && !SKIPPED.has(entry.name)) folders.push(path);
      else if (entry.isFile()) tree.paths.push(path);
      else if (entry.isSymbolicLink()) await addLink(tree, top, path);
      if (tree.paths.length > PATHS_MAX) throw Object.assign(new Error(TOO_MANY), { code: TOO_MANY });
    }
  }
  tree.paths.sort();
  tree.away.sort();
  return tree;
}

async function addLink(tree: Tree, top: string, path: string): Promise<void> {
  const found = await realpath(join(top, path)).catch(codeOf);
  const target = typeof found === "string" ? found : undefined;
  const inside = target?.startsWith(top + sep) ? relative(top, target).replaceAll(sep, "/") : undefined;
  if (target !== undefined && (await stat(target)).isDirectory()) {
    if (inside === undefined) tree.away.push(path);
    return;
  }
  tree.links.set(path, inside);
  if (target !== undefined) tree.paths.push(path);
}

/** The files that are to be looked at. One that cannot be read, or that is a link to what is not looked at, is told, not passed over. */
async function filesOf(root: string, { paths, links }: Tree): Promise<LintFile[]> {
  const chosen = agentFiles([...new Set([...paths, ...links.keys()])], []);
  const looked = new Set(chosen.filter((path) => !links.has(path)));
  const files: LintFile[] = [];
  let bytes = 0;
  for (const path of chosen) {
    if (links.has(path)) {
      if (!looked.has(links.get(path) ?? "")) files.push({ path, unread: { why: LINKED } });
      continue;
    }
    const file = bytes > ALL_BYTES_MAX ? undefined : await readStart(join(root, path));
    if (file === undefined) files.push({ path, unread: "beyond" });
    else if ("code" in file) files.push({ path, unread: { why: `it cannot be read (${file.code})` } });
    else {
      bytes += file.bytes.length;
      files.push(lintFile(path, file.bytes, { cut: file.bytes.length === FILE_BYTES_MAX }));
    }
  }
  return files;
}

const LINKED = "it is a symbolic link that does not lead to a file that is looked at";

async function readStart(path: string): Promise<{ bytes: Uint8Array } | { code: string }> {
  try {
    return { bytes: Buffer.concat(await Array.fromAsync(createReadStream(path, { end: FILE_BYTES_MAX - 1 }))) };
  } catch (error) {
    return { code: codeOf(error).code };
  }
}

function codeOf(error: unknown): { code: string } {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  return { code };
}
