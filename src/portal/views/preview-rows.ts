import { setImmediate as nextTurn } from "node:timers/promises";
import type { PreviewRecord, PreviewState } from "../../model/preview.ts";
import { storageKey } from "../../model/storage-key.ts";
import type { TrackedPull } from "../../model/tracked-pull.ts";
import type { Viewer } from "../viewer.ts";
import type { ViewDeps } from "./deps.ts";
import { compare, fullName, type SeenRepository, seenRepositories } from "./repositories.ts";

/** One preview in a list, as its record has it. */
export interface PreviewRow {
  installationId: number;
  repositoryId: number;
  owner: string;
  repository: string;
  number: number;
  /** Of the pull request. */
  title: string;
  state: PreviewState;
  /** Why its state cannot be read at the moment: `state` is what was last seen. */
  unknown?: string;
  /** Head that the state is about. */
  sha: string;
  url?: string;
  /** Where objects of it are or may be. */
  clusters: string[];
  /** The first thing that is wrong or awaited. */
  why?: string;
  /** Place in the queue of the repository, from 1. */
  position?: number;
  createdAtMs?: number;
  sinceMs: number;
  expiresAtMs?: number;
  sleepsAtMs?: number;
}

export interface PreviewFilter {
  /** Whose repositories; without regard to case. */
  owner?: string;
  repository?: string;
  /** Unless given, those that are there, on their way there or on their way out. */
  state?: PreviewState | "any";
  /** `owner/name#12`: only what comes after it in the order of the list. */
  after?: string;
  /** Default 100. */
  limit?: number;
}

const ROWS = 100;
const ROWS_PER_TURN = 200;
/** Of these there is nothing. */
const ABSENT: readonly PreviewState[] = ["disabled", "skipped", "gone"];

/** Previews that the viewer sees: repositories by name, in each the newest pull request first. */
export async function previewRows(deps: ViewDeps, viewer: Viewer, filter: PreviewFilter = {}): Promise<PreviewRow[]> {
  const rows: PreviewRow[] = [];
  const limit = filter.limit ?? ROWS;
  const after = filter.after === undefined ? undefined : placeOf(filter.after);
  let read = 0;
  for (const seen of await seenRepositories(deps, viewer)) {
    const { installationId, ref } = seen;
    const name = fullName(ref);
    if (!same(filter.owner, ref.owner) || !same(filter.repository, ref.name)) continue;
    if (after && compare(name, after.name) < 0) continue;
    const prefix = storageKey.previews(installationId, ref.id);
    const entries = (await deps.engine.records.list<PreviewRecord>(prefix))
      .map(({ key, value }) => ({ number: Number(key.slice(prefix.length)), record: value }))
      .sort((a, b) => b.number - a.number);
    for (const { number, record } of entries) {
      if (after && name === after.name && number >= after.number) continue;
      if (!asked(filter.state, record.state)) continue;
      // Reading is synchronous underneath: thousands of rows must not be one pause for everybody.
      if (++read % ROWS_PER_TURN === 0) await nextTurn();
      if (rows.length === limit) return rows;
      rows.push(await previewRow(deps, seen, number, record));
    }
  }
  return rows;
}

export async function previewRow(
  deps: ViewDeps,
  { installationId, ref }: SeenRepository,
  number: number,
  record: PreviewRecord,
): Promise<PreviewRow> {
  const { state, unknown, sha, url, made, reasons, position, createdAtMs, sinceMs, expiresAtMs, sleepsAtMs } = record;
  const pull = await deps.engine.records.get<TrackedPull>(storageKey.pull(installationId, ref.id, number));
  const why = reasons[0]?.message;
  return {
    installationId,
    repositoryId: ref.id,
    owner: ref.owner,
    repository: ref.name,
    number,
    title: pull?.value.title ?? `Pull request ${number}`,
    state,
    ...(unknown === undefined ? {} : { unknown }),
    sha,
    ...(url === undefined ? {} : { url }),
    clusters: [...new Set(made.map(({ cluster }) => cluster))],
    ...(why === undefined ? {} : { why }),
    ...(position === undefined ? {} : { position }),
    ...(createdAtMs === undefined ? {} : { createdAtMs }),
    sinceMs,
    ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
    ...(sleepsAtMs === undefined ? {} : { sleepsAtMs }),
  };
}

function asked(wanted: PreviewFilter["state"], state: PreviewState): boolean {
  if (wanted === "any") return true;
  return wanted === undefined ? !ABSENT.includes(state) : wanted === state;
}

function placeOf(text: string): { name: string; number: number } {
  const at = text.lastIndexOf("#");
  return { name: text.slice(0, at), number: Number(text.slice(at + 1)) };
}

function same(wanted: string | undefined, given: string): boolean {
  return wanted === undefined || wanted.toLowerCase() === given.toLowerCase();
}
