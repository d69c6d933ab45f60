export interface RecordEntry<T = unknown> {
  key: string;
  value: T;
  /** Grows with every write of this key; starts at 1. */
  revision: number;
}

/** Revisioned JSON values by key: the blackboard. All writes are durable on resolve. */
export interface Records {
  get<T>(key: string): Promise<RecordEntry<T> | undefined>;
  /** All entries whose key starts with the prefix, by key. */
  list<T>(prefix: string): Promise<RecordEntry<T>[]>;
  put(key: string, value: unknown): Promise<number>;
  /** Writes only if the entry is still at that revision (0: must not exist). The new revision, or undefined when somebody else was first. */
  compareAndSwap(key: string, value: unknown, revision: number): Promise<number | undefined>;
  delete(key: string): Promise<void>;
  /**
   * Deletes the entries whose key starts with the prefix and which nobody has written for longer than that, but for those that `keep` names. In
   * steps small enough to be no pause for anybody. How many.
   */
  prune(prefix: string, olderThanMs: number, keep: (entry: RecordEntry) => boolean): Promise<number>;
}
