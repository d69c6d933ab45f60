/** What it takes to propose a change to a repository in a pull request of our own. Every call may reject with `GitHubError`. */
export interface Proposals {
  /** Whether the installation lets us push a branch. */
  mayWrite(): Promise<boolean>;
  /** Numbers of the pull requests that were merged last, newest first. */
  mergedPulls(limit: number): Promise<number[]>;
  /** The commit that a branch stands at; undefined when there is none. */
  branchHead(branch: string): Promise<string | undefined>;
  createBranch(branch: string, sha: string): Promise<void>;
  /** Adds a file that is not there yet. */
  addFile(branch: string, path: string, text: string, message: string): Promise<void>;
  /** Whether the branch has the file. */
  hasFile(branch: string, path: string): Promise<boolean>;
  /** What one commit brings to another: how many commits, and the files that they change, as Git names their content. */
  brings(base: string, head: string): Promise<{ commits: number; files: { path: string; blobSha: string | null }[] }>;
  /** The pull request that was ever opened from that branch, whatever became of it. */
  pullFrom(branch: string): Promise<number | undefined>;
  openPull(pull: { branch: string; base: string; title: string; body: string }): Promise<number>;
}
