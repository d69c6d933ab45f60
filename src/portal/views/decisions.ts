import { canonicalJson, sha256Hex } from "../../model/canonical-json.ts";
import type { CheckerInput } from "../../model/checker-input.ts";
import { parseKey } from "../../model/key.ts";
import type { RepositoryRef } from "../../model/pull-request.ts";
import { storageKey } from "../../model/storage-key.ts";
import type { GateState, Verdict } from "../../model/verdict.ts";
import type { LedgerEntry, LedgerPlace } from "../../ports/ledger.ts";
import type { Viewer } from "../viewer.ts";
import type { ViewDeps } from "./deps.ts";
import {
  repositoryOfStream,
  seenRepositories,
  seenRepository,
  seenStreams,
  streamOf,
  streamSight,
} from "./repositories.ts";

/** A decision in a list: what its ledger entry says. */
export interface DecisionRow {
  id: string;
  atMs: number;
  installationId: number;
  repositoryId: number;
  /** As the repository is called now; empty for one that is not known any more. */
  owner: string;
  repository: string;
  /** What was judged: a key, as the ledger names it. */
  subject: string;
  /** The pull request's; absent where the subject is none. */
  number?: number;
  /** Head SHA that was judged. */
  sha: string;
  bundleRevision: string;
  inputDigest: string;
  outcome: GateState;
  /** Rules that denied. */
  rules: string[];
  /** Rules that waited. */
  waiting: string[];
  /** Where it stands in the ledger. */
  place: LedgerPlace;
}

/**
 * What became of the stored facts. `holds`: they are the ones that were judged, by their digest. `erased`: retention took them. `broken`: what
 * is stored is something else; nobody should believe it.
 */
export type Integrity = "holds" | "erased" | "broken";

export interface DecisionView extends DecisionRow {
  integrity: Integrity;
  /** The facts; absent unless {@link integrity} holds. */
  input?: CheckerInput;
  verdict?: Verdict;
  /** The policy in force now is the one that decided. */
  sameBundle: boolean;
}

export interface DecisionFilter {
  owner?: string;
  repository?: string;
  number?: number;
  outcome?: GateState;
  sinceMs?: number;
  untilMs?: number;
  before?: LedgerPlace;
  /** Default 50. */
  limit?: number;
}

/** Types of entries that are decisions: about pull requests, and about merge groups. */
const DECISIONS = ["verdict", "merge_group_verdict"];
const ROWS = 50;
const PAGE = 200;
/** Entries that one list reads at most while it looks for an outcome. */
const READ_MAX = 5_000;

/** Decisions about repositories that the viewer sees, newest first. `next` is where the following page begins. */
export async function decisionRows(
  deps: ViewDeps,
  viewer: Viewer,
  filter: DecisionFilter = {},
): Promise<{ rows: DecisionRow[]; next?: LedgerPlace }> {
  const scope = await scopeOf(deps, viewer, filter);
  if (!scope) return { rows: [] };
  const { limit = ROWS, outcome, sinceMs, untilMs } = filter;
  const times = { ...(sinceMs === undefined ? {} : { sinceMs }), ...(untilMs === undefined ? {} : { untilMs }) };
  const rows: DecisionRow[] = [];
  let before = filter.before;
  for (let read = 0; read < READ_MAX; ) {
    const size = outcome === undefined ? limit - rows.length + 1 : PAGE;
    const page = await deps.engine.ledger.query({
      ...scope,
      ...times,
      type: "verdict",
      ...(before ? { before } : {}),
      limit: size,
    });
    for (const entry of page) {
      if (outcome !== undefined && entry.data.outcome !== outcome) {
        before = placeOf(entry);
        continue;
      }
      if (rows.length === limit) return { rows, ...(before ? { next: before } : {}) };
      rows.push(await rowOf(deps, entry));
      before = placeOf(entry);
    }
    read += page.length;
    if (page.length < size) return { rows };
  }
  return { rows, ...(before ? { next: before } : {}) };
}

