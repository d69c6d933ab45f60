import type { RemediationBlock } from "../../model/finding.ts";
import { SEVERITIES } from "../../model/finding.ts";
import type { FindingEvent, FindingHistory } from "../../model/listed-finding.ts";
import { placeOf } from "../../model/listed-finding.ts";
import { storageKey } from "../../model/storage-key.ts";
import type { Viewer } from "../viewer.ts";
import type { ViewDeps } from "./deps.ts";
import { merged, orderOf, type Placed, type Source, sourcesOf } from "./finding-lists.ts";
import { blobUrl, type FindingRow, Pulls, rowOf } from "./finding-rows.ts";
import { type SeenRepository, seenRepository, streamOf } from "./repositories.ts";

/** An override that let a pull request pass although it has the finding. */
export interface FindingOverride {
  number: number;
  rule: string;
  by: string;
  reason: string;
  sha: string;
  atMs: number;
}

/** Everything that is known of one finding. */
export interface FindingView {
  /** Its `pulls` are empty where it stands in no open pull request any more. */
  row: FindingRow;
  standing: boolean;
  remedy: string;
  block?: RemediationBlock;
  /** Of each place at which it stands, in the first pull requests. */
  places: { number: number; sha: string; path?: string; line?: number; url?: string }[];
  /** Oldest first. */
  history: FindingEvent[];
  overrides: FindingOverride[];
  /** Numbers of pull requests that were merged although they had it, as far as they are known. */
  mergedWith: number[];
  /** Path of the file that waivers stand in. */
  waiversPath: string;
  /** ISO date that a waiver may expire on: some weeks ahead, and not later than it may. */
  proposedUntil: string;
}

const LOOKED_AT_MAX = 100_000;
const PLACES_MAX = 20;
const OVERRIDES_ASKED_MAX = 10;
const DAY_MS = 86_400_000;
const PROPOSED_DAYS = 30;
const DEFAULT_PATH = ".github/hms-waivers.yml";

/** Undefined for one that nobody knows, and for one in a repository that the viewer does not see. */
export async function findingView(
  deps: ViewDeps,
  viewer: Viewer,
  owner: string,
  repository: string,
  fingerprint: string,
): Promise<FindingView | undefined> {
  const seen = await seenRepository(deps, viewer, owner, repository);
  if (!seen) return undefined;
  const { records } = deps.engine;
  const { installationId, ref } = seen;
  const history = (await records.get<FindingHistory>(storageKey.finding(installationId, ref.id, fingerprint)))?.value;
  const sources = await sourcesOf(deps, [seen], {});
  const placed = await find(deps, seen, sources, fingerprint, history);
  const pulls = new Pulls(deps);
  const row = placed.length > 0 ? await rowOf(pulls, placed) : history && (await pastRow(pulls, seen, history));
  const finding = placed[0]?.finding ?? history?.finding;
  if (!row || !finding) return undefined;
  const waivers = await records.get<{ path: string; daysMax: number }>(storageKey.waivers(installationId, ref.id));
  const days = Math.min(PROPOSED_DAYS, waivers?.value.daysMax ?? PROPOSED_DAYS);
  const numbers = [
    ...new Set([...row.pulls.map((one) => one.number), ...(history?.events ?? []).map((one) => one.number)]),
  ];
  return {
    row,
    standing: placed.some(({ source }) => source.list.state !== "fixed"),
    remedy: finding.remedy,
    ...(finding.block ? { block: finding.block } : {}),
    places: await placesOf(pulls, placed),
    history: history?.events ?? [],
    overrides: await overridesOf(deps, seen, row, numbers.slice(0, OVERRIDES_ASKED_MAX)),
    mergedWith: await mergedWith(pulls, seen, history?.events ?? []),
    waiversPath: waivers?.value.path ?? DEFAULT_PATH,
    proposedUntil: new Date(deps.clock.now() + days * DAY_MS).toISOString().slice(0, 10),
  };
}

async function mergedWith(pulls: Pulls, seen: SeenRepository, events: readonly FindingEvent[]): Promise<number[]> {
  const last = new Map(events.map(({ number, what }) => [number, what]));
  const merged: number[] = [];
  for (const [number, what] of last) {
    if (what === "gone" || what === "fixed") continue;
    if ((await pulls.of(seen, number))?.merged) merged.push(number);
  }
  return merged;
}

