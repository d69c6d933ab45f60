import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { getInput } from "@actions/core";
import { quote } from "../log.ts";
import { readSarifFile } from "../read-sarif.ts";
import { lastWords, runTool } from "../run-tool.ts";
import type { Log } from "../sarif.ts";
import { ScanFailure } from "../scan-failure.ts";
import { bareEnvironment, type Scanned, type Scene } from "../scene.ts";

/** https://google.github.io/osv-scanner/output/#return-codes */
const FOUND = 1;
const NO_PACKAGES = 128;

/** https://google.github.io/osv-scanner/ — asks osv.dev, or the copy of its database that the input `database` names. */
export async function osvScanner({ exported, scratch, program, deadlineMs }: Scene): Promise<Scanned> {
  const { root } = await exported();
  const [output, configuration] = [join(scratch, "osv.sarif"), join(scratch, "osv-scanner.toml")];
  await writeFile(configuration, "");
  const database = getInput("database");
  const end = await runTool({
    program,
    args: [
      "scan",
      "source",
      "--recursive",
      // Ignore files, and the configuration beside each lock file.
      "--no-ignore",
      `--config=${configuration}`,
      // Neither builds the code nor asks registries that a manifest names.
      "--no-call-analysis=all",
      "--no-resolve",
      ...(database === "" ? [] : ["--offline", `--local-db-path=${database}`]),
      "--format=sarif",
      `--output-file=${output}`,
      root,
    ],
    cwd: scratch,
    env: bareEnvironment(scratch, []),
    deadlineMs,
  });
  quote(end.stderr);
  if (end.code === NO_PACKAGES) return { log: nothingToScan(), unread: [] };
  if (end.code !== 0 && end.code !== FOUND)
    throw new ScanFailure(`osv-scanner ended with ${end.code}: ${lastWords(end)}`);
  const log = await readSarifFile(output, "osv-scanner");
  const found = log.runs.some((run) => (run.results ?? []).length > 0);
  if (found !== (end.code === FOUND))
    throw new ScanFailure(`osv-scanner ended with ${end.code}, but its report says otherwise.`);
  return { log, unread: [] };
}

function nothingToScan(): Log {
  const text = "The commit has no lock file or manifest that osv-scanner reads.";
  return {
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "osv-scanner" } },
        results: [],
        invocations: [
          { executionSuccessful: true, toolExecutionNotifications: [{ level: "note", message: { text } }] },
        ],
      },
    ],
  };
}
