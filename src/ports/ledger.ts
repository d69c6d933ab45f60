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

export interface LedgerQuery {
  stream?: string;
  subject?: string;
  type?: string;
  sinceMs?: number;
  /** At most so many, newest first. */
  limit: number;
}

/** The stream of everything about one repository. */
export function repositoryStream(key: { installationId: number; repositoryId: number }): string {
  return `repository/${key.installationId}/${key.repositoryId}`;
}

/** Append-only, hash-chained per stream (invariant I7). Streams are `repository/<installation>/<repository id>` and `installation/<id>`. */
export interface Ledger {
  append(stream: string, events: LedgerEvent[]): Promise<void>;
  query(query: LedgerQuery): Promise<LedgerEntry[]>;
  body(digest: string): Promise<unknown>;
  /** Walks a stream's chain: undefined when it holds, else the first sequence that does not. */
  verify(stream: string): Promise<{ brokenAt: number; why: string } | undefined>;
}
