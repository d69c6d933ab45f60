import type { Octokit } from "@octokit/rest";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { buildActionsTown, dispatch as dispatchIn, FILE, GIVEN, PERMISSIONS, WORKFLOW } from "./actions-town.ts";
import { refusal, type Town } from "./town.ts";

let town: Town;
let octokit: Octokit;
beforeEach(async () => {
  town = await buildActionsTown();
  octokit = town.octokit;
});
afterEach(() => town.close());

const dispatch = (inputs: Record<string, unknown>, more: Parameters<typeof dispatchIn>[2] = {}) =>
  dispatchIn(town, inputs, more);
const started = async (): Promise<number> => Number((await dispatch(GIVEN)).data.workflow_run_id);

describe("a dispatch", () => {
  it("gives the run's id and addresses only where they were asked for", async () => {
    const { data, status } = await dispatch(GIVEN);
    expect(status).toBe(200);
    const runId = Number(data.workflow_run_id);
    const { data: run } = await octokit.actions.getWorkflowRun({ ...town.repo, run_id: runId });
    expect(data).toMatchObject({ run_url: run.url, html_url: run.html_url });
    expect(run).toMatchObject({
      event: "workflow_dispatch",
      head_branch: "main",
      head_sha: town.github.refSha(town.shop, "main"),
      path: `.github/workflows/${FILE}`,
      run_attempt: 1,
      display_title: "hms-scan sast abc",
      status: "queued",
      conclusion: null,
      actor: { login: "hms[bot]", type: "Bot" },
    });
    const silently = octokit.actions.createWorkflowDispatch({
      ...town.repo,
      workflow_id: FILE,
      ref: "main",
      inputs: GIVEN,
    });
    expect((await silently).status).toBe(204);
    expect(town.github.workflowRun(runId).inputs).toEqual({ ...GIVEN, deep: true, note: "nothing" });
  });

  it("is of a workflow of the default branch, as its file stands at the ref", async () => {
    const { github, shop } = town;
    const files = {
      ".github/workflows/new.yml": WORKFLOW,
      [`.github/workflows/${FILE}`]: WORKFLOW.replace("note:", "more:"),
    };
    await github.commit(shop, "feature", { files, author: "bob", message: "Mine" });
    expect(await refusal(dispatch(GIVEN, { file: "new.yml", ref: "feature" }))).toMatchObject({ status: 404 });
    expect((await dispatch({ ...GIVEN, more: "x" }, { ref: "feature" })).status).toBe(200);
    expect(await refusal(dispatch({ ...GIVEN, more: "x" }))).toEqual({
      status: 422,
      message: 'Unexpected inputs provided: ["more"]',
    });
  });

  it.each([
    ["a required input that is missing", { kind: "sast" }, "Required input 'scan' not provided"],
    [
      "a choice that there is not",
      { ...GIVEN, kind: "dast" },
      "Provided value 'dast' for input 'kind' not in the list of allowed values",
    ],
    ["no boolean", { ...GIVEN, deep: "perhaps" }, "Provided value 'perhaps' for input 'deep' is not a valid boolean"],
  ])("refuses %s", async (_name, inputs, message) => {
    expect(await refusal(dispatch(inputs))).toEqual({ status: 422, message });
  });

  it("refuses a ref that there is not, a file without the trigger, a disabled workflow", async () => {
    const { github, shop } = town;
    expect(await refusal(dispatch(GIVEN, { ref: "nowhere" }))).toEqual({
      status: 422,
      message: "No ref found for: nowhere",
    });
    const text = WORKFLOW.replace(/on:[\s\S]*?permissions: \{\}/, "on: push\npermissions: {}");
    await github.commit(shop, "main", { files: { ".github/workflows/ci.yml": text }, author: "alice", message: "CI" });
    expect(await refusal(dispatch({}, { file: "ci.yml" }))).toEqual({
      status: 422,
      message: "Workflow does not have 'workflow_dispatch' trigger",
    });
    github.setWorkflowState(shop, FILE, "disabled_manually");
    expect(await refusal(dispatch(GIVEN))).toEqual({
      status: 422,
      message: "Cannot trigger a 'workflow_dispatch' on a disabled workflow",
    });
  });

  it("needs actions: write of an App, and the right to write of a person", async () => {
    const { github, app, installationId, octokitAs, octokitOf, bob, carol } = town;
    expect((await dispatch(GIVEN, { as: octokitAs(bob) })).status).toBe(200);
    expect(await refusal(dispatch(GIVEN, { as: octokitAs(carol) }))).toMatchObject({ status: 403 });
    github.changeApp(app, { permissions: { ...PERMISSIONS, actions: "read" } });
    github.acceptPermissions(installationId);
    const weaker = octokitOf(app, installationId);
    expect(await refusal(dispatch(GIVEN, { as: weaker }))).toMatchObject({ status: 403 });
    expect((await weaker.actions.listWorkflowRunsForRepo(town.repo)).data.total_count).toBe(1);
  });
});

