import type { Severity } from "../../model/finding.ts";
import { SEVERITIES } from "../../model/finding.ts";
import { FINDING_STATES, type FindingState, type ListedFinding } from "../../model/listed-finding.ts";
import type { ScanKind } from "../../model/scan-kind.ts";
import { storageKey } from "../../model/storage-key.ts";
import type { TrackedPull } from "../../model/tracked-pull.ts";
import type { Viewer } from "../viewer.ts";
import type { ViewDeps } from "./deps.ts";
import { merged, type Placed, sourcesOf } from "./finding-lists.ts";
import { type SeenRepository, seenRepositories } from "./repositories.ts";

/** What a list of findings can be narrowed to. `suppression`: comments that ask a tool to look away. */
export type AskedState = FindingState | "suppression";

export interface FindingFilter {
  /** Whose repositories; without regard to case. */
  owner?: string;
  repository?: string;
  kind?: ScanKind;
  severity?: Severity;
  /** Unless given, all that stands at the heads: what is fixed is left out. */
  state?: AskedState;
  /** Number; with a repository. */
  pull?: number;
  /** Part of the rule or the path, or how the fingerprint begins. */
  text?: string;
  /** {@link FindingsFound.next} of the page before. */
  after?: string;
  /** Default 50. */
  limit?: number;
}

/** A pull request that has a finding. */
export interface FindingPull {
  number: number;
  state: FindingState;
  /** On GitHub; empty while it is not known. */
  url: string;
}

/** One finding in a list: the same one in several pull requests is one row. */
export interface FindingRow {
  installationId: number;
  repositoryId: number;
  owner: string;
  repository: string;
  kind: ScanKind;
  rule: string;
  severity: Severity;
  /** What counts most of what it is to its pull requests. */
  state: FindingState;
  message: string;
  path?: string;
  line?: number;
  /** The commit at which it stands there, 40-hex. */
  sha: string;
  /** The place on GitHub, where there is one. */
  url?: string;
  tool?: string;
  fingerprint: string;
  /** ms since the epoch. */
  sinceMs: number;
  waiver?: { reason: string; owner: string; until: string; line?: number };
  /** A waiver is proposed; it does not count yet. */
  wouldBeWaived?: true;
  /** It stands on a line that its pull request changes. */
  onChangedLine?: true;
  /** Lowest number first, at most {@link PULLS_MAX}. */
  pulls: FindingPull[];
  /** In how many pull requests. */
  pullCount: number;
}

export interface FindingsFound {
  rows: FindingRow[];
  /** Where the next page begins; absent on the last one. */
  next?: string;
}

export const PULLS_MAX = 5;
const ROWS = 50;
/** Findings that are looked through for one page; beyond, the next page goes on. */
const LOOKED_AT_MAX = 20_000;
const STANDING: readonly FindingState[] = FINDING_STATES.filter((state) => state !== "fixed");

/** Findings that the viewer sees, the worst first, then by repository, rule and path. */
export async function findingRows(deps: ViewDeps, viewer: Viewer, filter: FindingFilter = {}): Promise<FindingsFound> {
  const repositories = (await seenRepositories(deps, viewer)).filter(
    ({ ref }) => same(filter.owner, ref.owner) && same(filter.repository, ref.name),
  );
  const { state, severity } = filter;
  const states = state === undefined ? STANDING : state === "suppression" ? STANDING : [state];
  const sources = await sourcesOf(deps, repositories, { ...filter, states });
  const rank = severity === undefined ? undefined : SEVERITIES.indexOf(severity);
  const start = rank === undefined ? undefined : `${rank}\0`;
  const after = [filter.after, start]
    .filter((one) => one !== undefined)
    .sort()
    .at(-1);
  const wanted = sources.filter(({ list }) => severity === undefined || (list.counts[severity] ?? 0) > 0);
  const until = rank === undefined ? undefined : `${rank}\u0001`;
  const { groups, next } = await page(merged(deps, wanted, after, until), filter);
  const pulls = new Pulls(deps);
  const rows: FindingRow[] = [];
  for (const group of groups) rows.push(await rowOf(pulls, group));
  return { rows, ...(next === undefined ? {} : { next }) };
}

/** The same finding in several lists is one group. */
async function page(
  all: AsyncGenerator<Placed>,
  filter: FindingFilter,
): Promise<{ groups: Placed[][]; next?: string }> {
  const limit = filter.limit ?? ROWS;
  const groups: Placed[][] = [];
  let last: string | undefined;
  let looked = 0;
  for await (const placed of all) {
    const group = groups.at(-1);
    if (group?.[0]?.order === placed.order) {
      group.push(placed);
      continue;
    }
    const full = groups.length === limit;
    if (last !== undefined && (full || looked >= LOOKED_AT_MAX)) return { groups, next: last };
    last = placed.order;
    looked++;
    if (matches(placed, filter)) groups.push([placed]);
  }
  return { groups };
}

