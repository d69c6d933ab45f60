import { dirname, join } from "node:path";
import { quote } from "../log.ts";
import { readJsonFile } from "../read-sarif.ts";
import { lastWords, runTool } from "../run-tool.ts";
import { ScanFailure } from "../scan-failure.ts";
import { bareEnvironment, type Scanned, type Scene } from "../scene.ts";
import { addressOf } from "./page-results.ts";
import { wapitiLog } from "./wapiti-report.ts";

/** Those that need neither a server of others nor a database of their own. */
const MODULES = [
  "cookieflags",
  "crlf",
  "csp",
  "exec",
  "file",
  "http_headers",
  "permanentxss",
  "redirect",
  "sql",
  "xss",
];
const MARGIN_S = 60;

/** Attacks the preview, within its own address. */
export async function wapiti({ asked, scratch, program, deadlineMs }: Scene): Promise<Scanned> {
  const target = addressOf(asked);
  const output = join(scratch, "wapiti.json");
  const seconds = Math.max(MARGIN_S, Math.floor((deadlineMs - Date.now()) / 1000) - MARGIN_S);
  const end = await runTool({
    program,
    args: [
      `--url=${target.href}`,
      "--scope=folder",
      `--module=${MODULES.join(",")}`,
      "--format=json",
      `--output=${output}`,
      "--flush-session",
      `--store-session=${join(scratch, "session")}`,
      `--store-config=${join(scratch, "config")}`,
      `--max-scan-time=${seconds}`,
      "--max-links-per-page=500",
      "--max-files-per-dir=200",
      "--depth=10",
      "--verify-ssl=0",
      "--no-bugreport",
      "--verbose=0",
    ],
    cwd: scratch,
    env: { ...bareEnvironment(scratch, [dirname(program)]), PYTHONNOUSERSITE: "1", PYTHONSAFEPATH: "1" },
    deadlineMs,
  });
  quote(end.stdout);
  if (end.code !== 0) throw new ScanFailure(`wapiti ended with ${end.code}: ${lastWords(end)}`);
  return { log: wapitiLog(await readJsonFile(output, "wapiti"), target), unread: [] };
}
