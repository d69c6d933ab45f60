import { shippedScanWorkflow } from "../../src/config/scan-workflow.ts";
import type { FileContent } from "../doubles/github/git/object-store.ts";
import type { GitHub } from "../doubles/github/github.ts";
import { type RunnerOptions, serveRuns } from "../doubles/runner/runner.ts";
import { PLANTED_SCANNER } from "./planted-scanner.ts";

/** What a team puts on its default branch to have scans: the shipped workflow, with a version of the Action, and a scanner of its own. */
export function scanFiles(): Record<string, FileContent> {
  return {
    ".github/workflows/hms-scan.yml": shippedScanWorkflow().replace(/@0{40}/g, `@${"c".repeat(40)}`),
    ".github/hms-scan/sarif": PLANTED_SCANNER,
  };
}

/** Plays whatever workflow runs GitHub has, with the Action as it is shipped, until it is closed. */
export function startScanRunner(github: GitHub, options: RunnerOptions = {}): { close(): Promise<void> } {
  const ended = new AbortController();
  const served = serveRuns(github, ended.signal, options);
  return {
    async close() {
      ended.abort();
      await served;
    },
  };
}
