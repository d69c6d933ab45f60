import { z } from "zod";
import type { RepositoryRef } from "../../model/pull-request.ts";
import { GitHubError } from "../../ports/github.ts";
import type { Dispatched, WorkflowRun, Workflows } from "../../ports/workflows.ts";
import type { Connection } from "./connection.ts";
import { take } from "./shapes.ts";

/** GitHub's clock and ours need not agree on when a run was made. */
const CLOCKS_DIFFER_MS = 120_000;
const WORKFLOWS = "/repos/{owner}/{repo}/actions/workflows/{workflow_id}";
const RUN = "/repos/{owner}/{repo}/actions/runs/{run_id}";

const workflowRun = z
  .object({
    id: z.int().positive(),
    run_attempt: z.int().positive().default(1),
    html_url: z.string(),
    display_title: z.string().default(""),
    head_sha: z.string(),
    head_branch: z.string().nullish(),
    path: z.string(),
    event: z.string(),
    actor: z.object({ id: z.number() }).nullish(),
    created_at: z.string(),
    status: z.string().nullish(),
    conclusion: z.string().nullish(),
  })
  .transform(
    (run): WorkflowRun => ({
      id: run.id,
      attempt: run.run_attempt,
      url: run.html_url,
      title: run.display_title,
      headSha: run.head_sha,
      headBranch: run.head_branch ?? "",
      // GitHub puts the ref behind it where the file is another repository's or branch's.
      path: run.path.split("@")[0] ?? "",
      event: run.event,
      actorId: run.actor?.id ?? 0,
      createdAtMs: Date.parse(run.created_at) || 0,
      status: statusOf(run.status),
      conclusion: run.conclusion ?? null,
    }),
  );

/** `requested` and `pending` are queued too, only earlier; a word that is new is not taken for an end. */
function statusOf(status: string | null | undefined): WorkflowRun["status"] {
  return status === "in_progress" || status === "completed" || status === "waiting" ? status : "queued";
}

const environment = z.object({ deployment_branch_policy: z.object({ protected_branches: z.boolean() }).nullish() });
const branchPolicies = z.object({ branch_policies: z.array(z.object({ name: z.string() })) });
const dispatched = z.object({ workflow_run_id: z.int().positive(), html_url: z.string() });

/** For what is only told, and decides nothing: that it is missing and that we may not see it look the same. */
async function unlessMissing(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof GitHubError && error.fault === "not-found" && !error.about) return undefined;
    throw error;
  }
}

/** Finds out whom our dispatches are made by, once for all repositories. */
export function botOf(connection: Connection): (installationId: number, repositoryId: number) => Promise<Bot> {
  let known: Bot | undefined;
  return async (installationId, repositoryId) => {
    if (known) return known;
    const { slug } = take(z.object({ slug: z.string() }), await connection.asApp("GET /app"));
    const login = `${slug}[bot]`;
    const scope = { repositoryIds: [repositoryId] };
    const { data } = await connection.call(installationId, scope, "GET /users/{username}", { username: login });
    const bot = take(z.object({ id: z.int().positive(), type: z.literal("Bot") }), data);
    known = { id: bot.id, login };
    return known;
  };
}

interface Bot {
  id: number;
  login: string;
}

