import { setImmediate as nextTurn } from "node:timers/promises";
import type {
  FindingList,
  FindingState,
  FindingsIndex,
  FoundByScan,
  ListedFinding,
  ListedScan,
} from "../../model/listed-finding.ts";
import { placeOf } from "../../model/listed-finding.ts";
import type { ScanKind } from "../../model/scan-kind.ts";
import { storageKey } from "../../model/storage-key.ts";
import type { ViewDeps } from "./deps.ts";
import { fullName, type SeenRepository } from "./repositories.ts";

/** The findings of one state that one scan of one pull request has, worst first. */
export interface Source {
  seen: SeenRepository;
  number: number;
  headSha: string;
  kind: ScanKind;
  found: FoundByScan;
  list: FindingList;
}

/** A finding where it stands: what sorts all lists into one. */
export interface Placed {
  /** Severity, repository, rule, path, fingerprint. */
  order: string;
  source: Source;
  finding: ListedFinding;
}

export interface SourceFilter {
  kind?: ScanKind | undefined;
  states?: readonly FindingState[] | undefined;
  pull?: number | undefined;
}

const INDEXES_PER_TURN = 100;

/** What the pull requests of a repository have, by number. */
export async function indexesOf(
  deps: ViewDeps,
  { installationId, ref }: SeenRepository,
  pull?: number,
): Promise<{ number: number; index: FindingsIndex }[]> {
  const { records } = deps.engine;
  if (pull !== undefined) {
    const one = await records.get<FindingsIndex>(storageKey.findings(installationId, ref.id, pull));
    return one ? [{ number: pull, index: one.value }] : [];
  }
  const prefix = storageKey.findingsOf(installationId, ref.id);
  const all = await records.list<FindingsIndex>(prefix);
  return all.map(({ key, value }) => ({ number: Number(key.slice(prefix.length)), index: value }));
}

export async function sourcesOf(
  deps: ViewDeps,
  repositories: readonly SeenRepository[],
  { kind, states, pull }: SourceFilter,
): Promise<Source[]> {
  const sources: Source[] = [];
  let read = 0;
  for (const seen of repositories) {
    for (const { number, index } of await indexesOf(deps, seen, pull)) {
      if (++read % INDEXES_PER_TURN === 0) await nextTurn();
      for (const scan of index.scans) {
        if (kind !== undefined && scan.kind !== kind) continue;
        sources.push(...listsOf(scan, states).map((one) => ({ ...one, seen, number, headSha: index.headSha })));
      }
    }
  }
  return sources;
}

function listsOf(
  { kind, found }: ListedScan,
  states: readonly FindingState[] | undefined,
): Pick<Source, "kind" | "found" | "list">[] {
  if (!found) return [];
  return found.lists
    .filter(({ state }) => states === undefined || states.includes(state))
    .map((list) => ({ kind, found, list }));
}

/**
 * All lists as one, from a place on. Parts are read when their turn comes: what nobody looks at is not read.
 * @param after an order: only what comes behind it
 */
export async function* merged(
  deps: ViewDeps,
  sources: readonly Source[],
  after: string | undefined,
  until?: string,
): AsyncGenerator<Placed> {
  const heap = new Heap();
  for (const source of sources) {
    const reader = new Reader(deps, source, after);
    if (reader.order !== undefined) heap.push(reader);
  }
  for (let reader = heap.pop(); reader; reader = heap.pop()) {
    const { order } = reader;
    if (until !== undefined && (order ?? "") > until) return;
    const placed = await reader.take();
    if (placed) yield placed;
    if (reader.order !== undefined) heap.push(reader);
  }
}

/** Severity, repository, rule, path, fingerprint. */
export function orderOf(seen: SeenRepository, place: string): string {
  const cut = place.indexOf("\0");
  return `${place.slice(0, cut)}\0${fullName(seen.ref)}\0${seen.installationId}${place.slice(cut)}`;
}

/** One list from a place on. */
class Reader {
  readonly #deps: ViewDeps;
  readonly #source: Source;
  readonly #after: string | undefined;
  #part = 0;
  #rows: ListedFinding[] | undefined;
  #row = 0;
  /** Of the next finding, or one before it while that is not read yet; undefined at the end. */
  order: string | undefined;

  constructor(deps: ViewDeps, source: Source, after: string | undefined) {
    this.#deps = deps;
    this.#source = source;
    this.#after = after;
    const { parts } = source.list;
    if (after !== undefined)
      while (this.#part < parts.length && this.#orderOf(parts[this.#part]?.last ?? "") <= after) this.#part++;
    this.#look();
  }

  /** Undefined where it only found out what is next. */
  async take(): Promise<Placed | undefined> {
    const { list } = this.#source;
    const part = list.parts[this.#part];
    if (!part) return undefined;
    if (this.#rows === undefined) {
      this.#rows = await this.#read(part.id);
      this.#row = 0;
      if (this.#after !== undefined)
        while (this.#row < this.#rows.length && this.#orderAt(this.#row) <= this.#after) this.#row++;
      this.#look();
      return undefined;
    }
    const finding = this.#rows[this.#row];
    const { order } = this;
    this.#row++;
    this.#look();
    return finding && order !== undefined ? { order, source: this.#source, finding } : undefined;
  }

  #look(): void {
    if (this.#rows !== undefined && this.#row >= this.#rows.length) {
      this.#part++;
      this.#rows = undefined;
    }
    const part = this.#source.list.parts[this.#part];
    if (!part) this.order = undefined;
    else this.order = this.#rows === undefined ? this.#orderOf(part.first) : this.#orderAt(this.#row);
  }

  #orderAt(row: number): string {
    const finding = this.#rows?.[row];
    return finding ? this.#orderOf(placeOf(finding)) : "";
  }

  #orderOf(place: string): string {
    return orderOf(this.#source.seen, place);
  }

  /** A part that was replaced meanwhile is one that the next reading has. */
  async #read(id: string): Promise<ListedFinding[]> {
    const { seen, number } = this.#source;
    const key = storageKey.findingsPart(seen.installationId, seen.ref.id, number, id);
    const rows = (await this.#deps.engine.records.get<ListedFinding[]>(key))?.value ?? [];
    await nextTurn();
    return rows;
  }
}

/** The reader whose next finding comes first on top. */
class Heap {
  readonly #all: Reader[] = [];

  push(reader: Reader): void {
    const all = this.#all;
    let at = all.push(reader) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(all[at], all[parent])) break;
      [all[at], all[parent]] = [all[parent] as Reader, all[at] as Reader];
      at = parent;
    }
  }

  pop(): Reader | undefined {
    const all = this.#all;
    const top = all[0];
    const last = all.pop();
    if (!top || !last || all.length === 0) return top;
    all[0] = last;
    for (let at = 0; ; ) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      const least = before(all[right], all[left]) ? right : left;
      if (!before(all[least], all[at])) return top;
      [all[at], all[least]] = [all[least] as Reader, all[at] as Reader];
      at = least;
    }
  }
}

function before(a: Reader | undefined, b: Reader | undefined): boolean {
  if (!a) return false;
  return !b || (a.order ?? "") < (b.order ?? "");
}