/** Everywhere that it stands. Where its history does not say where to look, lists are read until it is found once. */
async function find(
  deps: ViewDeps,
  seen: SeenRepository,
  sources: readonly Source[],
  fingerprint: string,
  history: FindingHistory | undefined,
): Promise<Placed[]> {
  if (history) {
    const placed = await at(deps, sources, orderOf(seen, placeOf(history.finding)));
    if (placed.length > 0) return placed;
  }
  let looked = 0;
  for (const source of sources) {
    for await (const placed of merged(deps, [source], undefined)) {
      if (placed.finding.fingerprint === fingerprint) return at(deps, sources, placed.order);
      if (++looked > LOOKED_AT_MAX) return [];
    }
  }
  return [];
}

async function at(deps: ViewDeps, sources: readonly Source[], order: string): Promise<Placed[]> {
  const found: Placed[] = [];
  // What comes right before it: the fingerprint is the order's end.
  for await (const placed of merged(deps, sources, order.slice(0, -1), order))
    if (placed.order === order) found.push(placed);
  return found;
}

async function placesOf(pulls: Pulls, placed: readonly Placed[]): Promise<FindingView["places"]> {
  const places: FindingView["places"] = [];
  const byNumber = [...placed].sort((a, b) => a.source.number - b.source.number);
  for (const { source, finding } of byNumber.slice(0, PLACES_MAX)) {
    const { path, commit } = finding.location;
    const line = finding.location.line ?? finding.location.headLine;
    const sha = commit === "" ? source.found.sha : commit;
    const url = blobUrl(await pulls.of(source.seen, source.number), source.kind, { path, line, sha });
    places.push({
      number: source.number,
      sha,
      ...(path === undefined ? {} : { path }),
      ...(line === undefined ? {} : { line }),
      ...(url === undefined ? {} : { url }),
    });
  }
  return places;
}

/** As it was last seen. */
async function pastRow(
  pulls: Pulls,
  { installationId, ref }: SeenRepository,
  history: FindingHistory,
): Promise<FindingRow> {
  const { kind, finding, events } = history;
  const { rule, severity, message, location, fingerprint, sinceMs } = finding;
  const last = events.at(-1)?.number;
  const pull = last === undefined ? undefined : await pulls.of({ installationId, ref }, last);
  const line = location.line ?? location.headLine;
  const url = blobUrl(pull, kind, { path: location.path, line, sha: location.commit });
  return {
    installationId,
    repositoryId: ref.id,
    owner: ref.owner,
    repository: ref.name,
    ...{ kind, rule, severity, message, fingerprint, sinceMs, sha: location.commit, state: "fixed" },
    ...(location.path === undefined ? {} : { path: location.path }),
    ...(line === undefined ? {} : { line }),
    ...(url === undefined ? {} : { url }),
    pulls: [],
    pullCount: 0,
  };
}

/** Overrides are of rules of the policy, not of findings: those that speak of findings of its kind or severity. */
async function overridesOf(
  deps: ViewDeps,
  seen: SeenRepository,
  { kind, severity }: FindingRow,
  numbers: readonly number[],
): Promise<FindingOverride[]> {
  const rules = [
    `no-${kind}-findings`,
    ...SEVERITIES.filter((one) => one === severity).map((one) => `no-${one}-findings`),
  ];
  const stream = streamOf(seen);
  const overrides: FindingOverride[] = [];
  for (const number of numbers) {
    const subject = `pull/${seen.installationId}/${seen.ref.id}/${number}`;
    for (const { data, atMs } of await deps.engine.ledger.query({ stream, subject, type: "override", limit: 20 })) {
      const { rule, by, reason, sha } = data;
      if (!rules.includes(String(rule))) continue;
      const texts = { rule: String(rule), by: String(by), reason: String(reason ?? ""), sha: String(sha ?? "") };
      overrides.push({ number, ...texts, atMs });
    }
  }
  return overrides.sort((a, b) => a.atMs - b.atMs);
}
