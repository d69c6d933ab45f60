import { setImmediate as turn } from "node:timers/promises";
import type { Finding } from "../model/finding.ts";
import type { ScanResult } from "../model/scan.ts";
import type { DispatchedKind } from "../model/scan-kind.ts";
import { type Draft, draftOf, Shared } from "./sarif/draft.ts";
import { type SarifRun, valid, withoutAttachments } from "./sarif/format.ts";
import { GunzipProblem } from "./sarif/gunzip.ts";
import { Notes } from "./sarif/notes.ts";
import { numberEqual } from "./sarif/number.ts";
import { type PieceListener, PieceReader } from "./sarif/pieces.ts";
import { type Place, ReportProblem } from "./sarif/problem.ts";
import { checkRun, findingsOf, type RunContext, unscanned } from "./sarif/run.ts";
import { isFinding, toolOf } from "./sarif/severity.ts";
import { plain } from "./sarif/words.ts";

export { type GunzipCaps, GunzipProblem, gunzipped, PACKED_RATIO_MAX } from "./sarif/gunzip.ts";

/** What the report was asked for; a report that is not about it is refused. */
export interface SarifContext {
  kind: DispatchedKind | "agents";
  /** 40-hex: the commit that was scanned. */
  sha: string;
  /** The tool that was asked for; `sarif`: whichever tool the team's own workflow ran. */
  tool: string;
}

/** What a report may cost. One that goes beyond is refused whole: a part of it would be a pass for the rest. */
export interface SarifLimits {
  unpackedBytes: number;
  /** Of one piece: a result, all rules of a tool. */
  pieceBytes: number;
  /** Of one piece, and of all that are no results together, which are held until the end. */
  pieceValues: number;
  /** In the whole report. */
  values: number;
  /** Over all runs. */
  results: number;
  runs: number;
  depth: number;
  /** Of one string, in bytes; a longer one is cut, not refused. */
  stringChars: number;
}

export const DEFAULT_SARIF_LIMITS: SarifLimits = {
  unpackedBytes: 200 * 1024 * 1024,
  pieceBytes: 32 * 1024 * 1024,
  pieceValues: 1_000_000,
  values: 10_000_000,
  results: 50_000,
  runs: 20,
  depth: 64,
  stringChars: 64 * 1024,
};

/** `problem`: one sentence naming the place, as `runs[0].results[17].locations[0]`. It may hold text of the report: escape it. */
export type SarifReading = { ok: true; result: ScanResult } | { ok: false; problem: string; tooLarge?: true };

/** As long as the process may be busy with a report before others have their turn. */
const TURN_MS = 20;
const CHUNK_BYTES = 64 * 1024;

/**
 * Reads a SARIF 2.1.0 report while it arrives. Whatever is wrong with it is a value; only what `bytes` itself throws is passed on. A
 * report that is not whole, not about this commit, not of this tool, or of a run that failed is never read as one without findings.
 */
export async function readSarif(
  bytes: AsyncIterable<Uint8Array>,
  context: SarifContext,
  limits: Partial<SarifLimits> = {},
): Promise<SarifReading> {
  const report = new Report(context, { ...DEFAULT_SARIF_LIMITS, ...limits });
  let since = performance.now();
  const pause = async () => {
    if (performance.now() - since < TURN_MS) return;
    await turn();
    since = performance.now();
  };
  try {
    for await (const chunk of bytes) {
      for (let at = 0; at < chunk.length; at += CHUNK_BYTES) {
        report.pieces.push(chunk.subarray(at, at + CHUNK_BYTES));
        await pause();
      }
    }
    report.pieces.end();
    return { ok: true, result: await report.result(pause) };
  } catch (error) {
    if (error instanceof ReportProblem || error instanceof GunzipProblem) {
      return { ok: false, problem: sentence(error.message), ...(error.tooLarge ? { tooLarge: true } : {}) };
    }
    throw error;
  }
}

function sentence(message: string): string {
  const whole = message.endsWith(".") ? message : `${message}.`;
  return plain(whole, 600);
}

interface ReadRun {
  place: Place;
  run: SarifRun;
  drafts: (Draft | undefined)[];
}

