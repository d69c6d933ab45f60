import type { CommitStatus } from "../checks-state.ts";
import { fullName, type Repository, type State } from "../state.ts";
import { accountShape } from "./account.ts";
import { minimalRepositoryShape } from "./repository.ts";
import { nodeId, type Schema, timestamp } from "./schema.ts";

/** `simple-commit-status`, as the combined status lists them. */
function simpleStatusShape(base: string, repository: Repository, status: CommitStatus): Schema<"simple-commit-status"> {
  return {
    url: `${base}/repos/${fullName(repository)}/statuses/${status.sha}`,
    avatar_url: accountShape(base, status.creator).avatar_url,
    id: status.id,
    node_id: nodeId("StatusContext", status.id),
    state: status.state,
    description: status.description,
    target_url: status.targetUrl,
    context: status.context,
    created_at: timestamp(status.createdAt),
    updated_at: timestamp(status.createdAt),
  };
}

/** `status` */
export function statusShape(base: string, repository: Repository, status: CommitStatus): Schema<"status"> {
  const { avatar_url, ...rest } = simpleStatusShape(base, repository, status);
  return { ...rest, avatar_url, description: status.description, creator: accountShape(base, status.creator) };
}

/** https://docs.github.com/rest/commits/statuses#get-the-combined-status-for-a-specific-reference */
export function combinedStatusShape(
  base: string,
  state: State,
  repository: Repository,
  sha: string,
): Schema<"combined-commit-status"> {
  const latest = [...new Map((repository.statuses.get(sha) ?? []).map((status) => [status.context, status])).values()];
  const failed = latest.some((status) => status.state === "error" || status.state === "failure");
  const pending = latest.length === 0 || latest.some((status) => status.state === "pending");
  const url = `${base}/repos/${fullName(repository)}/commits/${sha}`;
  return {
    state: failed ? "failure" : pending ? "pending" : "success",
    statuses: latest.map((status) => simpleStatusShape(base, repository, status)),
    sha,
    total_count: latest.length,
    repository: minimalRepositoryShape(base, state, repository),
    commit_url: url,
    url: `${url}/status`,
  };
}
