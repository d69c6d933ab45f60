import { giveTokens } from "../actions/job-token.ts";
import { jobClaims } from "../actions/oidc.ts";
import { beginJob, endJob, isReady } from "../actions/runs.ts";
import type { Job, JobConclusion, WorkflowRun } from "../actions/state.ts";
import { accountShape } from "../shapes/account.ts";
import { repositoryShape } from "../shapes/repository.ts";
import type { Site } from "../site.ts";
import { fullName } from "../state.ts";
import { type RepositoryRef, repositoryNamed } from "./lookup.ts";

/** A job whose `needs` are all over and that nobody plays yet. */
export type ReadyJob = {
  repository: string;
  runId: number;
  attempt: number;
  jobId: number;
  /** Its key in the workflow file. */
  key: string;
  name: string;
};

/** What a runner is handed with a job: what GitHub would give, nothing more. */
export type StartedJob = ReadyJob & {
  workflow: { path: string; name: string; text: string };
  /** The job's block of the file. */
  definition: Record<string, unknown>;
  inputs: WorkflowRun["inputs"];
  vars: Record<string, string>;
  needs: Record<string, { result: JobConclusion; outputs: Record<string, string> }>;
  /** `github.token`, which is not in the environment of steps unless they ask for it. */
  token: string;
  permissions: Record<string, string>;
  env: Record<string, string>;
  /** For the file of `GITHUB_EVENT_PATH`. */
  event: Record<string, unknown>;
  cloneUrl: string;
  sha: string;
  /** Fires when somebody cancels the run. */
  cancelled: AbortSignal;
};

/** For runners, which play the jobs; and for those who forge what a job says of itself. */
export function actionsAdministration(site: Site) {
  const { actions } = site.state;
  const jobNumbered = (id: number): Job => {
    const job = actions.jobs.get(id);
    if (!job) throw new Error(`no job ${id}`);
    return job;
  };
  const runNumbered = (id: number): WorkflowRun => {
    const run = actions.runs.get(id);
    if (!run) throw new Error(`no workflow run ${id}`);
    return run;
  };

  return {
    /** Oldest first. */
    readyJobs: (): ReadyJob[] =>
      [...actions.runs.values()].flatMap((run) => run.jobs.filter(isReady).map((job) => readyJob(job))),

    startJob(jobId: number, options: { runnerName?: string; environment?: Job["runnerEnvironment"] } = {}): StartedJob {
      const job = jobNumbered(jobId);
      if (!isReady(job)) throw new Error(`job ${job.key} of run ${job.run.id} is not ready to be played`);
      const { runnerName: name = "GitHub Actions 1", environment = "github-hosted" } = options;
      beginJob(site, job, { name, environment });
      return startedJob(site, job);
    },

    /** `skipped` needs no start. The run ends with its last job. */
    completeJob(
      jobId: number,
      conclusion: JobConclusion,
      options: { outputs?: Record<string, string>; steps?: Job["steps"] } = {},
    ): void {
      const job = jobNumbered(jobId);
      job.outputs = options.outputs ?? {};
      job.steps = options.steps ?? [];
      endJob(site, job, conclusion);
    },

    /** Files that jobs of one run hand on to each other. */
    artifacts: (runId: number) => {
      const { artifacts } = runNumbered(runId);
      return {
        /** Names are taken once for all. */
        put(name: string, files: Record<string, Buffer>): void {
          if (artifacts.has(name)) throw new Error(`an artifact with the name ${name} is there already`);
          artifacts.set(name, files);
        },
        get: (name: string): Record<string, Buffer> | undefined => artifacts.get(name),
        names: (): string[] => [...artifacts.keys()],
      };
    },

    workflowRun(id: number) {
      const { status, conclusion, displayTitle, inputs, attempt, headSha, actor, jobs } = runNumbered(id);
      const told = jobs.map((job) => ({
        id: job.id,
        key: job.key,
        name: job.name,
        status: job.status,
        conclusion: job.conclusion,
      }));
      return { status, conclusion, displayTitle, inputs, attempt, headSha, actor: actor.login, jobs: told };
    },

    /** Ids, oldest first. */
    workflowRuns: (ref: RepositoryRef): number[] => actions.of(repositoryNamed(site, ref)).runs.map(({ id }) => id),

    /** The claims of an honest token of that job. */
    idTokenClaims: (jobId: number, audience?: string) => jobClaims(site, jobNumbered(jobId), audience),

    /** `key`: this issuer's own, another under the same id, or none (`alg: none`). `unset` claims are left out. */
    mintOidcToken({
      claims = {},
      header,
      key,
      unset = [],
    }: {
      claims?: Record<string, unknown>;
      header?: Record<string, unknown>;
      key?: "own" | "foreign" | "none";
      unset?: string[];
    } = {}): string {
      const kept = Object.entries(claims).filter(([name]) => !unset.includes(name));
      return site.oidc.sign(Object.fromEntries(kept), header, key);
    },

    /** From now on the issuer signs with another key, and shows the old ones only with `keepOld`. */
    rotateOidcKey: ({ keepOld = false }: { keepOld?: boolean } = {}): void => site.oidc.rotate(keepOld),
  };
}

