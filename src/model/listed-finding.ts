import type { Finding, RemediationPlan, ScanReport, Severity } from "./finding.ts";
import { SEVERITIES } from "./finding.ts";
import type { ScanKind } from "./scan-kind.ts";
import type { Waiver } from "./waiver.ts";

/** What a finding is to a pull request. `fixed`: its merge base has it, its head does not. */
export const FINDING_STATES = ["new", "overdue", "unchanged", "waived", "fixed"] as const;
export type FindingState = (typeof FINDING_STATES)[number];

/** A finding as it stands in a list. Its commit is empty where it is that of the list. */
export interface ListedFinding extends Omit<Finding, "context"> {
  /** Since when it is known here, ms since the epoch. */
  sinceMs: number;
}

/** Some neighbours of a list, in a record of their own: `storageKey.findingsPart`. */
export interface ListPart {
  /** Named by what it holds. */
  id: string;
  /** {@link placeOf} of its first and last finding. */
  first: string;
  last: string;
}

/** The findings of one state, worst first. */
export interface FindingList {
  state: FindingState;
  counts: Partial<Record<Severity, number>>;
  parts: ListPart[];
}

/** The last report of a scan that was whole; of an earlier commit while the head is being scanned. */
export interface FoundByScan {
  /** 40-hex. */
  sha: string;
  atMs: number;
  tool?: { name: string; version?: string };
  notes: string[];
  waiverNotes: string[];
  url?: string;
  lists: FindingList[];
  /** How many are fixed, of which the list may have only some. */
  fixed: number;
  plan?: RemediationPlan;
  /** Over all of the lists but for when they became known. */
  digest: string;
}

/** One scan of a pull request: how it stands at the head, and what was found last. */
export interface ListedScan {
  kind: ScanKind;
  status: ScanReport["status"];
  reason?: string;
  phase?: "queued" | "running";
  cause?: "failed" | "timed-out" | "not-installed" | "cancelled";
  url?: string;
  found?: FoundByScan;
}

/** What the scans of an open pull request say: record `storageKey.findings`. */
export interface FindingsIndex {
  headSha: string;
  atMs: number;
  scans: ListedScan[];
}

/** Something that became of a finding in one pull request. */
export interface FindingEvent {
  atMs: number;
  number: number;
  sha: string;
  what: "found" | "gone" | "fixed" | "waived" | "counts-again" | "overdue";
  waiver?: NonNullable<Finding["waiver"]>;
}

/** What became of one finding: record `storageKey.finding`. Kept for those that were ever new, waived or overdue. */
export interface FindingHistory {
  kind: ScanKind;
  /** As it was last seen, with its commit. */
  finding: ListedFinding;
  /** Oldest first. */
  events: FindingEvent[];
}

/** A repository's waivers as a pull request's run last read them on the default branch: record `storageKey.waivers`. */
export interface StoredWaivers {
  /** Of the file. */
  path: string;
  readAtMs: number;
  /** How far ahead one may expire. */
  daysMax: number;
  waivers: Waiver[];
  /** What is wrong with the file: then none counts. */
  broken?: { line: number; column: number; message: string }[];
}

const RULE_KEPT = 100;
const PATH_KEPT = 200;

/** Where a finding stands in every list: texts that sort as the lists do, worst first. The same finding has the same place in each. */
export function placeOf({
  severity,
  rule,
  location,
  fingerprint,
}: Pick<Finding, "severity" | "rule" | "location" | "fingerprint">): string {
  const parts = [
    SEVERITIES.indexOf(severity),
    rule.slice(0, RULE_KEPT),
    (location.path ?? "").slice(0, PATH_KEPT),
    fingerprint,
  ];
  return parts.join("\0");
}