function matches({ finding }: Placed, { state, text }: FindingFilter): boolean {
  if (state === "suppression" && !isSuppression(finding)) return false;
  if (text === undefined) return true;
  const wanted = text.toLowerCase();
  const { rule, location, fingerprint } = finding;
  return (
    rule.toLowerCase().includes(wanted) ||
    (location.path ?? "").toLowerCase().includes(wanted) ||
    fingerprint.startsWith(wanted)
  );
}

/** Comments in the code that ask a tool to look away are findings of their own. */
function isSuppression({ rule }: Pick<ListedFinding, "rule">): boolean {
  return rule.endsWith("/suppression");
}

/** Pull requests by what is known of them, each read once. */
export class Pulls {
  readonly #deps: ViewDeps;
  readonly #known = new Map<string, Promise<TrackedPull | undefined>>();

  constructor(deps: ViewDeps) {
    this.#deps = deps;
  }

  of({ installationId, ref }: SeenRepository, number: number): Promise<TrackedPull | undefined> {
    const key = storageKey.pull(installationId, ref.id, number);
    const known = this.#known.get(key) ?? this.#deps.engine.records.get<TrackedPull>(key).then((entry) => entry?.value);
    this.#known.set(key, known);
    return known;
  }
}

/** One row of what stands in several lists at the same place. */
export async function rowOf(pulls: Pulls, group: readonly Placed[]): Promise<FindingRow> {
  const placed = [...group].sort(byWorth);
  const [first] = placed;
  if (!first) throw new Error("a row of no finding");
  const { finding, source } = first;
  const { seen, kind, found, list } = source;
  const { rule, severity, message, location, fingerprint, waiver } = finding;
  const states = new Map<number, FindingState>();
  for (const one of placed) if (!states.has(one.source.number)) states.set(one.source.number, one.source.list.state);
  const numbers = [...states.keys()].sort((a, b) => a - b);
  const sha = location.commit === "" ? found.sha : location.commit;
  const line = location.line ?? location.headLine;
  const url = blobUrl(await pulls.of(seen, source.number), kind, { path: location.path, line, sha });
  const told: FindingPull[] = [];
  for (const number of numbers.slice(0, PULLS_MAX)) {
    const tracked = await pulls.of(seen, number);
    told.push({ number, state: states.get(number) ?? list.state, url: tracked?.url ?? "" });
  }
  return {
    installationId: seen.installationId,
    repositoryId: seen.ref.id,
    owner: seen.ref.owner,
    repository: seen.ref.name,
    ...{ kind, rule, severity, state: list.state, message, sha, fingerprint },
    ...(location.path === undefined ? {} : { path: location.path }),
    ...(line === undefined ? {} : { line }),
    ...(url === undefined ? {} : { url }),
    ...(found.tool ? { tool: [found.tool.name, found.tool.version ?? ""].join(" ").trim() } : {}),
    sinceMs: Math.min(...group.map((one) => one.finding.sinceMs)),
    ...(waiver ? { waiver } : {}),
    ...(finding.wouldBeWaived ? { wouldBeWaived: true } : {}),
    ...(finding.onChangedLine ? { onChangedLine: true } : {}),
    pulls: told,
    pullCount: numbers.length,
  };
}

function byWorth(a: Placed, b: Placed): number {
  return FINDING_STATES.indexOf(a.source.list.state) - FINDING_STATES.indexOf(b.source.list.state);
}

/** These have places of other kinds: pages of a preview, files of an image. */
const NOT_IN_FILES: readonly ScanKind[] = ["dast", "image"];

/** Where GitHub shows the line; undefined where there is none, or the repository's address is not known. */
export function blobUrl(
  pull: Pick<TrackedPull, "url"> | undefined,
  kind: ScanKind,
  { path, line, sha }: { path: string | undefined; line: number | undefined; sha: string },
): string | undefined {
  const [, repository] = /^(https?:\/\/[^?#]+)\/pull\/\d+$/.exec(pull?.url ?? "") ?? [];
  if (repository === undefined || NOT_IN_FILES.includes(kind)) return undefined;
  if (path === undefined) return `${repository}/commit/${sha}`;
  const parts = path.toWellFormed().split("/").map(encodeURIComponent).join("/");
  return `${repository}/blob/${sha}/${parts}${line === undefined ? "" : `#L${line}`}`;
}

function same(wanted: string | undefined, given: string): boolean {
  return wanted === undefined || wanted.toLowerCase() === given.toLowerCase();
}
