import { z } from "zod";
import type { CommitSummary, RepositoryRef } from "../../model/pull-request.ts";
import { GitHubError } from "../../ports/github.ts";
import type { MergeGroupReads, QueueBranch } from "../../ports/merge-groups.ts";
import type { Connection } from "./connection.ts";
import { shapes, take } from "./shapes.ts";

const PREFIX = "refs/heads/";
/** https://docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/configuring-pull-request-merges/managing-a-merge-queue */
const QUEUE_BRANCH = /^gh-readonly-queue\/(.+)\/pr-([1-9]\d{0,9})-([0-9a-f]{40})$/;
const PAGES_MAX = 10;
/** Commits of one group that are read: far more than a queue merges at once. */
const RANGE_PAGES_MAX = 30;

const gitRef = z.object({ ref: z.string(), object: z.object({ sha: z.string() }) });
const comparison = z.object({
  total_commits: z.number(),
  behind_by: z.number(),
  commits: z.array(shapes.commitSummary),
});

export function mergeGroupReads(connection: Connection, installationId: number, ref: RepositoryRef): MergeGroupReads {
  const scope = { repositoryIds: [ref.id] };
  const names = { owner: ref.owner, repo: ref.name };
  return {
    /** https://docs.github.com/rest/git/refs#list-matching-references */
    async queueBranches() {
      const route = "GET /repos/{owner}/{repo}/git/matching-refs/{ref}";
      const parameters = { ...names, ref: "heads/gh-readonly-queue/" };
      const { items, complete } = await connection.list(installationId, scope, route, parameters, PAGES_MAX);
      if (!complete) throw new GitHubError("unavailable", 200, "more than 1,000 branches of merge queues");
      return take(z.array(gitRef), items).flatMap(({ ref: name, object }) => queueBranch(name, object.sha));
    },
    /** https://docs.github.com/rest/commits/commits#compare-two-commits */
    async range(base, head) {
      const commits: CommitSummary[] = [];
      for (let page = 1; ; page++) {
        const { data } = await connection.call(installationId, scope, "GET /repos/{owner}/{repo}/compare/{basehead}", {
          ...names,
          basehead: `${base}...${head}`,
          per_page: 100,
          page,
        });
        const answer = take(comparison, data);
        commits.push(...answer.commits);
        const all = commits.length >= answer.total_commits;
        if (all || answer.commits.length === 0 || page >= RANGE_PAGES_MAX)
          return { commits, behind: answer.behind_by, complete: commits.length === answer.total_commits };
      }
    },
    /** https://docs.github.com/rest/commits/commits#list-pull-requests-associated-with-a-commit */
    async pullsWith(sha) {
      const route = "GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls";
      const parameters = { ...names, commit_sha: sha };
      const { items } = await connection.list(installationId, scope, route, parameters, PAGES_MAX);
      return take(z.array(shapes.pullRequest), items);
    },
  };
}

function queueBranch(ref: string, sha: string): QueueBranch[] {
  const name = ref.slice(PREFIX.length);
  const [, base, number, onSha] = QUEUE_BRANCH.exec(ref.startsWith(PREFIX) ? name : "") ?? [];
  return base && number && onSha ? [{ name, base, number: Number(number), onSha, sha }] : [];
}
