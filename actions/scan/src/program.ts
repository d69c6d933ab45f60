import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { access } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { getInput } from "@actions/core";
import { matching, requireOutsideOfJob, type ToolName } from "./inputs.ts";
import { homeOf, isPinned, PINNED } from "./pinned.ts";
import { ScanFailure } from "./scan-failure.ts";

export const COMPLETE = ".complete";

/**
 * The path of a tool's program, made certain of: what `install` put there, or what the workflow names together with its digest.
 * @throws {ScanFailure}
 */
export async function programOf(tool: ToolName): Promise<string> {
  if (tool === "sarif") return "";
  if (!isPinned(tool)) return namedProgram(tool);
  const home = await homeOf(tool);
  try {
    await access(join(home, COMPLETE));
  } catch {
    throw new ScanFailure(
      `${tool} ${PINNED[tool].version} is not installed: a step with mode install has to come first.`,
    );
  }
  return join(home, PINNED[tool].program);
}

async function namedProgram(tool: ToolName): Promise<string> {
  const path = getInput(`${tool}-path`);
  if (path === "")
    throw new ScanFailure(
      `${tool} is not installed by this Action: put it on the runner, and give the repository the Actions variables HMS_SCAN_${tool.toUpperCase()}_PATH and HMS_SCAN_${tool.toUpperCase()}_DIGEST (docs/scans.md).`,
    );
  const wanted = matching(`${tool}-digest`, /^[0-9a-f]{64}$/, "a SHA-256 in hex");
  if (!isAbsolute(path)) throw new ScanFailure(`The input ${tool}-path is not a whole path.`);
  await requireOutsideOfJob(path, `${tool}-path`);
  const hash = createHash("sha256");
  try {
    await pipeline(createReadStream(path), hash);
  } catch (error) {
    throw new ScanFailure(`${tool} cannot be read at ${tool}-path: ${(error as Error).message}`);
  }
  const found = hash.digest("hex");
  if (found !== wanted)
    throw new ScanFailure(`${tool} at ${tool}-path has the SHA-256 ${found}, not the one of ${tool}-digest.`);
  return path;
}
