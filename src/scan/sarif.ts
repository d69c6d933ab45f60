import type { DispatchedKind, ScanResult } from "../model/scan.ts";

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
  /** Over all runs. */
  results: number;
  runs: number;
  depth: number;
  stringChars: number;
}

/** `problem`: one sentence naming the place, as `runs[0].results[17].locations[0]`. */
export type SarifReading = { ok: true; result: ScanResult } | { ok: false; problem: string };
