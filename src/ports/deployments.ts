/** What one status of a deployment says. `inactive`: it is there no more, or asleep. */
export interface DeploymentStatus {
  state: "queued" | "in_progress" | "success" | "failure" | "inactive";
  /** Plain text; at most 140 characters are sent. */
  description: string;
  /** Absolute; where the deployment can be looked at. */
  environmentUrl?: string;
  /** Absolute; where more is said of it. */
  logUrl?: string;
}

/**
 * Deployments of previews to transient environments, and our comment about them. Every call may reject with `GitHubError`.
 * https://docs.github.com/en/rest/deployments
 */
export interface Deployments {
  /** Ours in that environment, newest first, 100 at most. */
  own(environment: string): Promise<{ id: number; sha: string }[]>;
  /** Neither merges anything nor waits for checks. */
  create(deployment: { sha: string; environment: string; description: string }): Promise<{ id: number }>;
  addStatus(id: number, status: DeploymentStatus): Promise<void>;
  /** False where the comment is no more, or is not ours. */
  updateComment(id: number, body: string): Promise<boolean>;
}