/** Undefined for a decision that is not there and for one about a repository that the viewer does not see. */
export async function decisionView(deps: ViewDeps, viewer: Viewer, id: string): Promise<DecisionView | undefined> {
  const entry = await decisionEntry(deps, viewer, id);
  if (!entry) return undefined;
  const row = await rowOf(deps, entry);
  const stored = await storedDecision(deps, entry);
  return {
    ...row,
    integrity: stored.integrity,
    ...(stored.integrity === "holds" ? { input: stored.input, verdict: stored.verdict } : {}),
    sameBundle: deps.checker.revision() === row.bundleRevision,
  };
}

export async function decisionEntry(deps: ViewDeps, viewer: Viewer, id: string): Promise<LedgerEntry | undefined> {
  const entries = await deps.engine.ledger.query({ id, limit: 10 });
  const sees = await streamSight(deps, viewer);
  return entries.find(({ type, stream }) => DECISIONS.includes(type) && sees(stream));
}

export type StoredDecision =
  | { integrity: "holds"; input: CheckerInput; verdict: Verdict }
  | { integrity: "erased" | "broken" };

/** The facts and the verdict of a ledger entry, once their digests are those that are in the chain. */
export async function storedDecision(deps: ViewDeps, entry: LedgerEntry): Promise<StoredDecision> {
  const body = entry.bodyDigest === null ? undefined : await deps.engine.ledger.body(entry.bodyDigest);
  if (body === undefined) return { integrity: "erased" };
  if (digestOf(body) !== entry.bodyDigest || !isDecisionBody(body)) return { integrity: "broken" };
  if (digestOf(body.input) !== entry.data.inputDigest) return { integrity: "broken" };
  return { integrity: "holds", input: body.input, verdict: body.verdict };
}

export function digestOf(value: unknown): string {
  return `sha256:${sha256Hex(canonicalJson(value))}`;
}

export async function rowOf(deps: ViewDeps, entry: LedgerEntry): Promise<DecisionRow> {
  const { installationId, repositoryId } = repositoryOfStream(entry.stream) ?? { installationId: 0, repositoryId: 0 };
  const key = storageKey.repository(installationId, repositoryId);
  const ref = (await deps.engine.records.get<RepositoryRef>(key))?.value;
  const subject = parseKey(entry.subject);
  const { sha, bundleRevision, inputDigest, outcome, rules, waiting } = entry.data;
  return {
    id: entry.id,
    atMs: entry.atMs,
    installationId,
    repositoryId,
    owner: ref?.owner ?? "",
    repository: ref?.name ?? "",
    subject: entry.subject,
    ...(subject.kind === "pull" ? { number: subject.number } : {}),
    sha: String(sha),
    bundleRevision: String(bundleRevision),
    inputDigest: String(inputDigest),
    outcome: outcome as GateState,
    rules: rules as string[],
    waiting: waiting as string[],
    place: placeOf(entry),
  };
}

export function placeOf({ stream, sequence }: LedgerEntry): LedgerPlace {
  return { stream, sequence };
}

/** Where in the ledger to look; undefined where the viewer sees nothing of what was asked for. */
async function scopeOf(
  deps: ViewDeps,
  viewer: Viewer,
  { owner, repository, number }: DecisionFilter,
): Promise<{ stream?: string; streams?: string[]; subject?: string } | undefined> {
  if (owner === undefined) return { streams: await seenStreams(deps, viewer) };
  if (repository === undefined) {
    const all = await seenRepositories(deps, viewer);
    const own = all.filter(({ ref }) => ref.owner.toLowerCase() === owner.toLowerCase());
    return { streams: own.map(streamOf) };
  }
  const seen = await seenRepository(deps, viewer, owner, repository);
  if (!seen) return undefined;
  const stream = streamOf(seen);
  return number === undefined
    ? { stream }
    : { stream, subject: `pull/${seen.installationId}/${seen.ref.id}/${number}` };
}

function isDecisionBody(body: unknown): body is { input: CheckerInput; verdict: Verdict } {
  return typeof body === "object" && body !== null && "input" in body && "verdict" in body;
}
