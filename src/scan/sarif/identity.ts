import { hash } from "node:crypto";
import type { SarifPhysicalLocation, SarifResult } from "./format.ts";

/** Longer code tells nothing more about which it is. */
const TEXT_MAX = 4_000;
const LINES_MAX = 20;
/** Shorter code stands everywhere. */
const TELLING_CHARS = 4;
/** What tools write where they withhold the code. */
const PLACEHOLDER = /^(?:requires login|redacted|\*+|\.\.\.)$/i;

/**
 * Fingerprints of tools that stay when lines move, and their form. `_0` and `:1` at the end number equal ones, which we do ourselves.
 * Semgrep's is made of rule, path and what the pattern's variables match ("requires login" without an account); the line hash of
 * GitHub's `codeql-action` of the text from the line's beginning on. Others are not taken: those of `gitleaks` are the commit, the author
 * and the date (osv-scanner writes another hash under GitHub's name: it has another form), and of a tool that is not known nobody can say whether a line number is in them.
 */
const STABLE = [
  { of: "fingerprints", key: "matchBasedId/v1", form: /^([0-9a-f]{32,128})(?:_\d{1,9})?$/ },
  { of: "partialFingerprints", key: "primaryLocationLineHash", form: /^([0-9a-f]{8,16}):\d{1,9}$/ },
] as const;

/** The tool's own fingerprint where it is known to be stable over moved lines. */
export function stableFingerprint(result: SarifResult): string | undefined {
  for (const { of, key, form } of STABLE) {
    const values = result[of];
    const found = values && Object.hasOwn(values, key) ? form.exec(String(values[key]).slice(0, 200)) : null;
    if (found?.[1] !== undefined) return `${key}:${found[1]}`;
  }
  return undefined;
}

/**
 * The code that a result points at, so that it reads the same after it moved or was laid out anew: without blanks and line breaks, with
 * one kind of quotes and no comma before a closing bracket. Undefined where the report does not show any.
 */
export function normalisedCode(location: SarifPhysicalLocation | undefined): string | undefined {
  const lines = linesAt(location);
  if (lines !== undefined) {
    const { startLine = 1, endLine = startLine, startColumn, endColumn } = location?.region ?? {};
    const isWhole = endLine - startLine < lines.length;
    const exact = normalise(columns(lines, startColumn, isWhole ? endColumn : undefined));
    return exact.length >= TELLING_CHARS ? exact : telling(normalise(lines.join("\n")));
  }
  return telling(normalise(shown(location?.region?.snippet?.text) ?? ""));
}

/** The lines that a result points at, or the first of them, as its surroundings show them; undefined where they do not. */
function linesAt({ region, contextRegion }: SarifPhysicalLocation = {}): string[] | undefined {
  const first = region?.startLine;
  const start = contextRegion?.startLine;
  const around = shown(contextRegion?.snippet?.text);
  if (around === undefined || first === undefined || start === undefined || first < start) return undefined;
  const last = Math.max(first, region?.endLine ?? first);
  const lines = around.split("\n").slice(first - start, Math.min(last, first + LINES_MAX - 1) - start + 1);
  return lines.length > 0 ? lines : undefined;
}

/** What of a block says which one it is: how it begins, of what kind it is, and its name. */
const BLOCK_NAMES = [/^\s*["']?kind["']?\s*:\s*["']?([\w.-]{1,200})/, /^\s*["']?name["']?\s*:\s*["']?([\w.-]{1,200})/];

/**
 * A resource that a result is about as a whole, of several lines: scanners of infrastructure point at all of it, whatever is wrong in it. What
 * else is changed in it makes no other finding.
 */
export function blockOf(location: SarifPhysicalLocation | undefined): string | undefined {
  const { startLine = 1, endLine = startLine, snippet } = location?.region ?? {};
  if (endLine <= startLine) return undefined;
  const lines = linesAt(location) ?? shown(snippet?.text)?.split("\n", LINES_MAX) ?? [];
  const head = lines.find((line) => !/^\s*(?:$|#|\/\/|---\s*$)/.test(line));
  if (head === undefined) return undefined;
  const names = BLOCK_NAMES.map(
    (name) => lines.map((line) => name.exec(line.slice(0, 1_000))?.[1]).find(Boolean) ?? "",
  );
  return [normalise(head), ...names].join("\n");
}

function shown(text: string | undefined): string | undefined {
  return text === undefined || PLACEHOLDER.test(text.slice(0, 40).trim()) ? undefined : text.slice(0, 64 * 1024);
}

/** Only what lies between the columns, both 1-based, the last one not included. */
function columns(lines: readonly string[], from = 1, to?: number): string {
  const whole = lines.join("\n");
  const end = to === undefined ? whole.length : whole.length - (lines.at(-1)?.length ?? 0) + to - 1;
  return whole.slice(from - 1, end);
}

function normalise(code: string): string {
  return code
    .replace(/\s+/gu, "")
    .slice(0, TEXT_MAX)
    .replace(/['`]/g, '"')
    .replace(/,(?=[)\]}])/g, "");
}

function telling(code: string): string | undefined {
  return code === "" ? undefined : code;
}

/** A message as far as it says which flaw it is: without numbers, which may be lines. */
export function normalisedMessage(message: string): string {
  return message.slice(0, TEXT_MAX).replace(/\d+/g, "0").replace(/\s+/gu, " ").trim();
}

/** The package that a finding of `trivy` or `osv-scanner` is about; its version may change without mending anything. */
export function packageOf(message: string): string | undefined {
  const found =
    /^Package: (\S{1,200})\n/.exec(message) ?? /^Package '([^'\n]{1,200})@[^'\n@]{0,100}' is vulnerable/.exec(message);
  return found?.[1];
}

export function digest(...parts: readonly (string | number | null)[]): string {
  return hash("sha256", JSON.stringify(parts), "hex");
}
