import { z } from "zod";
import type { RepositoryRef } from "../../model/pull-request.ts";
import type { Deployments } from "../../ports/deployments.ts";
import { GitHubError } from "../../ports/github.ts";
import type { Connection } from "./connection.ts";
import { shapes, take } from "./shapes.ts";

/** Marks our deployments among those of others to the same environment; GitHub's own word for what a deployment is for. */
const TASK = "hms:preview";
/** https://docs.github.com/en/rest/deployments/statuses#create-a-deployment-status */
const DESCRIPTION_MAX = 140;

const deployment = z.object({
  id: z.number(),
  sha: z.string(),
  task: z.string(),
  performed_via_github_app: z.object({ id: z.number() }).nullish(),
});

/** https://docs.github.com/en/rest/deployments/deployments, …/statuses and https://docs.github.com/en/rest/issues/comments */
export function deployments(
  connection: Connection,
  installationId: number,
  ref: RepositoryRef,
  appId: number,
): Deployments {
  const scope = { repositoryIds: [ref.id] };
  const call = async (route: string, parameters: Record<string, unknown>): Promise<unknown> =>
    (await connection.call(installationId, scope, route, { owner: ref.owner, repo: ref.name, ...parameters })).data;
  return {
    async own(environment) {
      const found = await call("GET /repos/{owner}/{repo}/deployments", { environment, task: TASK, per_page: 100 });
      return take(z.array(deployment), found)
        .filter((one) => one.task === TASK && one.performed_via_github_app?.id === appId)
        .map(({ id, sha }) => ({ id, sha }))
        .sort((a, b) => b.id - a.id);
    },
    async create({ sha, environment, description }) {
      const made = await call("POST /repos/{owner}/{repo}/deployments", {
        ref: sha,
        environment,
        task: TASK,
        payload: { by: "hms-sys" },
        description: short(description),
        transient_environment: true,
        production_environment: false,
        auto_merge: false,
        required_contexts: [],
      });
      return { id: take(z.object({ id: z.number() }), made).id };
    },
    async addStatus(id, { state, description, environmentUrl, logUrl }) {
      await call("POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses", {
        deployment_id: id,
        state,
        description: short(description),
        ...(environmentUrl === undefined ? {} : { environment_url: environmentUrl }),
        ...(logUrl === undefined ? {} : { log_url: logUrl }),
        auto_inactive: false,
      });
    },
    async updateComment(id, body) {
      const route = "/repos/{owner}/{repo}/issues/comments/{comment_id}";
      try {
        const comment = take(shapes.comment, await call(`GET ${route}`, { comment_id: id }));
        // Whoever may write may edit everybody's comments, the App too: it touches its own only.
        if (comment.performed_via_github_app?.id !== appId) return false;
        await call(`PATCH ${route}`, { comment_id: id, body });
        return true;
      } catch (error) {
        if (error instanceof GitHubError && (error.fault === "not-found" || error.status === 410)) return false;
        throw error;
      }
    },
  };
}

/** Without control characters, cut between characters. */
function short(text: string): string {
  const line = text.replace(/\p{C}+/gu, " ").trim();
  return line.length <= DESCRIPTION_MAX
    ? line
    : `${line
        .slice(0, DESCRIPTION_MAX - 1)
        .toWellFormed()
        .replace("\ufffd", "")}…`;
}
