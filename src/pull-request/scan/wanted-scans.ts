import type { DispatchedScan, ScanConfig } from "../../config/scan.ts";
import { matchesPath, readPattern } from "../../model/path-pattern.ts";
import type { PreviewPlace } from "../../model/preview.ts";
import { type ScanCluster, THIS_MACHINE, type WantedScan } from "../../model/scan.ts";
import { DISPATCHED_KINDS, type DispatchedKind, type ScanKind } from "../../model/scan-kind.ts";
import { isAsked } from "./plan-scans.ts";

/** What is known of one pull request, as far as it decides what is scanned. */
export interface ScanFacts {
  number: number;
  headSha: string;
  /** Undefined where GitHub does not say. */
  mergeBase: string | undefined;
  /** Both names of what was renamed; null where the list is not whole. */
  changedFiles: readonly string[] | null;
  /** Of this very head; undefined: none is asked for. */
  preview: { healthy: boolean; url: string | undefined; places: readonly PreviewPlace[] } | undefined;
  /** Names of the clusters on which the operator lets scans of this repository run. */
  clusters: { dynamic: readonly string[]; image: readonly string[] };
  /** All of them are programs on this machine, for development. */
  local?: boolean;
}

/** A scan that is asked for but cannot be started now, or by this version. */
export interface HeldScan {
  kind: DispatchedKind;
  status: "running" | "unknown";
  reason: string;
}

export interface ScansWanted {
  /** Those that the changed files call for, whether they can be made or not. */
  concerned: Set<ScanKind>;
  head: WantedScan[];
  /** At the merge base, to compare with. */
  base: WantedScan[];
  held: HeldScan[];
  agents: boolean;
}

/** Kinds that look at files as they are in one commit, so that two commits can be compared. */
const COMPARED: readonly DispatchedKind[] = ["sast", "dependencies", "iac", "image"];

/** Which scans a pull request gets: pure. Where it is not known what it changes, it gets all of them. */
export function wantedScans(config: ScanConfig, facts: ScanFacts): ScansWanted {
  const wanted: ScansWanted = { concerned: new Set(), head: [], base: [], held: [], agents: false };
  for (const kind of DISPATCHED_KINDS) {
    const scan = config.dispatched[kind];
    if (scan === undefined || !concerns(scan.paths, facts.changedFiles)) continue;
    wanted.concerned.add(kind);
    const held = hindrance(kind, scan, facts);
    if (held) {
      wanted.held.push({ kind, ...held });
      continue;
    }
    const { tool, timeoutMs } = scan;
    const target = targetOf(kind, scan, facts, facts.headSha);
    // Of what leaked only what the pull request brings is looked at.
    const base = kind === "leaks" ? facts.mergeBase : undefined;
    const upload = config.codeScanning ? { uploadTo: `refs/pull/${facts.number}/head` } : {};
    const isJob = !isAsked(scan) && (facts.local || scan.runsOn === "cluster");
    const place = isJob ? placeOf(kind, facts) : undefined;
    const on = place && { on: place };
    wanted.head.push({ kind, tool, timeoutMs, ...(target && { target }), ...(base && { base }), ...upload, ...on });
    if (!COMPARED.includes(kind) || facts.mergeBase === undefined || facts.mergeBase === facts.headSha) continue;
    const before = targetOf(kind, scan, facts, facts.mergeBase);
    wanted.base.push({ kind, tool, timeoutMs, ...(before && { target: before }), ...on });
  }
  wanted.agents = config.agents !== undefined && concerns(config.agents.paths, facts.changedFiles);
  if (wanted.agents) wanted.concerned.add("agents");
  return wanted;
}

function concerns(paths: readonly string[], changedFiles: readonly string[] | null): boolean {
  if (paths.length === 0 || changedFiles === null) return true;
  const patterns = paths.map(readPattern);
  if (patterns.includes(undefined)) return true;
  return changedFiles.some((path) => patterns.some((pattern) => pattern && matchesPath(pattern, path)));
}

function hindrance(
  kind: DispatchedKind,
  { runsOn, image }: DispatchedScan,
  facts: ScanFacts,
): Omit<HeldScan, "kind"> | undefined {
  const { preview } = facts;
  const nowhere = runsOn === "cluster" && placeOf(kind, facts) === undefined;
  if (kind === "image" && runsOn === "cluster") {
    if (nowhere) return { status: "unknown", reason: NOWHERE };
    return image === undefined ? { status: "unknown", reason: "hms.yml names no image to look into." } : undefined;
  }
  if (kind !== "dast") return undefined;
  if (preview === undefined)
    return {
      status: "unknown",
      reason: "There is nothing to attack: this repository has no previews with an address.",
    };
  if (!preview.healthy) return { status: "running", reason: "It waits for the preview of this commit to be healthy." };
  if (preview.url === undefined)
    return { status: "unknown", reason: "There is nothing to attack: the preview has no address." };
  return nowhere ? { status: "unknown", reason: NOWHERE } : undefined;
}

const NOWHERE = "It is to run on the preview's cluster, `runs_on: cluster`, where the operator lets no such scans run.";

/** A dynamic scan runs beside the preview, on the first of its clusters that takes scans; an image is looked into anywhere. */
function placeOf(kind: DispatchedKind, { preview, clusters, local }: ScanFacts): ScanCluster | undefined {
  if (local) return { cluster: THIS_MACHINE };
  if (kind === "dast") {
    const place = preview?.places.find(({ cluster }) => clusters.dynamic.includes(cluster));
    return place && { cluster: place.cluster, preview: place.namespace };
  }
  const [cluster] = kind === "image" ? clusters.image : [];
  return cluster === undefined ? undefined : { cluster };
}

function targetOf(kind: DispatchedKind, scan: DispatchedScan, { preview }: ScanFacts, sha: string): string | undefined {
  if (kind === "dast") return preview?.url;
  if (kind === "quality") return scan.tool === "sonarqube" ? scan.project : undefined;
  return kind === "image" ? scan.image?.replaceAll("{{head_sha}}", sha) : undefined;
}
