import { dirname, join } from "node:path";
import { quote } from "../log.ts";
import { readJsonFile } from "../read-sarif.ts";
import { lastWords, runTool } from "../run-tool.ts";
import { ScanFailure } from "../scan-failure.ts";
import { bareEnvironment, type Scanned, type Scene } from "../scene.ts";
import { addressOf, type PageFlaw, pageLog } from "./page-results.ts";

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
/** Wapiti's levels: https://github.com/wapiti-scanner/wapiti — information, low, medium, high, critical. */
const SEVERITIES = ["0.0", "3.0", "5.5", "8.0", "9.5"];
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
  const report = (await readJsonFile(output, "wapiti")) as WapitiReport;
  const { infos, vulnerabilities, classifications = {} } = report ?? {};
  if (typeof vulnerabilities !== "object" || vulnerabilities === null)
    throw new ScanFailure("What wapiti wrote is not its report.");
  if (!((infos?.crawled_pages_nbr ?? 0) > 0))
    throw new ScanFailure("wapiti did not reach a single page of the preview.");
  const flaws = Object.entries(vulnerabilities).flatMap(([rule, found]) => found.map((each) => flawOf(rule, each)));
  const descriptions = new Map(Object.entries(classifications).map(([rule, { desc }]) => [rule, String(desc ?? "")]));
  return {
    log: pageLog("wapiti", String(infos?.version ?? "").replace(/^Wapiti /, ""), target, flaws, descriptions),
    unread: [],
  };
}

interface WapitiFlaw {
  method?: string;
  path?: string;
  info?: string;
  level?: number;
  parameter?: string;
}

interface WapitiReport {
  vulnerabilities?: Record<string, WapitiFlaw[]>;
  classifications?: Record<string, { desc?: string }>;
  infos?: { version?: string; crawled_pages_nbr?: number };
}

function flawOf(rule: string, { method, path, info, level, parameter }: WapitiFlaw): PageFlaw {
  return {
    rule,
    message: String(info ?? rule),
    severity: SEVERITIES[Number(level)] ?? "8.0",
    method: String(method ?? "GET"),
    path: String(path ?? "/"),
    parameter: String(parameter ?? ""),
  };
}
