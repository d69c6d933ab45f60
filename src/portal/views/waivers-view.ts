import type { ListedFinding, StoredWaivers } from "../../model/listed-finding.ts";
import { storageKey } from "../../model/storage-key.ts";
import type { Waiver } from "../../model/waiver.ts";
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
  const covers = await coveredBy(deps, await sourcesOf(deps, [seen], { states: ["waived"] }));
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
      const covered = covers.get(nameOf({ until: waiver.expires, ...waiver }));
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
async function coveredBy(deps: ViewDeps, sources: readonly Source[]): Promise<Map<string, Covered>> {
  const covers = new Map<string, Covered>();
  let looked = 0;
  for await (const { finding, source } of merged(deps, sources, undefined)) {
    if (++looked > LOOKED_AT_MAX) break;
    if (!finding.waiver) continue;
    const name = nameOf(finding.waiver);
    const one = covers.get(name) ?? { fingerprints: new Set(), pulls: new Set() };
    one.fingerprints.add(finding.fingerprint);
    one.pulls.add(source.number);
    covers.set(name, one);
  }
  return covers;
}

/** Lines move when the file is edited; who answers for it, why and until when does not. */
function nameOf({ reason, owner, until, line }: NonNullable<ListedFinding["waiver"]>): string {
  return JSON.stringify([line ?? 0, until, owner, reason]);
}

function same(wanted: string | undefined, given: string): boolean {
  return wanted === undefined || wanted.toLowerCase() === given.toLowerCase();
}