function readyJob({ id, key, name, run }: Job): ReadyJob {
  return { repository: fullName(run.repository), runId: run.id, attempt: run.attempt, jobId: id, key, name };
}

function startedJob(site: Site, job: Job): StartedJob {
  const { run } = job;
  const { repository } = run;
  const { token, idTokenRequest } = giveTokens(site, job);
  const variables = [repository.owner.id, repository.id].flatMap((id) => [
    ...site.state.actions.variablesOf(id).values(),
  ]);
  const needs = job.needs.flatMap((key) => {
    const needed = run.jobs.find((other) => other.key === key);
    return needed ? [[key, { result: needed.conclusion ?? "skipped", outputs: needed.outputs }] as const] : [];
  });
  return {
    ...readyJob(job),
    workflow: { path: run.workflow.path, name: run.name, text: run.text },
    definition: job.definition,
    inputs: run.inputs,
    vars: Object.fromEntries(variables.map(({ name, value }) => [name, value])),
    needs: Object.fromEntries(needs),
    token,
    permissions: job.permissions.token,
    env: { ...defaultVariables(site, job), ...identity(site, job, idTokenRequest) },
    event: {
      inputs: run.inputs,
      ref: run.ref,
      workflow: run.workflow.path,
      repository: repositoryShape(site.url, site.state, repository),
      sender: accountShape(site.url, run.actor),
    },
    cloneUrl: `${site.url}/${fullName(repository)}.git`,
    sha: run.headSha,
    cancelled: job.cancel.signal,
  };
}

/** Only for jobs that may ask for a token: https://docs.github.com/actions/reference/security/oidc#methods-for-requesting-the-oidc-token */
function identity(site: Site, { run }: Job, request: string | undefined): Record<string, string> {
  if (request === undefined) return {};
  return {
    ACTIONS_ID_TOKEN_REQUEST_URL: `${site.url}/_services/pipelines/${run.id}/idtoken?api-version=2.0`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: request,
  };
}

/** https://docs.github.com/actions/reference/workflows-and-actions/variables#default-environment-variables */
function defaultVariables(site: Site, { key, run }: Job): Record<string, string> {
  const { repository } = run;
  const name = fullName(repository);
  return {
    CI: "true",
    GITHUB_ACTIONS: "true",
    GITHUB_ACTOR: run.actor.login,
    GITHUB_ACTOR_ID: String(run.actor.id),
    GITHUB_API_URL: site.url,
    GITHUB_BASE_REF: "",
    GITHUB_EVENT_NAME: run.event,
    GITHUB_GRAPHQL_URL: `${site.url}/graphql`,
    GITHUB_HEAD_REF: "",
    GITHUB_JOB: key,
    GITHUB_REF: run.ref,
    GITHUB_REF_NAME: run.headBranch,
    GITHUB_REF_PROTECTED: String(repository.protections.has(run.headBranch)),
    GITHUB_REF_TYPE: run.ref.startsWith("refs/tags/") ? "tag" : "branch",
    GITHUB_REPOSITORY: name,
    GITHUB_REPOSITORY_ID: String(repository.id),
    GITHUB_REPOSITORY_OWNER: repository.owner.login,
    GITHUB_REPOSITORY_OWNER_ID: String(repository.owner.id),
    GITHUB_RETENTION_DAYS: "90",
    GITHUB_RUN_ATTEMPT: String(run.attempt),
    GITHUB_RUN_ID: String(run.id),
    GITHUB_RUN_NUMBER: String(run.number),
    GITHUB_SERVER_URL: site.url,
    GITHUB_SHA: run.headSha,
    GITHUB_TRIGGERING_ACTOR: run.triggeringActor.login,
    GITHUB_WORKFLOW: run.name,
    GITHUB_WORKFLOW_REF: `${name}/${run.workflow.path}@${run.ref}`,
    GITHUB_WORKFLOW_SHA: run.headSha,
  };
}
