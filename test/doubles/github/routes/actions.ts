import { dispatch } from "../actions/dispatch.ts";
import { cancelRun, rerun } from "../actions/runs.ts";
import type { Workflow, WorkflowRun } from "../actions/state.ts";
import { workflowNamed, workflowsOf, workflowTitle } from "../actions/workflows.ts";
import { accountOf } from "../auth.ts";
import { invalidRequest, notFound } from "../http/errors.ts";
import { paginated } from "../http/pagination.ts";
import { created, noContent, ok, type RepositoryCall, type Router } from "../http/router.ts";
import { jobShape, workflowRunShape, workflowShape } from "../shapes/workflow.ts";

const STATUSES = ["queued", "in_progress", "completed", "waiting", "requested", "pending"];
const CONCLUSIONS = ["success", "failure", "neutral", "cancelled", "skipped", "timed_out", "action_required", "stale"];

/** https://docs.github.com/rest/actions/workflows, …/workflow-runs, …/workflow-jobs */
export function actionsRoutes(router: Router): void {
  const read = { needs: ["actions:read" as const] };
  const write = { needs: ["actions:write" as const] };

  router.repo("GET /actions/workflows", read, async (call) =>
    paginated(call, await workflowsOf(call.site, call.repository), shapeOf(call), (workflows, total_count) => ({
      total_count,
      workflows,
    })),
  );
  router.repo("GET /actions/workflows/{workflow_id}", read, async (call) =>
    ok(await shapeOf(call)(await workflowIn(call))),
  );
  router.repo("POST /actions/workflows/{workflow_id}/dispatches", write, async (call) => {
    const workflow = await workflowIn(call);
    const run = await dispatch(call.site, call.repository, workflow, {
      ref: call.body.string("ref"),
      inputs: call.body.object("inputs")?.json ?? {},
      actor: accountOf(call.actor),
    });
    if (!call.body.boolean("return_run_details", false)) return noContent();
    const { url, html_url } = workflowRunShape(call.site, run);
    return ok({ workflow_run_id: run.id, run_url: url, html_url });
  });
  router.repo("GET /actions/workflows/{workflow_id}/runs", read, async (call) => {
    const workflow = await workflowIn(call);
    return listed(
      call,
      runsOf(call).filter((run) => run.workflow === workflow),
    );
  });
  router.repo("GET /actions/runs", read, (call) => listed(call, runsOf(call)));
  router.repo("GET /actions/runs/{run_id}", read, (call) => ok(workflowRunShape(call.site, runIn(call))));
  router.repo("GET /actions/runs/{run_id}/jobs", read, (call) => {
    const run = runIn(call);
    const jobs = call.query.get("filter") === "all" ? [...run.earlierJobs, ...run.jobs] : run.jobs;
    return paginated(
      call,
      jobs,
      (job) => jobShape(call.site, job),
      (shaped, total_count) => ({ total_count, jobs: shaped }),
    );
  });
  router.repo("POST /actions/runs/{run_id}/cancel", write, (call) => {
    cancelRun(call.site, runIn(call));
    return { status: 202, body: {} };
  });
  router.repo("POST /actions/runs/{run_id}/rerun", write, (call) => {
    rerun(call.site, runIn(call), accountOf(call.actor));
    return created({});
  });
}

function shapeOf({ site, repository }: RepositoryCall) {
  return async (workflow: Workflow) =>
    workflowShape(site, repository, workflow, await workflowTitle(repository, workflow));
}

async function workflowIn(call: RepositoryCall): Promise<Workflow> {
  const found = await workflowNamed(call.site, call.repository, call.params.workflow_id ?? "");
  if (!found) throw notFound();
  return found;
}

function runIn(call: RepositoryCall): WorkflowRun {
  const found = call.site.state.actions.runs.get(Number(call.params.run_id));
  if (found?.repository !== call.repository) throw notFound();
  return found;
}

function runsOf(call: RepositoryCall): WorkflowRun[] {
  return [...call.site.state.actions.of(call.repository).runs].reverse();
}

function listed(call: RepositoryCall, runs: WorkflowRun[]) {
  const { query } = call;
  const wanted = (name: string) => query.get(name) ?? undefined;
  const [actor, branch, event, status, sha] = ["actor", "branch", "event", "status", "head_sha"].map(wanted);
  if (status !== undefined && ![...STATUSES, ...CONCLUSIONS].includes(status))
    throw invalidRequest(`${status} is not a valid status.`);
  const within = createdWithin(wanted("created"));
  const found = runs.filter(
    (run) =>
      (actor === undefined || run.actor.login.toLowerCase() === actor.toLowerCase()) &&
      (branch === undefined || run.headBranch === branch) &&
      (event === undefined || run.event === event) &&
      (status === undefined || run.status === status || run.conclusion === status) &&
      (sha === undefined || run.headSha === sha) &&
      within(run.createdAt),
  );
  return paginated(
    call,
    found,
    (run) => workflowRunShape(call.site, run),
    (workflow_runs, total_count) => ({ total_count, workflow_runs }),
  );
}

/** Of GitHub's search syntax for dates what compares with one moment: `>=2026-01-01T00:00:00Z`. */
function createdWithin(text: string | undefined): (at: Date) => boolean {
  if (text === undefined) return () => true;
  const [, sign = "", moment = ""] = /^(>=|<=|>|<)?(.+)$/.exec(text) ?? [];
  const limit = Date.parse(moment);
  if (Number.isNaN(limit)) throw invalidRequest(`${text} is not a valid date.`);
  return (at) => {
    // GitHub keeps whole seconds.
    const ms = Math.floor(at.getTime() / 1000) * 1000;
    if (sign === ">=") return ms >= limit;
    if (sign === "<=") return ms <= limit;
    if (sign === ">") return ms > limit;
    return sign === "<" ? ms < limit : ms === limit;
  };
}