describe("a run", () => {
  it("is played job by job, and told at its start, its first job and its end", async () => {
    const { github } = town;
    const runId = await started();
    const [scan, ...none] = github.readyJobs();
    expect(none).toEqual([]);
    const job = github.startJob(scan?.jobId ?? 0);
    expect(job).toMatchObject({ key: "scan", permissions: { contents: "read" }, inputs: GIVEN });
    expect(job.env).toMatchObject({ GITHUB_RUN_ID: String(runId), GITHUB_JOB: "scan", GITHUB_REF: "refs/heads/main" });
    expect(job.env.ACTIONS_ID_TOKEN_REQUEST_URL).toBeUndefined();
    github.artifacts(runId).put("sarif", { "a.sarif": Buffer.from("{}") });
    github.completeJob(job.jobId, "success", { outputs: { found: "1" } });
    const report = github.startJob(github.readyJobs()[0]?.jobId ?? 0);
    expect(report.needs).toEqual({ scan: { result: "success", outputs: { found: "1" } } });
    expect(github.artifacts(runId).get("sarif")?.["a.sarif"]?.toString()).toBe("{}");
    github.completeJob(report.jobId, "failure");
    const { data } = await octokit.actions.listJobsForWorkflowRun({ ...town.repo, run_id: runId });
    expect(data.jobs.map(({ name, conclusion }) => [name, conclusion])).toEqual([
      ["scan", "success"],
      ["report", "failure"],
    ]);
    const hooks = (await town.hooksSettled()).filter(({ event }) => event === "workflow_run");
    expect(
      hooks.map(({ action, body }) => [action, (body.workflow_run as unknown as { conclusion: unknown }).conclusion]),
    ).toEqual([
      ["requested", null],
      ["in_progress", null],
      ["completed", "failure"],
    ]);
  });

  it("shows its jobs as check runs of GitHub Actions at its commit", async () => {
    const { github, repo, shop } = town;
    await started();
    const ref = github.refSha(shop, "main") ?? "";
    github.completeJob(github.readyJobs()[0]?.jobId ?? 0, "success");
    github.completeJob(github.readyJobs()[0]?.jobId ?? 0, "failure");
    const seen = town.octokitAs(town.bob);
    const { data } = await seen.checks.listForRef({ ...repo, ref });
    const { check_runs: runs } = data;
    expect(runs.map(({ name, conclusion, app }) => [name, conclusion, app?.slug]).sort()).toEqual([
      ["report", "failure", "github-actions"],
      ["scan", "success", "github-actions"],
    ]);
    const suites = (await seen.checks.listSuitesForRef({ ...repo, ref })).data.check_suites;
    expect(suites.find(({ app }) => app?.slug === "github-actions")).toMatchObject({ conclusion: "failure" });
  });

  it("gives each job a token for what the file says, as long as the job", async () => {
    const { github, octokitAs, repo } = town;
    await started();
    const job = github.startJob(github.readyJobs()[0]?.jobId ?? 0);
    const inside = octokitAs(job.token);
    expect((await inside.repos.getContent({ ...repo, path: "README.md" })).status).toBe(200);
    expect(await refusal(inside.issues.create({ ...repo, title: "x" }))).toMatchObject({ status: 403 });
    expect(await refusal(dispatch(GIVEN, { as: inside }))).toMatchObject({ status: 403 });
    github.completeJob(job.jobId, "success");
    expect(await refusal(inside.repos.getContent({ ...repo, path: "README.md" }))).toMatchObject({ status: 401 });
  });

  it("can be cancelled while it goes on, and not afterwards", async () => {
    const { github, repo } = town;
    const runId = await started();
    const job = github.startJob(github.readyJobs()[0]?.jobId ?? 0);
    const cancel = () => octokit.actions.cancelWorkflowRun({ ...repo, run_id: runId });
    expect((await cancel()).status).toBe(202);
    expect(job.cancelled.aborted).toBe(true);
    github.completeJob(job.jobId, "success");
    expect(github.workflowRun(runId)).toMatchObject({ status: "completed", conclusion: "cancelled" });
    expect(await refusal(cancel())).toMatchObject({ status: 409 });
    expect(await refusal(octokit.actions.cancelWorkflowRun({ ...repo, run_id: 7 }))).toMatchObject({ status: 404 });
  });

  it("is run again as another attempt of the same commit by whoever may write", async () => {
    const { github, repo, octokitAs, bob } = town;
    const runId = await started();
    await octokit.actions.cancelWorkflowRun({ ...repo, run_id: runId });
    expect((await octokitAs(bob).actions.reRunWorkflow({ ...repo, run_id: runId })).status).toBe(201);
    const { data } = await octokit.actions.getWorkflowRun({ ...repo, run_id: runId });
    expect(data).toMatchObject({
      run_attempt: 2,
      status: "queued",
      actor: { login: "hms[bot]" },
      triggering_actor: { login: "bob" },
    });
    expect(github.readyJobs()).toHaveLength(1);
  });

  it("is found by who made it, where, when, and how it stands", async () => {
    const { repo, octokitAs, bob, github, shop } = town;
    const runId = await started();
    await dispatch(GIVEN, { as: octokitAs(bob) });
    const found = async (filter: object) =>
      (await octokit.actions.listWorkflowRuns({ ...repo, workflow_id: FILE, ...filter })).data.workflow_runs.map(
        ({ id }) => id,
      );
    expect(await found({ actor: "hms[bot]", event: "workflow_dispatch" })).toEqual([runId]);
    expect(await found({})).toHaveLength(2);
    for (const other of [
      { event: "push" },
      { branch: "feature" },
      { status: "completed" },
      { head_sha: "0".repeat(40) },
    ])
      expect(await found(other)).toEqual([]);
    expect(await found({ created: ">=2999-01-01T00:00:00Z" })).toEqual([]);
    expect(
      await found({ head_sha: github.refSha(shop, "main"), status: "queued", created: ">=2000-01-01" }),
    ).toHaveLength(2);
  });
});
