import type { ScanPlace, ScanRun } from "../../model/scan.ts";
import type { RecordEntry } from "../../ports/records.ts";
import type { ReportDeps } from "./deps.ts";

/** A request that has the form of a report. */
export interface ReportHead {
  id: string;
  token: string;
  nonce: string;
  sha: string;
  outcome: "completed" | "failed";
  body: AsyncIterable<Uint8Array>;
}

export interface Refusal {
  why:
    | "wrong-headers"
    | "unknown"
    | "wrong-token"
    | "wrong-claim"
    | "wrong-nonce"
    | "wrong-sha"
    | "over"
    | "another-report"
    | "refused-report"
    | "too-large"
    | "too-many"
    | "later";
  detail?: string;
}

export type Taken = { taken: "taken" | "again" | "failed" };

export interface ReportScene {
  deps: ReportDeps;
  head: ReportHead;
  place: ScanPlace;
  entry: RecordEntry<ScanRun>;
}
