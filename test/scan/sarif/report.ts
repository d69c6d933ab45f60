import { readSarif, type SarifContext, type SarifLimits, type SarifReading } from "../../../src/scan/sarif.ts";

export const SHA = "a".repeat(40);
export const SAST: SarifContext = { kind: "sast", sha: SHA, tool: "semgrep" };

type Json = Record<string, unknown>;

/** A result of a rule at a line, with the code there as the Action hands it on. */
export function result(more: Json = {}, at: { uri?: string; line?: number; code?: string } = {}): Json {
  const { uri = "src/a.py", line = 3, code = "eval(request.body)" } = at;
  const height = code.split("\n").length;
  return {
    ruleId: "python.eval",
    level: "error",
    message: { text: "Text of others is run." },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri },
          region: { startLine: line, endLine: line + height - 1 },
          contextRegion: { startLine: line, endLine: line + height - 1, snippet: { text: code } },
        },
      },
    ],
    ...more,
  };
}

/** A run of Semgrep; `more` goes over it. */
export function run(results: unknown, more: Json = {}): Json {
  return {
    invocations: [{ executionSuccessful: true }],
    results,
    tool: {
      driver: {
        name: "Semgrep OSS",
        semanticVersion: "1.140.0",
        rules: [{ id: "python.eval", defaultConfiguration: { level: "error" } }],
      },
    },
    ...more,
  };
}

/** A run of another tool. */
export function runOf(name: string, results: unknown, rules: Json[] = [], more: Json = {}): Json {
  return { tool: { driver: { name, rules } }, results, ...more };
}

export function log(...runs: unknown[]): Json {
  return { version: "2.1.0", $schema: "https://json.schemastore.org/sarif-2.1.0.json", runs };
}

export async function* chunks(bytes: Uint8Array, size = bytes.length || 1): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Reads a report: bytes, text, or a value that is written as JSON. */
export function read(
  report: unknown,
  context: Partial<SarifContext> = {},
  limits: Partial<SarifLimits> = {},
  chunk?: number,
): Promise<SarifReading> {
  const text = typeof report === "string" ? report : JSON.stringify(report);
  const bytes = report instanceof Uint8Array ? report : Buffer.from(text);
  return readSarif(chunks(bytes, chunk), { ...SAST, ...context }, limits);
}

/** The result of a report that has to be taken. */
export async function taken(report: unknown, context: Partial<SarifContext> = {}, limits: Partial<SarifLimits> = {}) {
  const reading = await read(report, context, limits);
  if (!reading.ok) throw new Error(`refused: ${reading.problem}`);
  return reading.result;
}

export async function refusal(report: unknown, context: Partial<SarifContext> = {}, limits: Partial<SarifLimits> = {}) {
  const reading = await read(report, context, limits);
  return reading.ok ? `taken with ${reading.result.findings.length} findings` : reading.problem;
}