/** https://docs.github.com/en/rest/actions/workflows and …/workflow-runs, https://docs.github.com/en/rest/code-scanning/code-scanning */
export function workflows(
  connection: Connection,
  installationId: number,
  ref: RepositoryRef,
  findBot: ReturnType<typeof botOf>,
): Workflows {
  const scope = { repositoryIds: [ref.id] };
  const bot = (): Promise<Bot> => findBot(installationId, ref.id);
  const call = async (route: string, parameters: Record<string, unknown>): Promise<unknown> =>
    (await connection.call(installationId, scope, route, { owner: ref.owner, repo: ref.name, ...parameters })).data;

  const run = async (id: number): Promise<WorkflowRun | undefined> => {
    try {
      return take(workflowRun, await call(`GET ${RUN}`, { run_id: id }));
    } catch (error) {
      if (!(error instanceof GitHubError) || error.fault !== "not-found") throw error;
      // Whoever may list the repository's runs may see them all: then it is not there. Else this rejects.
      await call("GET /repos/{owner}/{repo}/actions/runs", { per_page: 1 });
      return undefined;
    }
  };

  return {
    run,
    async dispatch(file, branch, inputs): Promise<Dispatched> {
      try {
        const answer = await call(`POST ${WORKFLOWS}/dispatches`, {
          workflow_id: file,
          ref: branch,
          inputs,
          return_run_details: true,
        });
        // An Enterprise Server that does not know `return_run_details` says nothing at all: a run was started, but which?
        const { workflow_run_id: runId, html_url: url } = take(dispatched, answer);
        return { kind: "started", runId, url };
      } catch (error) {
        if (!(error instanceof GitHubError)) throw error;
        if (error.fault === "not-found" && !error.about)
          return { kind: "not-installed", reason: `the default branch has no .github/workflows/${file}` };
        if (error.fault === "refused") return { kind: "refused", reason: error.message };
        if (error.fault === "forbidden" && error.missingPermission)
          return {
            kind: "refused",
            reason: `the App may not start workflows here: the permission ${error.missingPermission} was not accepted`,
          };
        throw error;
      }
    },
    async recent(file, sinceMs) {
      const { id, login } = await bot();
      const since = new Date(sinceMs - CLOCKS_DIFFER_MS).toISOString().replace(/\.\d+Z$/, "Z");
      const found = await call(`GET ${WORKFLOWS}/runs`, {
        workflow_id: file,
        event: "workflow_dispatch",
        actor: login,
        created: `>=${since}`,
        per_page: 100,
      });
      return take(z.object({ workflow_runs: z.array(workflowRun) }), found)
        .workflow_runs.filter(({ actorId, event }) => actorId === id && event === "workflow_dispatch")
        .sort((a, b) => b.id - a.id);
    },
    async cancel(id) {
      try {
        await call(`POST ${RUN}/cancel`, { run_id: id });
      } catch (error) {
        if (error instanceof GitHubError && error.status === 409) return;
        if (error instanceof GitHubError && error.fault === "not-found" && (await run(id)) === undefined) return;
        throw error;
      }
    },
    async installed(file) {
      const found = await unlessMissing(call(`GET ${WORKFLOWS}`, { workflow_id: file }));
      return found === undefined ? undefined : take(z.object({ state: z.string() }), found);
    },
    async environment(name) {
      const route = "GET /repos/{owner}/{repo}/environments/{environment_name}";
      const found = await unlessMissing(call(route, { environment_name: name }));
      if (found === undefined) return undefined;
      const policy = take(environment, found).deployment_branch_policy;
      if (!policy) return { branches: "all" };
      if (policy.protected_branches) return { branches: "protected" };
      const listed = await call(`${route}/deployment-branch-policies`, { environment_name: name, per_page: 100 });
      return { branches: take(branchPolicies, listed).branch_policies.map((one) => one.name) };
    },
    async botId() {
      return (await bot()).id;
    },
    async uploadSarif(sha, fullRef, sarif) {
      try {
        const taken = await call("POST /repos/{owner}/{repo}/code-scanning/sarifs", {
          commit_sha: sha,
          ref: fullRef,
          sarif,
          tool_name: "hms-sys",
        });
        return { kind: "taken", id: take(z.object({ id: z.string() }), taken).id };
      } catch (error) {
        // Also 403 where code scanning is not switched on, and 404 where the repository cannot have it.
        if (error instanceof GitHubError && !error.about && ["refused", "forbidden", "not-found"].includes(error.fault))
          return { kind: "refused", reason: error.message };
        throw error;
      }
    },
  };
}
