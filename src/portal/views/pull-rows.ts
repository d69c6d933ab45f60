import { setImmediate as nextTurn } from "node:timers/promises";
import { type GateVote, gateContent } from "../../gate/gate.ts";
import { storageKey } from "../../model/storage-key.ts";
import type { TrackedPull } from "../../model/tracked-pull.ts";
import type { GateState } from "../../model/verdict.ts";
import type { Viewer } from "../viewer.ts";
import type { ViewDeps } from "./deps.ts";
import { compare, fullName, type SeenRepository, seenRepositories } from "./repositories.ts";

/** One pull request in a list. */
export interface PullRow {
  installationId: number;
  repositoryId: number;
  owner: string;
  repository: string;
  number: number;
  title: string;
  /** Login; empty while it was not read since an upgrade from the first release. */
  author: string;
  /** On GitHub; empty as long as the author. */
  url: string;
  baseRef: string;
  headSha: string;
  draft: boolean;
  fork: boolean;
  open: boolean;
  merged: boolean;
  /** What its head's gate shows: the worst over all open pull requests with that head. */
  state: GateState;
  mode: "enforce" | "shadow";
  gateTitle: string;
  /** Who or what is awaited: people, teams, or rules that wait on machines. */
  awaited: string[];
  /** Its own newest decision at the head. */
  decisionId?: string;
  /** ms since the epoch: when what stands here was read. */
  readAtMs: number;
}

export interface PullFilter {
  /** Whose repositories; without regard to case, as all names. */
  owner?: string;
  repository?: string;
  state?: GateState;
  author?: string;
  /** Part of the title or the number. */
  text?: string;
  /** `owner/name#12`: only what comes after it in the order of the list. */
  after?: string;
  /** Default 100. */
  limit?: number;
}

/** What the records say of a pull request at its head; `undefined` parts were not decided yet. */
export interface AtHead {
  vote: GateVote;
  mode: "enforce" | "shadow";
}

const ROWS = 100;
const ROWS_PER_TURN = 50;

/** Open pull requests that the viewer sees: repositories by name, in each the newest first. */
export async function openPulls(deps: ViewDeps, viewer: Viewer, filter: PullFilter = {}): Promise<PullRow[]> {
  const rows: PullRow[] = [];
  const limit = filter.limit ?? ROWS;
  let read = 0;
  const after = filter.after === undefined ? undefined : placeOf(filter.after);
  for (const seen of await seenRepositories(deps, viewer)) {
    const name = fullName(seen.ref);
    if (!same(filter.owner, seen.ref.owner) || !same(filter.repository, seen.ref.name)) continue;
    if (after && compare(name, after.name) < 0) continue;
    await nextTurn();
    for (const { number, tracked } of await trackedPulls(deps, seen)) {
      if (after && name === after.name && number >= after.number) continue;
      if (tracked.state !== "open" || !same(filter.author, tracked.author ?? "") || !mentions(tracked, number, filter))
        continue;
      // Reading is synchronous underneath: thousands of rows must not be one pause for everybody.
      if (++read % ROWS_PER_TURN === 0) await nextTurn();
      const row = await pullRow(deps, seen, number, tracked);
      if (filter.state !== undefined && row.state !== filter.state) continue;
      if (rows.length === limit) return rows;
      rows.push(row);
    }
  }
  return rows;
}

export async function pullRow(
  deps: ViewDeps,
  { installationId, ref }: SeenRepository,
  number: number,
  tracked: TrackedPull,
): Promise<PullRow> {
  const { records } = deps.engine;
  const said = await records.list<AtHead>(storageKey.atCommits(installationId, ref.id, tracked.headSha));
  const votes = said.map(({ value }) => value.vote).sort((a, b) => a.number - b.number);
  const own = said.find(({ value }) => value.vote.number === number)?.value;
  const gate = gateContent(tracked.headSha, votes);
  return {
    installationId,
    repositoryId: ref.id,
    owner: ref.owner,
    repository: ref.name,
    number,
    title: tracked.title ?? `Pull request ${number}`,
    author: tracked.author ?? "",
    url: tracked.url ?? "",
    baseRef: tracked.baseRef,
    headSha: tracked.headSha,
    draft: tracked.draft,
    fork: tracked.fork ?? false,
    open: tracked.state === "open",
    merged: tracked.merged,
    state: gate.outcome,
    // While a repository goes from shadow to enforce some still say shadow: one that enforces makes it a gate.
    mode: said.length > 0 && said.every(({ value }) => value.mode === "shadow") ? "shadow" : "enforce",
    gateTitle: gate.title,
    awaited: [...new Set((own?.vote.decision?.verdict.waiting ?? []).map((one) => one.whom ?? one.rule))],
    ...(own?.vote.decision ? { decisionId: own.vote.decision.id } : {}),
    readAtMs: tracked.readAtMs,
  };
}

async function trackedPulls(
  deps: ViewDeps,
  { installationId, ref }: SeenRepository,
): Promise<{ number: number; tracked: TrackedPull }[]> {
  const prefix = storageKey.pulls(installationId, ref.id);
  const entries = await deps.engine.records.list<TrackedPull>(prefix);
  return entries
    .map(({ key, value }) => ({ number: Number(key.slice(prefix.length)), tracked: value }))
    .sort((a, b) => b.number - a.number);
}

/** `owner/name#12` as {@link PullFilter.after} takes it. */
export function placeOfRow(row: Pick<PullRow, "owner" | "repository" | "number">): string {
  return `${fullName({ owner: row.owner, name: row.repository })}#${row.number}`;
}

function placeOf(text: string): { name: string; number: number } {
  const at = text.lastIndexOf("#");
  return { name: text.slice(0, at), number: Number(text.slice(at + 1)) };
}

function same(wanted: string | undefined, given: string): boolean {
  return wanted === undefined || wanted.toLowerCase() === given.toLowerCase();
}

function mentions(tracked: TrackedPull, number: number, { text }: PullFilter): boolean {
  if (text === undefined) return true;
  const wanted = text.toLowerCase().replace(/^#/, "");
  return String(number) === wanted || (tracked.title ?? "").toLowerCase().includes(wanted);
}
