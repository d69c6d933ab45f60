import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { ToolUnavailableError } from "./tools.ts";

/** Scanners that the Action installs by itself. */
export const SCANNER_NAMES = ["semgrep", "gitleaks", "osv-scanner", "checkov", "wapiti"] as const;
export type ScannerName = (typeof SCANNER_NAMES)[number];

const ACTION = join(import.meta.dirname, "../../actions/scan/dist/index.js");

/** A runner's tool cache that outlives runs. */
export function scannerCache(): string {
  return join(process.env.HMS_TOOL_CACHE ?? join(homedir(), ".cache", "hms-sys", "tools"), "scanners");
}

/**
 * Has the Action itself install a scanner, as its workflow does before anything of a pull request is there.
 * @throws {ToolUnavailableError}
 */
export function ensureScanner(name: ScannerName): void {
  const temp = mkdtempSync(join(tmpdir(), "hms-install-"));
  mkdirSync(scannerCache(), { recursive: true });
  try {
    const { status, stdout, stderr } = spawnSync(process.execPath, [ACTION], {
      env: {
        ...process.env,
        INPUT_MODE: "install",
        INPUT_TOOL: name,
        RUNNER_TEMP: temp,
        RUNNER_TOOL_CACHE: scannerCache(),
        GITHUB_OUTPUT: "",
        GITHUB_STEP_SUMMARY: "",
        GOTOOLCHAIN: "local",
      },
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
    });
    if (status !== 0) throw new ToolUnavailableError(`${name} cannot be installed:\n${stdout}${stderr}`.slice(-4000));
  } finally {
    rmSync(temp, { recursive: true, force: true });
  }
}
