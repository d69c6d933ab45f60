import type { DatabaseSync, StatementSync } from "node:sqlite";

/** Memory that mirrors the database: what a transaction changed in it is kept or undone together with it. */
export interface Mirror {
  keep(): void;
  undo(): void;
}

interface Write {
  step: () => unknown;
  resolve: (value: never) => void;
  reject: (error: unknown) => void;
}

/** Puts all writes of one event-loop turn into one transaction, so that they share one fsync. */
export class GroupCommit {
  readonly #database: DatabaseSync;
  readonly #mirror: Mirror;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  #waiting: Write[] = [];
  #closed = false;

  constructor(database: DatabaseSync, mirror: Mirror) {
    this.#database = database;
    this.#mirror = mirror;
    this.#begin = database.prepare("BEGIN IMMEDIATE");
    this.#commit = database.prepare("COMMIT");
  }

  /**
   * Runs the step inside the turn's transaction and resolves with what it returned once that is on disk. A step that throws rejects alone and
   * leaves no trace; a transaction that cannot be committed rejects all. Steps may run twice, so their only effects are the database and the mirror.
   */
  write<T>(step: () => T): Promise<T> {
    if (this.#closed) return Promise.reject(new Error("the store is closed"));
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ step, resolve, reject });
      if (this.#waiting.length === 1) setImmediate(() => this.flush());
    });
  }

  /** Commits at once what waits. */
  flush(): void {
    const writes = this.#waiting;
    this.#waiting = [];
    if (writes.length > 0) this.#run(writes);
  }

  close(): void {
    this.#closed = true;
    this.flush();
  }

  #run(writes: Write[]): void {
    const results: unknown[] = [];
    let inSteps = false;
    try {
      this.#begin.run();
      inSteps = true;
      for (const { step } of writes) results.push(step());
      inSteps = false;
      this.#commit.run();
    } catch (error) {
      this.#rollback();
      if (inSteps && writes.length > 1) this.#runHalves(writes);
      else for (const { reject } of writes) reject(error);
      return;
    }
    this.#mirror.keep();
    for (const [index, { resolve }] of writes.entries()) resolve(results[index] as never);
  }

  /** Finds the step that throws by halving: savepoints would do as well, but would cost two statements per step in every good transaction. */
  #runHalves(writes: Write[]): void {
    const middle = writes.length >> 1;
    this.#run(writes.slice(0, middle));
    this.#run(writes.slice(middle));
  }

  #rollback(): void {
    this.#mirror.undo();
    try {
      // After some errors (disk full, I/O) SQLite has rolled back by itself.
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
    } catch {
      // The writes are rejected with the first error; a transaction that is still open fails the next BEGIN, which comes here again.
    }
  }
}
