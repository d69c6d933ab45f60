import type { DatabaseSync, StatementSync } from "node:sqlite";
import { setImmediate as nextTurn } from "node:timers/promises";
import { canonicalJson, sha256Hex } from "../../model/canonical-json.ts";
import type { Ledger, LedgerEntry, LedgerEvent, LedgerQuery } from "../../ports/ledger.ts";
import type { GroupCommit } from "./group-commit.ts";

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
  }

  async append(stream: string, events: LedgerEvent[]): Promise<void> {
    const prepared = events.map(prepare);
    return this.#commits.write(() => {
      for (const event of prepared) this.#append(stream, event);
    });
  }

  /** Newest is what was appended last, whatever time it bears. */
  async query(query: LedgerQuery): Promise<LedgerEntry[]> {
    const { stream, subject, type, sinceMs, limit } = query;
    const filters = [
      { sql: "stream = ?", value: stream },
      { sql: "subject = ?", value: subject },
      { sql: "type = ?", value: type },
      { sql: "at >= ?", value: sinceMs },
    ].flatMap(({ sql, value }) => (value === undefined ? [] : [{ sql, value }]));
    const where = filters.length > 0 ? `WHERE ${filters.map(({ sql }) => sql).join(" AND ")}` : "";
    const select = this.#database.prepare(`SELECT * FROM ledger ${where} ORDER BY position DESC LIMIT ?`);
    const rows = select.all(...filters.map(({ value }) => value), Math.max(0, Math.trunc(limit)));
    return (rows as unknown as Row[]).map(toEntry);
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

  #append(stream: string, { event, data, body, bodyDigest }: Prepared): void {
    if (this.#has.get(stream, event.id)) return;
    const head = this.#headOf(stream);
    const sequence = head.sequence + 1;
    const { id, type, subject, atMs } = event;
    const hash = hashOf({
      stream,
      sequence,
      id,
      type,
      subject,
      atMs,
      data: event.data,
      bodyDigest,
      previousHash: head.hash,
    });
    if (body !== undefined) this.#insertBody.run(bodyDigest, body);
    this.#insert.run(stream, sequence, id, type, subject, atMs, data, bodyDigest, head.hash, hash);
    this.#setHead.run(stream, sequence, hash);
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
