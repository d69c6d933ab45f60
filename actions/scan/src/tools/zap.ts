import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { quote } from "../log.ts";
import { readSarifFile } from "../read-sarif.ts";
import { lastWords, runTool } from "../run-tool.ts";
import { ScanFailure } from "../scan-failure.ts";
import { bareEnvironment, type Scanned, type Scene } from "../scene.ts";
import { addressOf } from "./page-results.ts";

/** Ends with 2 where the plan's jobs only warned: https://www.zaproxy.org/docs/automate/automation-framework/ */
const WARNED = 2;

/** An automation plan with the report template `sarif-json`, as ZAP documents them; no test has run it. */
export async function zap({ asked, scratch, program, deadlineMs }: Scene): Promise<Scanned> {
  const target = addressOf(asked);
  const plan = join(scratch, "plan.yaml");
  const minutes = Math.max(1, Math.floor((deadlineMs - Date.now()) / 60_000 / 3));
  // JSON is YAML, and nothing in an address can break out of it.
  await writeFile(plan, JSON.stringify(planFor(target.href, scratch, minutes)));
  const end = await runTool({
    program,
    args: ["-cmd", "-silent", "-dir", join(scratch, "zap"), "-autorun", plan],
    cwd: scratch,
    env: bareEnvironment(scratch, ["/usr/local/bin", "/usr/bin", "/bin"]),
    deadlineMs,
  });
  quote(end.stdout);
  if (end.code !== 0 && end.code !== WARNED) throw new ScanFailure(`zap ended with ${end.code}: ${lastWords(end)}`);
  return { log: await readSarifFile(join(scratch, "zap.sarif"), "zap"), unread: [] };
}

function planFor(url: string, folder: string, minutes: number): object {
  return {
    env: { contexts: [{ name: "preview", urls: [url] }], parameters: { failOnError: true, failOnWarning: false } },
    jobs: [
      { type: "spider", parameters: { context: "preview", maxDuration: minutes } },
      { type: "passiveScan-wait", parameters: { maxDuration: minutes } },
      { type: "activeScan", parameters: { context: "preview", maxScanDurationInMins: minutes } },
      { type: "report", parameters: { template: "sarif-json", reportDir: folder, reportFile: "zap.sarif" } },
    ],
  };
}
