import type { Log } from "../sarif.ts";
import { ScanFailure } from "../scan-failure.ts";
import { type PageFlaw, pageLog } from "./page-results.ts";

/** Wapiti's levels: https://github.com/wapiti-scanner/wapiti — information, low, medium, high, critical. */
const SEVERITIES = ["0.0", "3.0", "5.5", "8.0", "9.5"];
/** What is not to be told counts as this. */
const UNKNOWN = "8.0";

type Json = { readonly [name: string]: unknown };

/**
 * Wapiti's own JSON report (`--format=json`) as SARIF. Its anomalies (a page that failed under attack) and what it tells besides are flaws as well.
 * @throws {ScanFailure} where it is not such a report, or of no page
 */
export function wapitiLog(report: unknown, target: URL): Log {
  const { infos, vulnerabilities, anomalies = {}, additionals = {}, classifications = {} } = objectOf(report, "");
  const { version, crawled_pages_nbr: pages } = objectOf(infos, "infos");
  if (typeof pages !== "number" || !(pages > 0))
    throw new ScanFailure("wapiti did not reach a single page of the preview.");
  const flaws = Object.entries({ vulnerabilities, anomalies, additionals }).flatMap(([name, group]) =>
    Object.entries(objectOf(group, name)).flatMap(([rule, found]) => {
      if (!Array.isArray(found)) throw notItsReport(name);
      return found.map((each) => flawOf(rule, objectOf(each, name)));
    }),
  );
  const descriptions = new Map<string, string>();
  for (const [rule, about] of Object.entries(objectOf(classifications, "classifications")))
    descriptions.set(rule, String(objectOf(about, "classifications").desc ?? ""));
  return pageLog("wapiti", String(version ?? "").replace(/^Wapiti /, ""), target, flaws, descriptions);
}

function objectOf(value: unknown, where: string): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw notItsReport(where);
  return value as Json;
}

function notItsReport(where: string): ScanFailure {
  return new ScanFailure(`What wapiti wrote is not its report${where === "" ? "" : `: ${where} is of another form`}.`);
}

function flawOf(rule: string, { method, path, info, level, parameter }: Json): PageFlaw {
  return {
    rule,
    message: String(info ?? rule),
    severity: SEVERITIES[Number(level)] ?? UNKNOWN,
    method: String(method ?? "GET"),
    path: String(path ?? "/"),
    parameter: String(parameter ?? ""),
  };
}
