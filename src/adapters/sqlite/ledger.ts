import type { DatabaseSync, StatementSync } from "node:sqlite";
import { setImmediate as nextTurn } from "node:timers/promises";
import { canonicalJson, sha256Hex } from "../../model/canonical-json.ts";
import type { Ledger, LedgerEntry, LedgerEvent, LedgerQuery } from "../../ports/ledger.ts";
import type { GroupCommit } from "./group-commit.ts";
import { selectOf } from "./ledger-query.ts";

interface Row {
  stream: string;
  sequence: number;
  id: string;
  type: string;
  subject: string;
  at: number;
  data: string;
  body_digest: string | null;
  previous_hash: string;
  hash: string;
}

interface Head {
  sequence: number;
  hash: string;
}

/** An event whose JSON is written before the transaction: what cannot be written rejects early, and the lock is held shorter. */
interface Prepared {
  event: LedgerEvent;
  data: string;
  body: string | undefined;
  bodyDigest: string | null;
}

const NO_HEAD: Head = { sequence: 0, hash: "0".repeat(64) };
const ROWS_PER_TURN = 500;

export class SqliteLedger implements Ledger {
  readonly #commits: GroupCommit;
  readonly #database: DatabaseSync;
  readonly #has: StatementSync;
  readonly #head: StatementSync;
  readonly #setHead: StatementSync;
  readonly #insert: StatementSync;
  readonly #insertBody: StatementSync;
  readonly #body: StatementSync;
  readonly #walk: StatementSync;
  readonly #streams: StatementSync;
  readonly #eraseBody: StatementSync;
  readonly #listeners = new Set<(entries: readonly LedgerEntry[]) => void>();

