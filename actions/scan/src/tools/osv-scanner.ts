import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { getInput } from "@actions/core";
import { requireOutsideOfJob } from "../inputs.ts";
import { quote } from "../log.ts";
import { readSarifFile } from "../read-sarif.ts";
import { lastWords, runTool } from "../run-tool.ts";
import type { Log } from "../sarif.ts";
import { ScanFailure } from "../scan-failure.ts";
import { bareEnvironment, type Scanned, type Scene } from "../scene.ts";
import type { Unread } from "../unread.ts";

/** https://google.github.io/osv-scanner/output/#return-codes */
const FOUND = 1;
const NO_PACKAGES = 128;
const FAILED = 127;

/** What Go says where a service cannot be reached. */
const NETWORK =
  /\bdial tcp\b|no such host|i\/o timeout|connection (?:refused|reset)|TLS handshake|Client\.Timeout|unexpected status.*5\d\d/i;
const ATTEMPTS = 3;
const WAIT_MS = 2_000;

/** https://google.github.io/osv-scanner/ — asks osv.dev, or the copy of its database that the input `database` names. */
export async function osvScanner({ exported, scratch, program, deadlineMs }: Scene): Promise<Scanned> {
  const { root } = await exported();
  const [output, configuration] = [join(scratch, "osv.sarif"), join(scratch, "osv-scanner.toml")];
  await writeFile(configuration, "");
  const database = getInput("database");
  if (database !== "") await requireOutsideOfJob(database, "database");
  const run = () =>
    runTool({
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
  let end = await run();
  for (let again = 1; again < ATTEMPTS && end.code === FAILED && NETWORK.test(end.stderr); again += 1) {
    quote(end.stderr);
    await sleep(again * WAIT_MS);
    end = await run();
  }
  quote(end.stderr);
  if (end.cut) throw new ScanFailure("osv-scanner complained of more files than can be told of.");
  const unread = unreadIn(end.stderr, root);
  if (end.code === NO_PACKAGES) return { log: nothingToScan(), unread };
  if (end.code !== 0 && end.code !== FOUND)
    throw new ScanFailure(`osv-scanner ended with ${end.code}: ${lastWords(end)}`);
  const log = await readSarifFile(output, "osv-scanner");
  const found = log.runs.some((run) => (run.results ?? []).length > 0);
  if (found !== (end.code === FOUND))
    throw new ScanFailure(`osv-scanner ended with ${end.code}, but its report says otherwise.`);
  // Advice that has no effect here.
  for (const rule of log.runs.flatMap((run) => run.tool.driver.rules ?? [])) delete rule.help;
  return { log, unread };
}

/** Lock files that it could not read stand only in what it writes beside its report. */
function unreadIn(complaints: string, root: string): Unread[] {
  const lines = complaints.matchAll(/^Error during extraction: \(extracting as [^)]*\) (.*)$/gm);
  return [...lines].map(([, rest = ""]) => {
    const absolute = `/${rest.replace(/^\/+/, "")}`;
    const inside = absolute.startsWith(`${root}/`) ? absolute.slice(root.length + 1) : rest;
    const at = inside.lastIndexOf(": could not extract");
    const path = at < 0 ? inside.split(": ")[0] : inside.slice(0, at);
    return { path: path || "?", why: `osv-scanner could not read this file: ${inside.slice(-300)}` };
  });
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
