import type { DatabaseSync } from "node:sqlite";

/** The file was written by a newer release: opening it with this one could lose what it does not know. */
export class StoreTooNewError extends Error {
  override readonly name = "StoreTooNewError";
}

/**
 * One step per schema version, never edited after a release. Times are ms since the epoch.
 *
 * `deliveries` has no rowid: its random ids then cost one page per insert, not two. `keys` holds every key that is not idle, leased ones too:
 * leases live in memory only, so that a crash makes every leased key ready. That each is there once is seen to in memory, too: without an index
 * on the key, the keys of one transaction lie side by side.
 */
const MIGRATIONS = [
  `
  CREATE TABLE process (only INTEGER PRIMARY KEY CHECK (only = 1), generation INTEGER NOT NULL) STRICT;
  INSERT INTO process VALUES (1, 0);
  CREATE TABLE probes (id INTEGER PRIMARY KEY, filler BLOB NOT NULL) STRICT;

  CREATE TABLE deliveries (
    id TEXT PRIMARY KEY, event TEXT NOT NULL, action TEXT, received_at REAL NOT NULL, accepted_at REAL NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE keys (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, due_at REAL NOT NULL, attempt INTEGER NOT NULL, parked_at REAL, parked_reason TEXT
  ) STRICT;
  CREATE TABLE intents (
    id TEXT PRIMARY KEY, key TEXT NOT NULL, asked_at REAL NOT NULL, intent TEXT NOT NULL, settled_at REAL, result TEXT
  ) STRICT;
  CREATE INDEX intents_unsettled ON intents (key) WHERE settled_at IS NULL;

  CREATE TABLE records (key TEXT PRIMARY KEY, value TEXT, revision INTEGER NOT NULL, deleted_at REAL) STRICT;
  CREATE INDEX records_deleted ON records (deleted_at) WHERE deleted_at IS NOT NULL;

  CREATE TABLE ledger (
    position INTEGER PRIMARY KEY, stream TEXT NOT NULL, sequence INTEGER NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, subject TEXT NOT NULL,
    at REAL NOT NULL, data TEXT NOT NULL, body_digest TEXT, previous_hash TEXT NOT NULL, hash TEXT NOT NULL,
    UNIQUE (stream, sequence), UNIQUE (stream, id)
  ) STRICT;
  CREATE INDEX ledger_subject ON ledger (subject);
  CREATE INDEX ledger_at ON ledger (at);
  CREATE TABLE ledger_heads (stream TEXT PRIMARY KEY, sequence INTEGER NOT NULL, hash TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE ledger_bodies (digest TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
  `,
  // Each ends with the row's position, so that newest first needs no sorting.
  `
  CREATE INDEX ledger_type ON ledger (type);
  CREATE INDEX ledger_id ON ledger (id);
  `,
  "ALTER TABLE keys ADD COLUMN causes TEXT;",
  // How old a record is that an earlier release wrote, nobody knows: it counts from now.
  `
  ALTER TABLE records ADD COLUMN updated_at REAL NOT NULL DEFAULT 0;
  UPDATE records SET updated_at = unixepoch('subsec') * 1000;
  `,
];

/** Brings the file to this release's schema, one transaction per version. */
export function migrate(database: DatabaseSync): void {
  const { user_version: version } = database.prepare("PRAGMA user_version").get() as { user_version: number };
  if (version > MIGRATIONS.length) {
    throw new StoreTooNewError(
      `the database has schema version ${version}, this release knows ${MIGRATIONS.length}: run a newer release`,
    );
  }
  for (const [index, sql] of MIGRATIONS.entries()) {
    if (index < version) continue;
    database.exec(`BEGIN IMMEDIATE; ${sql} PRAGMA user_version = ${index + 1}; COMMIT`);
  }
}
