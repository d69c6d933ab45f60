import type { Asked } from "../inputs.ts";
import type { Log, Result } from "../sarif.ts";
import { ScanFailure } from "../scan-failure.ts";

/** One flaw of a page, as scanners of running applications tell of it. */
export interface PageFlaw {
  rule: string;
  message: string;
  /** CVSS-like, as `security-severity` wants it. */
  severity: string;
  method: string;
  /** Below the target's address. */
  path: string;
  parameter: string;
}

/** The address to scan. @throws {ScanFailure} */
export function addressOf({ target }: Asked): URL {
  const url = target === undefined ? null : URL.parse(target);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:"))
    throw new ScanFailure("HMS-SYS named no address of a preview to scan.");
  return url;
}

/** As SARIF: a page takes the place of a file. */
export function pageLog(
  tool: string,
  version: string,
  target: URL,
  flaws: readonly PageFlaw[],
  descriptions: ReadonlyMap<string, string>,
): Log {
  const rules = [...new Set(flaws.map(({ rule }) => rule))];
  return {
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: tool,
            version,
            rules: rules.map((id) => ({
              id,
              shortDescription: { text: id },
              ...(descriptions.has(id) ? { fullDescription: { text: descriptions.get(id) } } : {}),
              properties: { "security-severity": flaws.find(({ rule }) => rule === id)?.severity ?? "0.0" },
            })),
          },
        },
        results: flaws.map((flaw): Result => resultOf(flaw, rules.indexOf(flaw.rule), target)),
      },
    ],
  };
}

function resultOf(
  { rule, message, severity, method, path, parameter }: PageFlaw,
  ruleIndex: number,
  target: URL,
): Result {
  const uri = path.replace(/^\/+/, "").split("?")[0]?.split("/").map(encodeOnce).join("/") || "index";
  return {
    ruleId: rule,
    ruleIndex,
    level: Number(severity) >= 7 ? "error" : Number(severity) >= 4 ? "warning" : "note",
    message: { text: message },
    locations: [{ physicalLocation: { artifactLocation: { uri } } }],
    // The same flaw of the same page is the same, whatever the preview's address is.
    partialFingerprints: { "page/v1": [rule, method, uri, parameter].join(" ") },
    properties: { "security-severity": severity, target: target.origin, method, parameter },
  };
}

function encodeOnce(part: string): string {
  try {
    return encodeURIComponent(decodeURIComponent(part));
  } catch {
    return encodeURIComponent(part);
  }
}
