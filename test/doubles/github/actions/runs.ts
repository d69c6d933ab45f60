import { newSuite } from "../check-suites.ts";
import type { Commit } from "../git/objects.ts";
import { ApiError } from "../http/errors.ts";
import { emitRunEvent } from "../shapes/workflow.ts";
import type { Site } from "../site.ts";
import type { Account, Repository } from "../state.ts";
import { admits } from "./environments.ts";
import { addJobCheck, followJob } from "./job-check.ts";
import { actionsApp, voidTokens } from "./job-token.ts";
import type { Job, JobConclusion, Workflow, WorkflowRun } from "./state.ts";
import { jobPermissions, readWorkflowFile, type WorkflowFile } from "./workflow-file.ts";

type Start = {
  file: WorkflowFile;
  text: string;
  event: string;
  ref: string;
  commit: Commit;
  inputs: WorkflowRun["inputs"];
  actor: Account;
};

/** A new run, queued, with all its jobs. */
export function startRun(site: Site, repository: Repository, workflow: Workflow, start: Start): WorkflowRun {
  const now = site.now();
  const { file, actor } = start;
  const headBranch = start.ref.replace(/^refs\/(heads|tags)\//, "");
  workflow.runs += 1;
  const suite = newSuite(site, repository, actionsApp(site), {
    sha: start.commit.sha,
    branch: headBranch,
    before: null,
  });
  const run: WorkflowRun = {
    id: site.state.nextId(),
    repository,
    workflow,
    name: file.name,
    displayTitle: "",
    text: start.text,
    number: workflow.runs,
    attempt: 1,
    event: start.event,
    ref: start.ref,
    headBranch,
    headSha: start.commit.sha,
    headCommit: start.commit,
    inputs: start.inputs,
    actor,
    triggeringActor: actor,
    suite,
    status: "queued",
    conclusion: null,
    cancelRequested: false,
    createdAt: now,
    startedAt: now,
    updatedAt: now,
    jobs: [],
    earlierJobs: [],
    artifacts: new Map(),
  };
  run.displayTitle = file.runName === undefined ? file.name : evaluated(file.runName, run);
  run.jobs = jobsOf(site, run, file);
  site.state.actions.of(repository).runs.push(run);
  site.state.actions.runs.set(run.id, run);
  emitRunEvent(site, run, "requested");
  settle(site, run);
  return run;
}

function jobsOf(site: Site, run: WorkflowRun, file: WorkflowFile): Job[] {
  const { defaultPermissions } = site.state.actions.of(run.repository);
  return file.jobs.map(({ key, name, needs, environment, permissions, definition }) => {
    const job: Job = {
      id: site.state.nextId(),
      run,
      attempt: run.attempt,
      key,
      name: evaluated(name, run),
      needs,
      permissions: jobPermissions(file.permissions, permissions, defaultPermissions),
      environment: environment === undefined ? undefined : evaluated(environment, run),
      definition,
      status: "queued",
      conclusion: null,
      createdAt: site.now(),
      startedAt: undefined,
      completedAt: undefined,
      runnerName: undefined,
      runnerEnvironment: "github-hosted",
      outputs: {},
      steps: [],
      cancel: new AbortController(),
      token: undefined,
      idTokenRequest: undefined,
    };
    site.state.actions.jobs.set(job.id, job);
    addJobCheck(site, job);
    return job;
  });
}

/** The few expressions that titles and names are made of. */
function evaluated(text: string, run: WorkflowRun): string {
  const known: Record<string, string> = {
    "github.ref": run.ref,
    "github.ref_name": run.headBranch,
    "github.sha": run.headSha,
    "github.actor": run.actor.login,
    "github.run_id": String(run.id),
    "github.run_number": String(run.number),
    "github.event_name": run.event,
    "github.workflow": run.name,
  };
  return text.replace(/\$\{\{\s*([\w.-]+)\s*\}\}/g, (_, name: string) => {
    const input = /^(?:github\.event\.)?inputs\.([\w-]+)$/.exec(name)?.[1];
    return input === undefined ? (known[name] ?? "") : String(run.inputs[input] ?? "");
  });
}

/** Whether everything that the job waits for is over. */
export function isReady(job: Job): boolean {
  if (job.status !== "queued" || job.run.cancelRequested) return false;
  return job.needs.every((need) => job.run.jobs.find(({ key }) => key === need)?.status === "completed");
}

export function beginJob(site: Site, job: Job, runner: { name: string; environment: Job["runnerEnvironment"] }): void {
  const { run } = job;
  job.status = "in_progress";
  job.startedAt = site.now();
  job.runnerName = runner.name;
  job.runnerEnvironment = runner.environment;
  run.updatedAt = site.now();
  followJob(site, job);
  if (run.status === "in_progress") return;
  run.status = "in_progress";
  emitRunEvent(site, run, "in_progress");
}

/** Ends a job, and the run with its last one. */
export function endJob(site: Site, job: Job, conclusion: JobConclusion): void {
  const { run } = job;
  if (job.status === "completed") throw new Error(`job ${job.key} of run ${run.id} is over already`);
  complete(site, job, run.cancelRequested && conclusion !== "skipped" ? "cancelled" : conclusion);
  settle(site, run);
}

function complete(site: Site, job: Job, conclusion: JobConclusion): void {
  job.status = "completed";
  job.conclusion = conclusion;
  job.completedAt = site.now();
  job.startedAt ??= job.completedAt;
  job.run.updatedAt = site.now();
  voidTokens(site, job);
  followJob(site, job);
}

/** What follows of itself: jobs that an environment does not let in fail, and a run whose jobs are over is over. */
function settle(site: Site, run: WorkflowRun): void {
  const refused = (job: Job): boolean =>
    isReady(job) && job.environment !== undefined && !admits(site, run.repository, job.environment, run);
  for (let job = run.jobs.find(refused); job; job = run.jobs.find(refused)) complete(site, job, "failure");
  if (run.status === "completed" || run.jobs.some(({ status }) => status !== "completed")) return;
  const all = new Set(run.jobs.map(({ conclusion }) => conclusion));
  run.status = "completed";
  run.updatedAt = site.now();
  run.conclusion = run.cancelRequested
    ? "cancelled"
    : all.has("failure") || all.has("timed_out")
      ? "failure"
      : all.has("cancelled")
        ? "cancelled"
        : all.has("success")
          ? "success"
          : "skipped";
  emitRunEvent(site, run, "completed");
}

/** https://docs.github.com/rest/actions/workflow-runs#cancel-a-workflow-run: jobs under way are told; what waits ends at once. */
export function cancelRun(site: Site, run: WorkflowRun): void {
  if (run.status === "completed") throw new ApiError(409, "Cannot cancel a workflow run that is completed.");
  run.cancelRequested = true;
  for (const job of run.jobs) {
    if (job.status === "queued") complete(site, job, "cancelled");
    else if (job.status === "in_progress") job.cancel.abort();
  }
  settle(site, run);
}

/** https://docs.github.com/rest/actions/workflow-runs#re-run-a-workflow: the same commit and inputs, as another attempt. */
export function rerun(site: Site, run: WorkflowRun, by: Account): void {
  if (run.status !== "completed") throw new ApiError(403, "This workflow is already running");
  run.attempt += 1;
  run.triggeringActor = by;
  run.status = "queued";
  run.conclusion = null;
  run.cancelRequested = false;
  run.startedAt = site.now();
  run.updatedAt = site.now();
  run.earlierJobs.push(...run.jobs);
  run.jobs = jobsOf(site, run, readWorkflowFile(run.workflow.path, run.text));
  emitRunEvent(site, run, "requested");
  settle(site, run);
}
