import { lstat, readFile } from "node:fs/promises";
import type { Log } from "./sarif.ts";
import { ScanFailure } from "./scan-failure.ts";

const MAX_BYTES = 200 * 1024 * 1024;

/**
 * A tool's SARIF file. Only its outline is checked here, so that an empty or cut one is a failure at once; HMS-SYS checks all of it.
 * @throws {ScanFailure}
 */
export async function readSarifFile(path: string, tool: string): Promise<Log> {
  const text = await textOf(path, tool);
  const log = parsed(text, tool) as Partial<Log> | null;
  if (typeof log !== "object" || log?.version !== "2.1.0" || !Array.isArray(log.runs) || log.runs.length === 0)
    throw new ScanFailure(`What ${tool} wrote is not SARIF 2.1.0 with at least one run.`);
  for (const [i, run] of log.runs.entries()) {
    if (typeof run?.tool?.driver?.name !== "string")
      throw new ScanFailure(`runs[${i}] of what ${tool} wrote names no tool.`);
    if (!Array.isArray(run.results))
      throw new ScanFailure(`runs[${i}] of what ${tool} wrote has no results: the scan did not take place.`);
    const unsuccessful =
      Array.isArray(run.invocations) && run.invocations.some((each) => each?.executionSuccessful === false);
    if (unsuccessful) throw new ScanFailure(`${tool} says itself, in runs[${i}].invocations, that it did not succeed.`);
  }
  return log as Log;
}

/**
 * A JSON file that a tool wrote.
 * @throws {ScanFailure}
 */
export async function readJsonFile(path: string, tool: string): Promise<unknown> {
  return parsed(await textOf(path, tool), tool);
}

async function textOf(path: string, tool: string): Promise<string> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") throw new ScanFailure(`${tool} wrote no report.`);
    throw error;
  });
  if (!found.isFile()) throw new ScanFailure(`What ${tool} wrote is no regular file.`);
  if (found.size === 0) throw new ScanFailure(`The report that ${tool} wrote is empty.`);
  if (found.size > MAX_BYTES)
    throw new ScanFailure(`The report that ${tool} wrote has ${found.size} bytes; ${MAX_BYTES} at most are taken.`);
  return readFile(path, "utf8");
}

function parsed(text: string, tool: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ScanFailure(`The report that ${tool} wrote is not JSON, or was cut off.`);
  }
}
