/** What was last known of a pull request: record `storageKey.pull`. Also the index from head SHAs to pull requests of forks. */
export interface TrackedPull {
  headSha: string;
  baseRef: string;
  draft: boolean;
  state: "open" | "closed";
  merged: boolean;
  /** What it is called and by whom; absent in records of the first release until the pull request is read again. */
  title?: string;
  /** Login. */
  author?: string;
  /** On GitHub. */
  url?: string;
  fork?: boolean;
  /** ms since the epoch of the reading. */
  readAtMs: number;
}