/** What was read so far. */
class Report implements PieceListener {
  readonly pieces: PieceReader;
  readonly #context: RunContext & SarifContext;
  readonly #limits: SarifLimits;
  readonly #log = new Map<string, unknown>();
  readonly #runs: ReadRun[] = [];
  #shared = new Shared();
  #parts = new Map<string, unknown>();
  #drafts: Draft[] = [];
  #resultsSeen = 0;
  #valuesHeld = 0;

  constructor(context: SarifContext, limits: SarifLimits) {
    this.#context = { ...context, notes: new Notes() };
    this.#limits = limits;
    this.pieces = new PieceReader({ ...limits, stringBytes: limits.stringChars }, this);
  }

  opens(place: Place, container: "object" | "array"): boolean {
    const [top, run, part] = place;
    if (top !== "runs") return false;
    if (place.length === 1) return container === "array";
    if (place.length === 2) {
      if (typeof run === "number" && run >= this.#limits.runs) {
        throw new ReportProblem(place, `there are more than ${this.#limits.runs} runs`, true);
      }
      this.#parts = new Map();
      this.#drafts = [];
      return container === "object";
    }
    return place.length === 3 && part === "results" && container === "array";
  }

  piece(place: Place, value: unknown, values: number): void {
    const [top, , part, index] = place;
    if (place.length < 4) this.#valuesHeld += values;
    if (this.#valuesHeld > this.#limits.pieceValues) {
      throw new ReportProblem(place, `more than ${this.#limits.pieceValues} values stand outside of results`, true);
    }
    if (place.length === 1) this.#log.set(String(top), value);
    else if (place.length === 2) throw new ReportProblem(place, "a run has to be an object");
    else if (place.length === 3) this.#parts.set(String(part), value);
    else this.#result(place, Number(index), value);
  }

  closed(place: Place): void {
    if (place.length === 1) this.#log.set("runs", []);
    if (place.length === 3) this.#parts.set("results", []);
    if (place.length !== 2) return;
    // Without them nothing was looked for, says the standard; an empty list says that nothing was found.
    if ((this.#parts.get("results") ?? null) === null) {
      throw new ReportProblem([...place, "results"], "it is missing: the tool did not look for anything");
    }
    const run = valid("run", Object.fromEntries(this.#parts), place);
    checkRun(run, place, this.#context);
    this.#runs.push({ place, run, drafts: this.#drafts });
  }

  #result(place: Place, index: number, value: unknown): void {
    if (++this.#resultsSeen > this.#limits.results) {
      throw new ReportProblem(
        place,
        `there are more than ${this.#limits.results} results; none of them was taken`,
        true,
      );
    }
    const result = valid("result", withoutAttachments(value), place);
    if (!isFinding(result)) return;
    const { kind, sha, notes } = this.#context;
    this.#drafts.push(draftOf(result, { kind, sha, index, place, notes, shared: this.#shared }));
  }

  async result(pause: () => Promise<void>): Promise<ScanResult> {
    valid("log", Object.fromEntries(this.#log), []);
    const { kind, sha, notes } = this.#context;
    const driver = this.#runs[0]?.run.tool.driver;
    if (!driver) throw new ReportProblem(["runs"], "there is none: nothing was scanned");
    const findings: Finding[] = [];
    const columns: number[] = [];
    this.#shared = new Shared();
    for (const { place, run, drafts } of this.#runs) {
      for (const one of findingsOf(drafts, run, place, this.#context)) {
        findings.push(one.finding);
        columns.push(one.column);
        if (findings.length % 250 === 0) await pause();
      }
      for (const finding of unscanned(run, this.#context)) {
        findings.push(finding);
        columns.push(0);
      }
    }
    notes.count("a text beyond the limit, which was cut", ["runs"], this.pieces.cutStrings);
    numberEqual(findings, columns);
    const version = driver.version ?? driver.semanticVersion;
    return {
      kind,
      sha,
      tool: {
        name: toolOf(driver.name) ?? plain(driver.name, 60),
        ...(version === undefined ? {} : { version: plain(version, 60) }),
      },
      findings,
      notes: notes.sentences(),
    };
  }
}
