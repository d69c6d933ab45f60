import type { Job, Workflow, WorkflowRun } from "../actions/state.ts";
import type { Site } from "../site.ts";
import { fullName, type Repository } from "../state.ts";
import { accountShape } from "./account.ts";
import { simpleCommitShape } from "./commit.ts";
import { minimalRepositoryShape } from "./repository.ts";
import { nodeId, optionalTimestamp, type Schema, timestamp } from "./schema.ts";

export function workflowShape(
  site: Site,
  repository: Repository,
  workflow: Workflow,
  name: string,
): Schema<"workflow"> {
  const full = fullName(repository);
  const file = workflow.path.split("/").at(-1) ?? "";
  return {
    id: workflow.id,
    node_id: nodeId("Workflow", workflow.id),
    name,
    path: workflow.path,
    state: workflow.state,
    created_at: timestamp(workflow.createdAt),
    updated_at: timestamp(workflow.updatedAt),
    url: `${site.url}/repos/${full}/actions/workflows/${workflow.id}`,
    html_url: `${site.url}/${full}/blob/${repository.defaultBranch}/${workflow.path}`,
    badge_url: `${site.url}/${full}/workflows/${encodeURIComponent(file)}/badge.svg`,
  };
}

export function workflowRunShape(site: Site, run: WorkflowRun): Schema<"workflow-run"> {
  const { repository } = run;
  const api = `${site.url}/repos/${fullName(repository)}`;
  const url = `${api}/actions/runs/${run.id}`;
  const minimal = minimalRepositoryShape(site.url, site.state, repository);
  return {
    id: run.id,
    name: run.name,
    node_id: nodeId("WorkflowRun", run.id),
    check_suite_id: run.suite.id,
    check_suite_node_id: nodeId("CheckSuite", run.suite.id),
    head_branch: run.headBranch,
    head_sha: run.headSha,
    path: run.workflow.path,
    run_number: run.number,
    run_attempt: run.attempt,
    referenced_workflows: [],
    event: run.event,
    status: run.status,
    conclusion: run.conclusion,
    workflow_id: run.workflow.id,
    url,
    html_url: `${site.url}/${fullName(repository)}/actions/runs/${run.id}`,
    pull_requests: [],
    created_at: timestamp(run.createdAt),
    updated_at: timestamp(run.updatedAt),
    actor: accountShape(site.url, run.actor),
    triggering_actor: accountShape(site.url, run.triggeringActor),
    run_started_at: timestamp(run.startedAt),
    jobs_url: `${url}/jobs`,
    logs_url: `${url}/logs`,
    check_suite_url: `${api}/check-suites/${run.suite.id}`,
    artifacts_url: `${url}/artifacts`,
    cancel_url: `${url}/cancel`,
    rerun_url: `${url}/rerun`,
    previous_attempt_url: run.attempt === 1 ? null : `${url}/attempts/${run.attempt - 1}`,
    workflow_url: `${api}/actions/workflows/${run.workflow.id}`,
    head_commit: simpleCommitShape(run.headCommit),
    repository: minimal,
    head_repository: minimal,
    display_title: run.displayTitle,
  };
}

export function jobShape(site: Site, job: Job): Schema<"job"> {
  const { run } = job;
  const api = `${site.url}/repos/${fullName(run.repository)}`;
  const html = `${site.url}/${fullName(run.repository)}`;
  return {
    id: job.id,
    run_id: run.id,
    run_url: `${api}/actions/runs/${run.id}`,
    run_attempt: job.attempt,
    node_id: nodeId("CheckRun", job.id),
    head_sha: run.headSha,
    url: `${api}/actions/jobs/${job.id}`,
    html_url: `${html}/actions/runs/${run.id}/job/${job.id}`,
    status: job.status,
    conclusion: job.conclusion,
    created_at: timestamp(job.createdAt),
    started_at: timestamp(job.startedAt ?? job.createdAt),
    completed_at: optionalTimestamp(job.completedAt),
    name: job.name,
    steps: job.steps.map(({ name, conclusion }, index) => ({
      name,
      status: "completed" as const,
      conclusion,
      number: index + 1,
      started_at: timestamp(job.startedAt ?? job.createdAt),
      completed_at: optionalTimestamp(job.completedAt),
    })),
    check_run_url: `${api}/check-runs/${job.id}`,
    labels: [String(job.definition["runs-on"])],
    runner_id: job.runnerName === undefined ? null : 1,
    runner_name: job.runnerName ?? null,
    runner_group_id: job.runnerName === undefined ? null : 1,
    runner_group_name: job.runnerName === undefined ? null : "GitHub Actions",
    workflow_name: run.name,
    head_branch: run.headBranch,
  };
}

/** https://docs.github.com/webhooks/webhook-events-and-payloads#workflow_run */
export function emitRunEvent(site: Site, run: WorkflowRun, action: "requested" | "in_progress" | "completed"): void {
  site.webhooks.emit(run.repository, "workflow_run", run.actor, {
    action,
    workflow_run: workflowRunShape(site, run),
    workflow: workflowShape(site, run.repository, run.workflow, run.name),
  });
}
