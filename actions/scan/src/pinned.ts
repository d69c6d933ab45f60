import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { ToolName } from "./inputs.ts";

/** What the Action installs by itself. Each has a folder in `tools/` that names its whole supply by digest: `requirements.txt` with hashes, or `go.sum`. */
export const PINNED = {
  semgrep: {
    by: "pip",
    version: "1.182.0",
    program: "bin/semgrep",
    versionArgs: ["--version", "--disable-version-check"],
  },
  checkov: { by: "pip", version: "3.3.30", program: "bin/checkov", versionArgs: ["--version"] },
  wapiti: {
    by: "pip",
    version: "3.2.3",
    program: "bin/wapiti",
    versionArgs: ["--version"],
    // Of these there are no wheels.
    built: ["yaswfp", "urwid-mitmproxy"],
  },
  gitleaks: { by: "go", version: "8.30.1", program: "gitleaks", package: "github.com/zricethezav/gitleaks/v8" },
  "osv-scanner": {
    by: "go",
    version: "2.5.1",
    program: "osv-scanner",
    package: "github.com/google/osv-scanner/v2/cmd/osv-scanner",
  },
} as const;

export type PinnedTool = keyof typeof PINNED;

export function isPinned(tool: ToolName): tool is PinnedTool {
  return Object.hasOwn(PINNED, tool);
}

/** The folder of `tools/` with what a tool is made of. */
export function sourcesOf(tool: PinnedTool): string {
  return join(import.meta.dirname, "../tools", tool);
}

/** Raised with every change of how a tool is put together. */
const RECIPES: Readonly<Record<PinnedTool, number>> = {
  semgrep: 2,
  checkov: 2,
  wapiti: 2,
  gitleaks: 3,
  "osv-scanner": 2,
};

function requirementsOf(tool: PinnedTool): string[] {
  return ["requirements.txt", ...("built" in PINNED[tool] ? ["requirements-build.txt"] : [])];
}

/** Where a tool stands once it is installed. The name tells what it was made of, so that another version is never taken for it. */
export async function homeOf(tool: PinnedTool): Promise<string> {
  const cache = process.env.RUNNER_TOOL_CACHE || join(process.env.RUNNER_TEMP ?? homedir(), "hms-tools");
  const hash = createHash("sha256").update(`${RECIPES[tool]} ${process.platform} ${process.arch}\n`);
  const files = PINNED[tool].by === "pip" ? requirementsOf(tool) : ["go.mod", "go.sum"];
  for (const file of files) hash.update(await readFile(join(sourcesOf(tool), file)));
  return join(cache, "hms-scan", tool, hash.digest("hex").slice(0, 32));
}
