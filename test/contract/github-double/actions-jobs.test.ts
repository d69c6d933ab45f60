import { gzipSync } from "node:zlib";
import type { Octokit } from "@octokit/rest";
import { decodeJwt } from "jose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { buildActionsTown, dispatch, FILE, GIVEN } from "./actions-town.ts";
import { refusal, type Town } from "./town.ts";

let town: Town;
let octokit: Octokit;
beforeEach(async () => {
  town = await buildActionsTown();
  octokit = town.octokit;
});
afterEach(() => town.close());

const started = async (): Promise<number> => Number((await dispatch(town, GIVEN)).data.workflow_run_id);

describe("an environment", () => {
  it("does not let in what its branches leave out: the job fails before it starts", async () => {
    const { github, shop, repo } = town;
    github.setEnvironment(shop, "hms", { branches: ["release/*"] });
    const runId = await started();
    github.completeJob(github.readyJobs()[0]?.jobId ?? 0, "skipped");
    expect(github.readyJobs()).toEqual([]);
    expect(github.workflowRun(runId)).toMatchObject({ status: "completed", conclusion: "failure" });
    const { data } = await octokit.repos.getEnvironment({ ...repo, environment_name: "hms" });
    expect(data.deployment_branch_policy).toEqual({ protected_branches: false, custom_branch_policies: true });
    const policies = await octokit.repos.listDeploymentBranchPolicies({ ...repo, environment_name: "hms" });
    expect(policies.data.branch_policies.map(({ name }) => name)).toEqual(["release/*"]);
  });

  it("variables of the repository and of its organisation are read by who may, and given to jobs", async () => {
    const { github, shop, repo, octokitAs, carol } = town;
    github.setVariable("acme", "HMS_URL", "https://hms.acme.dev");
    github.setVariable(shop, "LEVEL", "high");
    const { data } = await octokit.actions.getRepoVariable({ ...repo, name: "LEVEL" });
    expect(data.value).toBe("high");
    expect((await octokit.actions.listRepoOrganizationVariables(repo)).data.total_count).toBe(1);
    expect(await refusal(octokitAs(carol).actions.listRepoVariables(repo))).toMatchObject({ status: 403 });
    await started();
    expect(github.startJob(github.readyJobs()[0]?.jobId ?? 0).vars).toEqual({
      HMS_URL: "https://hms.acme.dev",
      LEVEL: "high",
    });
  });
});

describe("identity tokens", () => {
  const reporting = async () => {
    const { github } = town;
    await started();
    github.completeJob(github.readyJobs()[0]?.jobId ?? 0, "success");
    return github.startJob(github.readyJobs()[0]?.jobId ?? 0);
  };
  const asked = (url: string, token: string) => fetch(url, { headers: { authorization: `Bearer ${token}` } });

  it("are given to jobs with id-token: write, with the claims that GitHub documents, while they run", async () => {
    const { github, app, shop } = town;
    const job = await reporting();
    const { ACTIONS_ID_TOKEN_REQUEST_URL: url = "", ACTIONS_ID_TOKEN_REQUEST_TOKEN: request = "" } = job.env;
    const answer = await asked(`${url}&audience=https://hms.acme.dev`, request);
    const claims = decodeJwt(((await answer.json()) as { value: string }).value);
    const sha = github.refSha(shop, "main");
    const file = `acme/shop/.github/workflows/${FILE}@refs/heads/main`;
    expect(claims).toMatchObject({
      iss: github.oidcIssuer,
      aud: "https://hms.acme.dev",
      sub: "repo:acme/shop:environment:hms",
      repository: "acme/shop",
      repository_id: String(shop.id),
      repository_owner: "acme",
      repository_visibility: "public",
      ref: "refs/heads/main",
      ref_type: "branch",
      sha,
      workflow_sha: sha,
      job_workflow_sha: sha,
      workflow: "hms-scan",
      workflow_ref: file,
      job_workflow_ref: file,
      event_name: "workflow_dispatch",
      run_id: String(job.runId),
      run_attempt: "1",
      run_number: "1",
      actor: app.botLogin,
      environment: "hms",
      runner_environment: "github-hosted",
      head_ref: "",
      base_ref: "",
    });
    expect(claims.enterprise).toBeUndefined();
    expect((await asked(url, "other")).status).toBe(401);
    github.completeJob(job.jobId, "success");
    expect((await asked(url, request)).status).toBe(401);
  });
});

describe("code scanning", () => {
  const sarif = (runs: number, results: number) =>
    gzipSync(
      JSON.stringify({
        version: "2.1.0",
        runs: Array.from({ length: runs }, () => ({ results: Array.from({ length: results }, () => ({})) })),
      }),
    ).toString("base64");
  const upload = (text: string, more: object = {}) =>
    octokit.codeScanning.uploadSarif({
      ...town.repo,
      commit_sha: town.github.refSha(town.shop, "main") ?? "",
      ref: "refs/heads/main",
      sarif: text,
      ...more,
    });

  it("takes SARIF, and says later whether it was within the limits", async () => {
    const state = async (text: string) => {
      const { id = "" } = (await upload(text)).data;
      return (await octokit.codeScanning.getSarif({ ...town.repo, sarif_id: id })).data;
    };
    expect(await state(sarif(1, 6_000))).toMatchObject({ processing_status: "complete" });
    expect(town.github.codeScanningUploads(town.shop)[0]?.results).toBe(5_000);
    expect(await state(sarif(21, 0))).toMatchObject({ processing_status: "failed" });
    expect(await state(sarif(1, 25_001))).toMatchObject({ processing_status: "failed" });
  });

  it("refuses at once what is no SARIF, too large, of no commit, or without the permission", async () => {
    const { github, app, installationId } = town;
    expect(await refusal(upload("bm90aGluZw=="))).toMatchObject({ status: 400 });
    expect(await refusal(upload(Buffer.alloc(10 * 1024 * 1024 + 1).toString("base64")))).toMatchObject({ status: 413 });
    expect(await refusal(upload(sarif(1, 1), { commit_sha: "0".repeat(40) }))).toMatchObject({ status: 404 });
    github.changeApp(app, { permissions: { actions: "write" } });
    github.acceptPermissions(installationId);
    octokit = town.octokitOf(app, installationId);
    expect(await refusal(upload(sarif(1, 1)))).toMatchObject({ status: 403 });
  });
});
