import type { Ledger } from "./ledger.ts";
import type { Queue } from "./queue.ts";
import type { Records } from "./records.ts";

/** The store of one deployment: embedded SQLite, or NATS JetStream for many replicas. */
export interface Engine {
  queue: Queue;
  records: Records;
  ledger: Ledger;
  /** Writes and reads back; rejects when the store is unwritable, full or locked. What `/readyz` asks. */
  probe(): Promise<void>;
  close(): Promise<void>;
}
