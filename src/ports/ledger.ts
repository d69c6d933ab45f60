/** An event as it is handed in. */
export interface LedgerEvent {
  /** `delivery_accepted`, `verdict`, `override`, `task_status` … */
  type: string;
  /** What it is about: a key, as `formatKey` writes it. */
  subject: string;
  atMs: number;
  /** Makes the append idempotent: a second event with this id in the stream is dropped. */
  id: string;
  /** Small facts, part of the chain. No secrets. */
  data: Record<string, unknown>;
  /** Large or erasable content (a checker's input), stored beside the chain by digest so that retention can erase it. */
  body?: unknown;
}

export interface LedgerEntry extends Omit<LedgerEvent, "body"> {
  stream: string;
  /** 1, 2, 3 … within the stream. */
  sequence: number;
  /** `sha256:<hex>` of the body's canonical JSON; the body itself may be erased. */
  bodyDigest: string | null;
  /** Hash of the entry before; 64 zeros for the first. */
  previousHash: string;
  /** SHA-256 hex over the canonical JSON of everything else in the entry. */
  hash: string;
}

/** Where an entry stands for good: appends do not move it, so it is a cursor too. */
export type LedgerPlace = Pick<LedgerEntry, "stream" | "sequence">;

export interface LedgerQuery {
  stream?: string;
  /** Of any of these; an empty list has nothing. */
  streams?: readonly string[];
  id?: string;
  subject?: string;
  /** `pull/7/42/` for all pull requests of a repository. */
  subjectPrefix?: string;
  type?: string;
  sinceMs?: number;
  /** Earlier than that. */
  untilMs?: number;
  /** Only what was appended before this entry; nothing when there is no such entry. */
  before?: LedgerPlace;
  /** Only what was appended after this entry, and then the oldest first; nothing when there is no such entry. */
  after?: LedgerPlace;
  /** At most so many, newest first unless `after` is given. */
  limit: number;
}

/** The stream of everything about one repository. */
export function repositoryStream(key: { installationId: number; repositoryId: number }): string {
  return `repository/${key.installationId}/${key.repositoryId}`;
}

/** The stream of what concerns one installation as a whole. */
export function installationStream(installationId: number): string {
  return `installation/${installationId}`;
}

/** Append-only, hash-chained per stream (invariant I7). Streams are `repository/<installation>/<repository id>` and `installation/<id>`. */
export interface Ledger {
  append(stream: string, events: LedgerEvent[]): Promise<void>;
  query(query: LedgerQuery): Promise<LedgerEntry[]>;
  /** Every stream that has an entry, by name. */
  streams(): Promise<string[]>;
  body(digest: string): Promise<unknown>;
  /** Erases a body for good; the chain holds only its digest and still verifies. Whether it was there. */
  eraseBody(digest: string): Promise<boolean>;
  /** Calls the listener with the new entries of each append once they are durable, in the order of the ledger, until the returned function is called. A listener that throws is not called again. */
  tail(listener: (entries: readonly LedgerEntry[]) => void): () => void;
  /** Walks a stream's chain: undefined when it holds, else the first sequence that does not. */
  verify(stream: string): Promise<{ brokenAt: number; why: string } | undefined>;
}
