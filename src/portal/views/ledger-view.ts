import type { LedgerEntry, LedgerPlace, LedgerQuery } from "../../ports/ledger.ts";
import type { Viewer } from "../viewer.ts";
import type { ViewDeps } from "./deps.ts";
import { seenRepository, seenStreams, streamOf, streamSight } from "./repositories.ts";

export interface LedgerFilter
  extends Pick<LedgerQuery, "stream" | "subject" | "subjectPrefix" | "type" | "id" | "sinceMs" | "untilMs" | "before"> {
  owner?: string;
  repository?: string;
  /** Default 50. */
  limit?: number;
}

const ROWS = 50;

/** Entries of the repositories that the viewer sees, newest first. `next` is where the following page begins. */
export async function ledgerView(
  deps: ViewDeps,
  viewer: Viewer,
  { owner, repository, limit = ROWS, ...filter }: LedgerFilter = {},
): Promise<{ entries: LedgerEntry[]; next?: LedgerPlace }> {
  const streams = await visible(deps, viewer, { owner, repository, stream: filter.stream });
  const read = await deps.engine.ledger.query({ ...filter, ...streams, limit: limit + 1 });
  const entries = read.slice(0, limit);
  const last = entries.at(-1);
  return read.length > limit && last
    ? { entries, next: { stream: last.stream, sequence: last.sequence } }
    : { entries };
}

/** Walks the chain of one stream. Undefined for a stream that the viewer does not see. */
export async function verifyStream(
  deps: ViewDeps,
  viewer: Viewer,
  stream: string,
): Promise<{ holds: true } | { holds: false; brokenAt: number; why: string } | undefined> {
  if (!(await seenStreams(deps, viewer)).includes(stream)) return undefined;
  const broken = await deps.engine.ledger.verify(stream);
  return broken ? { holds: false, ...broken } : { holds: true };
}

async function visible(
  deps: ViewDeps,
  viewer: Viewer,
  {
    owner,
    repository,
    stream,
  }: { owner: string | undefined; repository: string | undefined; stream: string | undefined },
): Promise<{ stream: string } | { streams: string[] }> {
  if (owner !== undefined && repository !== undefined) {
    const seen = await seenRepository(deps, viewer, owner, repository);
    const own = seen && streamOf(seen);
    return own === undefined || (stream !== undefined && stream !== own) ? { streams: [] } : { stream: own };
  }
  if (stream !== undefined) return (await streamSight(deps, viewer))(stream) ? { stream } : { streams: [] };
  return { streams: await seenStreams(deps, viewer) };
}