  constructor(database: DatabaseSync, commits: GroupCommit) {
    this.#database = database;
    this.#commits = commits;
    this.#has = database.prepare("SELECT 1 FROM ledger WHERE stream = ? AND id = ?");
    this.#head = database.prepare("SELECT sequence, hash FROM ledger_heads WHERE stream = ?");
    this.#setHead = database.prepare("INSERT OR REPLACE INTO ledger_heads (stream, sequence, hash) VALUES (?, ?, ?)");
    this.#insert = database.prepare(
      `INSERT INTO ledger (stream, sequence, id, type, subject, at, data, body_digest, previous_hash, hash)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#insertBody = database.prepare("INSERT OR IGNORE INTO ledger_bodies (digest, body) VALUES (?, ?)");
    this.#body = database.prepare("SELECT body FROM ledger_bodies WHERE digest = ?");
    this.#walk = database.prepare("SELECT * FROM ledger WHERE stream = ? AND sequence > ? ORDER BY sequence LIMIT ?");
    this.#streams = database.prepare("SELECT stream FROM ledger_heads ORDER BY stream");
    this.#eraseBody = database.prepare("DELETE FROM ledger_bodies WHERE digest = ?");
  }

  async append(stream: string, events: LedgerEvent[]): Promise<void> {
    const prepared = events.map(prepare);
    const appended = await this.#commits.write(() => prepared.flatMap((event) => this.#append(stream, event) ?? []));
    if (appended.length > 0) this.#tell(appended);
  }

  /** Newest is what was appended last, whatever time it bears. */
  async query(query: LedgerQuery): Promise<LedgerEntry[]> {
    const { sql, values } = selectOf(query);
    return (this.#database.prepare(sql).all(...values) as unknown as Row[]).map(toEntry);
  }

  async streams(): Promise<string[]> {
    return this.#streams.all().map((row) => String(row.stream));
  }

  async eraseBody(digest: string): Promise<boolean> {
    return this.#commits.write(() => this.#eraseBody.run(digest).changes > 0);
  }

  tail(listener: (entries: readonly LedgerEntry[]) => void): () => void {
    // Its own function, so that the same listener can be given twice.
    const own = (entries: readonly LedgerEntry[]): void => listener(entries);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  /** Undefined when there is none, or no more. */
  async body(digest: string): Promise<unknown> {
    const text = this.#bodyText(digest);
    return text === undefined ? undefined : JSON.parse(text);
  }

  /** Also says when the end of the chain is missing, and when a body that is still there is not the one that was appended. */
  async verify(stream: string): Promise<{ brokenAt: number; why: string } | undefined> {
    // Appends may happen between the turns of the walk: it goes to where the chain ended when it began.
    const end = this.#headOf(stream);
    let last = NO_HEAD;
    while (last.sequence < end.sequence) {
      const rows = this.#walk.all(stream, last.sequence, ROWS_PER_TURN) as unknown as Row[];
      if (rows.length === 0) return { brokenAt: last.sequence + 1, why: "the entry is missing" };
      for (const row of rows) {
        const why = this.#fault(row, last);
        if (why) return { brokenAt: last.sequence + 1, why };
        if (row.sequence === end.sequence && row.hash !== end.hash) {
          return { brokenAt: row.sequence, why: "the chain's last hash is another one" };
        }
        last = row;
      }
      await nextTurn();
    }
    // Without a head there must not be a chain.
    const beyond = end === NO_HEAD && this.#walk.get(stream, 0, 1);
    return beyond ? { brokenAt: 1, why: "the chain's end is unknown" } : undefined;
  }

  #tell(entries: readonly LedgerEntry[]): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(entries);
      } catch {
        // What was appended is appended: whoever writes to the ledger must not fail because of somebody who reads along.
        this.#listeners.delete(listener);
      }
    }
  }

  /** The new entry; undefined when the event was there. */
  #append(stream: string, { event, data, body, bodyDigest }: Prepared): LedgerEntry | undefined {
    if (this.#has.get(stream, event.id)) return undefined;
    const head = this.#headOf(stream);
    const sequence = head.sequence + 1;
    const { id, type, subject, atMs } = event;
    const previousHash = head.hash;
    const entry = { stream, sequence, id, type, subject, atMs, data: event.data, bodyDigest, previousHash };
    const hash = hashOf(entry);
    if (body !== undefined) this.#insertBody.run(bodyDigest, body);
    this.#insert.run(stream, sequence, id, type, subject, atMs, data, bodyDigest, head.hash, hash);
    this.#setHead.run(stream, sequence, hash);
    return { ...entry, hash };
  }

  #headOf(stream: string): Head {
    return (this.#head.get(stream) as Head | undefined) ?? NO_HEAD;
  }

  #bodyText(digest: string): string | undefined {
    return (this.#body.get(digest) as { body: string } | undefined)?.body;
  }

  #fault(row: Row, before: Head): string | undefined {
    if (row.sequence !== before.sequence + 1) return "the entry is missing";
    if (row.previous_hash !== before.hash) return "the entry before it is another one";
    const { hash, ...rest } = toEntry(row);
    if (hashOf(rest) !== hash) return "the entry does not match its hash";
    const body = row.body_digest === null ? undefined : this.#bodyText(row.body_digest);
    if (body !== undefined && digestOf(body) !== row.body_digest) return "the body does not match its digest";
    return undefined;
  }
}

function prepare(event: LedgerEvent): Prepared {
  const body = event.body === undefined ? undefined : canonicalJson(event.body);
  // A copy, so that what is hashed later is what is stored, whatever the caller does to the event until then.
  const data = canonicalJson(event.data);
  const copy = { ...event, data: JSON.parse(data) as Record<string, unknown> };
  return { event: copy, data, body, bodyDigest: body === undefined ? null : digestOf(body) };
}

function digestOf(json: string): string {
  return `sha256:${sha256Hex(json)}`;
}

function hashOf(entry: Omit<LedgerEntry, "hash">): string {
  return sha256Hex(canonicalJson(entry));
}

function toEntry(row: Row): LedgerEntry {
  return {
    stream: row.stream,
    sequence: row.sequence,
    id: row.id,
    type: row.type,
    subject: row.subject,
    atMs: row.at,
    data: JSON.parse(row.data) as Record<string, unknown>,
    bodyDigest: row.body_digest,
    previousHash: row.previous_hash,
    hash: row.hash,
  };
}
