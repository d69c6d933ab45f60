import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { migrate } from "./schema.ts";

/** Queue state is mirrored in memory, so a file has one process. */
export class StoreInUseError extends Error {
  override readonly name = "StoreInUseError";
}

const BUSY = 5;
const BUSY_TIMEOUT_MS = 200;
const CHECKPOINT_PAGES = 4000;
/** Deliveries have random ids, so that each lands on another page; SQLite's own 2 MB would be read again and again. */
const CACHE_KB = 32 * 1024;

/**
 * Opens the file (mode 0600, its directory created), takes it for this process alone and brings the schema up to date. The operating system
 * gives the lock back when the process dies, however it dies.
 * @throws {StoreInUseError} when another process has it
 * @throws {StoreTooNewError} when a newer release wrote it
 */
export function openDatabase(path: string): DatabaseSync {
  reserve(path);
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    // The locking mode has to come first: WAL then keeps its index on the heap, with no shared-memory file.
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    database.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA journal_size_limit = ${64 * 1024 * 1024}`);
    database.exec(`PRAGMA cache_size = -${CACHE_KB}`);
    database.exec("BEGIN IMMEDIATE; COMMIT");
    migrate(database);
    return database;
  } catch (error) {
    database.close();
    if (!isBusy(error)) throw error;
    throw new StoreInUseError(`cannot open ${path}: another process uses this database`, { cause: error });
  }
}

function reserve(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // Never opened here when it exists: closing any descriptor of a file drops this process's POSIX locks on it.
  if (!existsSync(path)) closeSync(openSync(path, "a", 0o600));
  chmodSync(path, 0o600);
}

function isBusy(error: unknown): boolean {
  const code = error instanceof Error && "errcode" in error ? Number(error.errcode) : 0;
  return (code & 0xff) === BUSY;
}
