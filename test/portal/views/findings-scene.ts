import { sha256Hex } from "../../../src/model/canonical-json.ts";
import type { Finding, ScanReport, Severity } from "../../../src/model/finding.ts";
import { storageKey } from "../../../src/model/storage-key.ts";
import type { Run } from "../../../src/ports/run.ts";
import { endListing, listFindings, rememberWaivers } from "../../../src/pull-request/findings/list-findings.ts";
import type { WaiversRead } from "../../../src/pull-request/scan/waivers-in-force.ts";
import { type SHOP, shaOf, type Village } from "./village.ts";

export type Completed = Extract<ScanReport, { status: "completed" }>;

/** One that `eval` was found at, by default in a file of its own. */
export function finding(name: string, more: Partial<Finding> & { path?: string; line?: number } = {}): Finding {
  const { path = `src/${name}.js`, line = 3, ...rest } = more;
  return {
    rule: "sast/eval",
    severity: "high",
    message: `eval of ${name}.`,
    remedy: "Do without `eval`.",
    location: { path, line, commit: shaOf(1), headLine: line },
    fingerprint: sha256Hex(`${rest.rule ?? "sast/eval"}/${name}`),
    context: "of nobody's interest",
    ...rest,
  };
}

export function report(findings: Finding[], more: Partial<Completed> = {}): Completed {
  return {
    kind: "sast",
    status: "completed",
    sha: shaOf(1),
    findings,
    notes: [],
    tool: { name: "semgrep", version: "1.99.0" },
    ...more,
  };
}

const RUN = { fence: async () => {} } as unknown as Run;

/** What a pull request's run keeps of its scans. Whether anything was written. */
export async function scanned(
  { deps, clock }: Village,
  at: typeof SHOP,
  number: number,
  reports: ScanReport[],
  headSha = shaOf(number),
): Promise<boolean> {
  const { records } = deps.engine;
  const key = { kind: "pull", ...at, number } as const;
  const listing = await listFindings({ records, key, run: RUN, nowMs: clock.now() }, headSha, reports);
  if (!listing) return false;
  await Promise.all([
    records.put(storageKey.findings(at.installationId, at.repositoryId, number), listing.index),
    ...listing.dropped.map((part) => records.delete(part)),
  ]);
  return true;
}

export async function unlisted({ deps }: Village, at: typeof SHOP, number: number): Promise<void> {
  await endListing(deps.engine.records, { kind: "pull", ...at, number });
}

export async function waivers(
  { deps, clock }: Village,
  at: typeof SHOP,
  inForce: WaiversRead["inForce"],
  more: Partial<WaiversRead> = {},
): Promise<void> {
  const read = { path: ".github/hms-waivers.yml", inForce, today: "", daysMax: 180, ...more };
  const key = { kind: "pull", ...at, number: 1 } as const;
  await rememberWaivers({ records: deps.engine.records, key, run: RUN, nowMs: clock.now() }, read);
}

/** Findings in this order of severity. */
export function many(number: number, severities: readonly Severity[] = ["high"]): Finding[] {
  return Array.from({ length: number }, (_, at) =>
    finding(`f${String(at).padStart(6, "0")}`, { severity: severities[at % severities.length] ?? "high" }),
  );
}
