import { existsSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { expect } from "vitest";
import { readSarif, type SarifContext, type SarifReading } from "../../../src/scan/sarif.ts";
import { type Planted, type Played, type ScanStage, startScanStage } from "../../actions/scan-stage.ts";
import type { PlayedJob } from "../../doubles/runner/runner.ts";
import { ensureScanner, type ScannerName, scannerCache } from "../scanners.ts";

/** What a tool said of one commit, as HMS-SYS got it. */
export interface Said {
  /** `rule path:line`, those of the Action itself left out. */
  found: string[];
  /** Configuration that was left out of the scan. */
  ignored: string[];
  /** Files that were not looked through as a whole. */
  unread: string[];
  results: SarifResult[];
  /** Why there is no report. */
  reason?: string;
  jobs: Record<string, PlayedJob>;
  /** What HMS-SYS reads in it. */
  reading?: SarifReading;
}

export interface SarifResult {
  ruleId: string;
  level: string;
  message: { text: string };
  suppressions?: { kind: string; status: string }[];
  partialFingerprints?: Record<string, string>;
  locations: {
    physicalLocation: {
      artifactLocation: { uri: string };
      region?: { startLine: number; endLine?: number; snippet?: { text: string } };
      contextRegion?: { startLine: number; endLine: number; snippet: { text: string } };
    };
  }[];
}

/** One scanner, installed, with the repositories that it is shown; all through the shipped workflow. */
export interface ScannerStage {
  stage: ScanStage;
  scan(files: Record<string, Planted | null>, inputs?: Record<string, string>, parent?: string): Promise<Said>;
  /** A file that nothing may ever make: code of a pull request would, were it executed. */
  canary: string;
  ran(): boolean;
  close(): Promise<void>;
}

export async function startScannerStage(
  tool: ScannerName,
  kind: string,
  defaultBranch: Record<string, Planted> = {},
  vars: Record<string, string> = {},
): Promise<ScannerStage> {
  ensureScanner(tool);
  const stage = await startScanStage(defaultBranch);
  for (const [name, value] of Object.entries(vars)) stage.github.setVariable("acme/shop", name, value);
  const canary = join(stage.folder, "canary");
  return {
    stage,
    canary,
    ran: () => existsSync(canary),
    async scan(files, inputs = {}, parent) {
      const sha = await stage.commit(files, parent);
      const played = await stage.play({ kind, tool, sha, ...inputs }, { toolCache: scannerCache() });
      const said = saidBy(played);
      if (said.reason !== undefined || played.body === undefined) return said;
      const context: SarifContext = { kind: kind as SarifContext["kind"], sha, tool };
      return { ...said, reading: await readSarif(Readable.from([Buffer.from(JSON.stringify(played.body))]), context) };
    },
    close: () => stage.close(),
  };
}

function saidBy({ jobs, body }: Played): Said {
  const all: SarifResult[] = body?.runs?.flatMap((run: { results: SarifResult[] }) => run.results) ?? [];
  const own = ({ ruleId }: SarifResult): boolean => ruleId.startsWith("hms-scan/");
  return {
    found: all
      .filter((result) => !own(result))
      .map((result) => `${result.ruleId} ${placeOf(result)}`)
      .sort(),
    ignored: all
      .filter(own)
      .map((result) => placeOf(result).replace(/:1$/, ""))
      .sort(),
    unread: unreadOf(body),
    results: all,
    ...(typeof body?.reason === "string" ? { reason: body.reason } : {}),
    jobs,
  };
}

function unreadOf(body: Played["body"]): string[] {
  const invocations = body?.runs?.flatMap((run: { invocations?: unknown[] }) => run.invocations ?? []) ?? [];
  const notifications = invocations.flatMap(
    (one: { toolExecutionNotifications?: Notification[] }) => one.toolExecutionNotifications ?? [],
  ) as Notification[];
  return notifications
    .filter(({ level }) => (level ?? "warning") === "warning")
    .map(({ locations }) => decodeURIComponent(locations?.[0]?.physicalLocation.artifactLocation.uri ?? "?"))
    .sort();
}

interface Notification {
  level?: string;
  locations?: { physicalLocation: { artifactLocation: { uri: string } } }[];
}

function placeOf({ locations }: SarifResult): string {
  const place = locations?.[0]?.physicalLocation;
  const line = place?.region?.startLine;
  return `${decodeURIComponent(place?.artifactLocation.uri ?? "?")}${line === undefined ? "" : `:${line}`}`;
}

/** That the scan job ended well; shows what it wrote where it did not. */
export function expectScanned({ jobs, reason, reading, results, unread }: Said): void {
  expect(`${jobs.scan?.conclusion} ${reason ?? ""}${jobs.scan?.conclusion === "success" ? "" : jobs.scan?.log}`).toBe(
    "success ",
  );
  expect(jobs.report?.conclusion).toBe("success");
  // HMS-SYS takes it as it is, and counts every result and every file that was not read.
  expect(reading).toMatchObject({ ok: true });
  if (reading?.ok) expect(reading.result.findings.length).toBeGreaterThanOrEqual(results.length + unread.length);
}
