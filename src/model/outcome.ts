/** What one run of a key ended with. A throw is the fifth way to end: the key is retried with exponential backoff. */
export type Outcome =
  | { kind: "done" }
  /** Look again after that long, whatever happens in between. */
  | { kind: "requeue"; afterMs: number }
  /** Retrying cannot help until someone acts: the key is parked, visible to operators, and freed by the next event for it. */
  | { kind: "terminal"; reason: string };
