import type { CommitStatus } from "./checks-state.ts";
import { wakeQueues } from "./merge-queue-state.ts";
import { accountShape } from "./shapes/account.ts";
import { commitShape } from "./shapes/commit.ts";
import { statusShape } from "./shapes/status.ts";
import type { Site } from "./site.ts";
import { fullName, type Repository } from "./state.ts";

/** Records a commit status and tells of it: https://docs.github.com/webhooks/webhook-events-and-payloads#status */
export async function addStatus(site: Site, repository: Repository, status: CommitStatus): Promise<void> {
  repository.statuses.set(status.sha, [...(repository.statuses.get(status.sha) ?? []), status]);
  wakeQueues(repository);
  const commit = await repository.git.network.store.commit(status.sha);
  if (!commit) return;
  const url = `${site.url}/repos/${fullName(repository)}`;
  const branches = repository.git.list("refs/heads/").filter(({ sha }) => sha === status.sha);
  const { created_at, updated_at } = statusShape(site.url, repository, status);
  site.webhooks.emit(repository, "status", status.creator, {
    id: status.id,
    sha: status.sha,
    name: fullName(repository),
    target_url: status.targetUrl,
    avatar_url: accountShape(site.url, status.creator).avatar_url,
    context: status.context,
    description: status.description,
    state: status.state,
    commit: commitShape(site.url, site.state, repository, commit),
    branches: branches.map(({ ref }) => ({
      name: ref.slice("refs/heads/".length),
      commit: { sha: status.sha, url: `${url}/commits/${status.sha}` },
      protected: false,
    })),
    created_at,
    updated_at,
  });
}
