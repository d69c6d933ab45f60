import type { ListedFinding, StoredWaivers } from "../../model/listed-finding.ts";
import { storageKey } from "../../model/storage-key.ts";
import type { Waiver } from "../../model/waiver.ts";
import { matcherOf } from "../../scan/waivers.ts";
import type { Viewer } from "../viewer.ts";
import type { ViewDeps } from "./deps.ts";
import { merged, type Source, sourcesOf } from "./finding-lists.ts";
import { type SeenRepository, seenRepositories } from "./repositories.ts";

/** What a waiver does now. `too-long`: it would hold longer than a waiver may. */
export type WaiverState = "in-use" | "unused" | "expired" | "too-long";

export interface WaiverRow extends Waiver {
  state: WaiverState;
  /** Findings of open pull requests that it covers. */
  findings: number;
  pulls: number[];
}

/** The waivers of one repository as they were last read. */
export interface RepositoryWaivers {
  installationId: number;
  repositoryId: number;
  owner: string;
  repository: string;
  defaultBranch: string;
  /** Of the file. */
  path: string;
  readAtMs: number;
  daysMax: number;
  waivers: WaiverRow[];
  broken?: { line: number; column: number; message: string }[];
}

const LOOKED_AT_MAX = 20_000;
const REPOSITORIES_MAX = 200;

/** Repositories of the viewer with waivers, by name. Others are not named. */
export async function waiversView(
  deps: ViewDeps,
  viewer: Viewer,
  filter: { owner?: string; repository?: string } = {},
): Promise<RepositoryWaivers[]> {
  const views: RepositoryWaivers[] = [];
  for (const seen of await seenRepositories(deps, viewer)) {
    const { installationId, ref } = seen;
    if (!same(filter.owner, ref.owner) || !same(filter.repository, ref.name)) continue;
    const key = storageKey.waivers(installationId, ref.id);
    const stored = (await deps.engine.records.get<StoredWaivers>(key))?.value;
    if (!stored || (stored.waivers.length === 0 && !stored.broken)) continue;
    views.push(await viewOf(deps, seen, stored));
    if (views.length === REPOSITORIES_MAX) break;
  }
  return views;
}

async function viewOf(deps: ViewDeps, seen: SeenRepository, stored: StoredWaivers): Promise<RepositoryWaivers> {
  const covers = await coveredBy(deps, await sourcesOf(deps, [seen], { states: ["waived"] }), stored.waivers);
  const nowMs = deps.clock.now();
  const today = new Date(nowMs).toISOString().slice(0, 10);
  const last = new Date(nowMs + stored.daysMax * 86_400_000).toISOString().slice(0, 10);
  const { ref, installationId } = seen;
  return {
    installationId,
    repositoryId: ref.id,
    owner: ref.owner,
    repository: ref.name,
    defaultBranch: ref.defaultBranch,
    path: stored.path,
    readAtMs: stored.readAtMs,
    daysMax: stored.daysMax,
    waivers: stored.waivers.map((waiver): WaiverRow => {
      const covered = covers.get(waiver);
      const findings = covered?.fingerprints.size ?? 0;
      const expired = waiver.expires < today ? "expired" : waiver.expires > last ? "too-long" : undefined;
      return {
        ...waiver,
        state: expired ?? (findings > 0 ? "in-use" : "unused"),
        findings,
        pulls: [...(covered?.pulls ?? [])].sort((a, b) => a - b),
      };
    }),
    ...(stored.broken ? { broken: stored.broken } : {}),
  };
}

interface Covered {
  fingerprints: Set<string>;
  pulls: Set<number>;
}

/** By the waiver that a finding says it is waived by. */
async function coveredBy(
  deps: ViewDeps,
  sources: readonly Source[],
  waivers: readonly Waiver[],
): Promise<Map<Waiver, Covered>> {
  const covers = new Map<Waiver, Covered>();
  const { covering } = matcherOf(waivers);
  let looked = 0;
  for await (const { finding, source } of merged(deps, sources, undefined)) {
    if (++looked > LOOKED_AT_MAX) break;
    const { waiver } = finding;
    if (!waiver) continue;
    const named = covering(source.kind, finding).filter((one) => isNamed(one, waiver));
    // Lines move when the file is edited, and pull requests are looked at again one after the other.
    const own = named.find(({ line }) => line === waiver.line) ?? named[0];
    if (!own) continue;
    const one = covers.get(own) ?? { fingerprints: new Set(), pulls: new Set() };
    one.fingerprints.add(finding.fingerprint);
    one.pulls.add(source.number);
    covers.set(own, one);
  }
  return covers;
}

function isNamed(one: Waiver, { reason, owner, until }: NonNullable<ListedFinding["waiver"]>): boolean {
  return one.reason === reason && one.owner === owner && one.expires === until;
}

function same(wanted: string | undefined, given: string): boolean {
  return wanted === undefined || wanted.toLowerCase() === given.toLowerCase();
}
