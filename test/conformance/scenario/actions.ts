import { gzipSync } from "node:zlib";
import type { World } from "./world.ts";

const FILE = "scan.yml";
const TEXT = `name: Scan
run-name: Scan \${{ inputs.kind }}
on: { workflow_dispatch: { inputs: { kind: { required: true } } } }
permissions: {}
jobs:
  scan: { runs-on: ubuntu-latest, permissions: { contents: read }, steps: [] }
  report: { needs: scan, runs-on: ubuntu-latest, environment: reports, permissions: { id-token: write }, steps: [] }
`;

/** Workflows that are dispatched, run, cancelled and run again, what they are set up with, and code scanning. */
export async function actionsScenario({ github, recorder, token, bob, repo }: World): Promise<void> {
  const files = { [`.github/workflows/${FILE}`]: TEXT };
  const sha = await github.commit("acme/shop", "main", { files, author: "alice", message: "Scan" });
  const params = { ...repo, workflow_id: FILE };
  const call = (route: string, more: Parameters<typeof recorder.call>[1] = {}) => {
    const [method, below] = route.split(" ");
    return recorder.call(`${method} /repos/{owner}/{repo}${below}`, { params, token, ...more });
  };
  const dispatch = (more: object, expect: number, inputs: object = { kind: "sast" }) =>
    call("POST /actions/workflows/{workflow_id}/dispatches", {
      body: { ref: "main", inputs, return_run_details: true, ...more },
      expect,
    });
  await call("GET /actions/workflows");
  await call("GET /actions/workflows/{workflow_id}");
  await call("GET /actions/workflows/{workflow_id}", { params: { ...repo, workflow_id: "none.yml" }, expect: 404 });
  const run = (await dispatch({}, 200)).body as { workflow_run_id: number };
  await dispatch({ return_run_details: false }, 204);
  await dispatch({}, 422, {});
  await dispatch({ ref: "nowhere" }, 422);

  const [scan] = github.readyJobs();
  github.startJob(scan?.jobId ?? 0);
  github.completeJob(scan?.jobId ?? 0, "success", { steps: [{ name: "Set up job", conclusion: "success" }] });
  const own = { ...params, run_id: run.workflow_run_id };
  await call("GET /actions/runs/{run_id}/jobs", { params: own });
  const report = github.readyJobs().find(({ key }) => key === "report");
  github.startJob(report?.jobId ?? 0);
  await call("GET /actions/runs/{run_id}", { params: own });
  github.completeJob(report?.jobId ?? 0, "failure");
  await call("GET /actions/runs", { query: { event: "workflow_dispatch", status: "queued", head_sha: sha } });
  await call("GET /actions/workflows/{workflow_id}/runs", { query: { actor: "hms[bot]", created: ">=2020-01-01" } });
  await call("POST /actions/runs/{run_id}/cancel", { params: own, expect: 409 });
  await call("POST /actions/runs/{run_id}/rerun", { params: own, token: bob, expect: 201 });
  await call("GET /actions/runs/{run_id}", { params: own });
  await call("POST /actions/runs/{run_id}/cancel", { params: own, expect: 202 });
  await call("GET /actions/runs/{run_id}", { params: { ...repo, run_id: 1 }, expect: 404 });

  github.setVariable("acme", "HMS_URL", "https://hms.acme.dev");
  github.setVariable("acme/shop", "LEVEL", "high");
  await call("GET /actions/variables", { token: bob });
  await call("GET /actions/variables/{name}", { token: bob, params: { ...repo, name: "LEVEL" } });
  await call("GET /actions/organization-variables", { token: bob });
  await call("GET /actions/variables", { expect: 403 });
  const environment = { ...repo, environment_name: "reports" };
  await call("GET /environments");
  await call("GET /environments/{environment_name}", { params: environment });
  github.setEnvironment("acme/shop", "reports", { branches: ["main"] });
  await call("GET /environments/{environment_name}", { params: environment });
  await call("GET /environments/{environment_name}/deployment-branch-policies", { params: environment });
  await call("GET /environments/{environment_name}", { params: { ...repo, environment_name: "none" }, expect: 404 });

  const sarif = gzipSync('{"version":"2.1.0","runs":[]}').toString("base64");
  const upload = (body: object, expect: number) =>
    call("POST /code-scanning/sarifs", { body: { commit_sha: sha, ref: "refs/heads/main", sarif, ...body }, expect });
  const { id } = (await upload({}, 202)).body as { id: string };
  await call("GET /code-scanning/sarifs/{sarif_id}", { params: { ...repo, sarif_id: id } });
  await call("GET /code-scanning/sarifs/{sarif_id}", { params: { ...repo, sarif_id: "none" }, expect: 404 });
  const large = gzipSync(JSON.stringify({ version: "2.1.0", runs: Array(21).fill({ results: [] }) })).toString(
    "base64",
  );
  const failed = (await upload({ sarif: large }, 202)).body as { id: string };
  await call("GET /code-scanning/sarifs/{sarif_id}", { params: { ...repo, sarif_id: failed.id } });
  await upload({ sarif: "bm90aGluZw==" }, 400);
  await upload({ commit_sha: "0".repeat(40) }, 404);
}
