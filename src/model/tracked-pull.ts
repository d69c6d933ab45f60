/** What was last known of a pull request: record `storageKey.pull`. Also the index from head SHAs to pull requests of forks. */
export interface TrackedPull {
  headSha: string;
  baseRef: string;
  draft: boolean;
  state: "open" | "closed";
  merged: boolean;
  /** ms since the epoch of the reading. */
  readAtMs: number;
}
