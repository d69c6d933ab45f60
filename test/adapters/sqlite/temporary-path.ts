import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** Where a database may lie until the test has ended; its directory does not exist yet. */
export function temporaryPath(): string {
  const directory = mkdtempSync(join(tmpdir(), "hms-sqlite-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return join(directory, "data", "hms.db");
}
