import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { RepositoryHandle } from "../doubles/github/github.ts";
import { type Stage, setStage } from "../stage/stage.ts";
import {
  answered,
  report,
  type StartedScan,
  sarifOf,
  scanned,
  started,
  startedScan,
  toReport,
  WORKFLOW,
} from "./scans-scene.ts";
import { checks, concluded, gauge, metrics, type OpenedPull, openPull, until } from "./scene.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

/**
 * Reports as an attacker sends them: the tokens are genuine, the double's issuer gives them to jobs that really run, and whoever may read the
 * repository knows the scan's id and its nonce from the inputs of its run.
 */

const LEAKS = "hms/scan/leaks";
const OPERATOR = "an-operator-token-of-the-stage-0123456789";
let stage: Stage;
let repository: RepositoryHandle;
let pull: OpenedPull;
let scan: StartedScan;
let silent: OpenedPull;

beforeAll(async () => {
  stage = await setStage({ environment: { HMS_OPERATOR_TOKEN: OPERATOR } });
  const hurried = await scanned(stage, "{ leaks: { tool: sarif, timeout: 1m } }");
  silent = await openPull(stage, hurried);
  repository = await scanned(stage, "{ leaks: { tool: sarif } }", {
    ".github/workflows/ci.yml": WORKFLOW.replace("name: hms-scan", "name: ci"),
  });
  pull = await openPull(stage, repository);
  scan = await started(stage, repository, pull.sha, "leaks");
});
afterAll(() => stage.close());

/** A person starts a workflow with the inputs of HMS-SYS's own run, and its job gets a token. */
async function tokenOfHerRun(where: RepositoryHandle, file: string, ref: string): Promise<string> {
  const path = `/repos/${where.fullName}/actions/workflows/${file}/dispatches`;
  const { body, status } = await stage.as("ada", "POST", path, { ref, inputs: scan.inputs, return_run_details: true });
  expect(status).toBe(200);
  const { workflow_run_id: runId } = body as { workflow_run_id: number };
  return (await toReport(stage, { ...startedScan(stage, where, runId), runId })).token;
}

const clean = { sarif: sarifOf([]) };

test.each<[string, () => Promise<string>]>([
  ["that a person started on the default branch", () => tokenOfHerRun(repository, "hms-scan.yml", "main")],
  ["of the workflow as a branch has it", () => tokenOfHerRun(repository, "hms-scan.yml", pull.branch)],
  ["of another workflow of the default branch", () => tokenOfHerRun(repository, "ci.yml", "main")],
  ["of another repository", async () => tokenOfHerRun(await scanned(stage, "{}"), "hms-scan.yml", "main")],
  [
    "that HMS-SYS started for another commit",
    async () => {
      const other = await openPull(stage, repository);
      return (await toReport(stage, await started(stage, repository, other.sha, "leaks"))).token;
    },
  ],
])("a run %s reports for this scan: 403", async (_, token) => {
  expect(await answered(stage, scan, await token(), clean)).toMatchObject({ status: 403, code: "scan-claims" });
});

test("HMS-SYS's own run, run again by a person: another attempt is another run", async () => {
  const other = await openPull(stage, repository);
  const own = await started(stage, repository, other.sha, "leaks");
  const runs = `/repos/${repository.fullName}/actions/runs/${own.runId}`;
  expect((await stage.as("ada", "POST", `${runs}/cancel`)).status).toBe(202);
  await until(stage, "it is cancelled", () => stage.github.workflowRun(own.runId).status === "completed");
  expect((await stage.as("ada", "POST", `${runs}/rerun`)).status).toBe(201);
  const { token } = await toReport(stage, own);
  expect(await answered(stage, own, token, clean)).toMatchObject({ status: 403, code: "scan-claims" });
  for (const name of ["hms/gate", LEAKS])
    expect(checks(stage, repository, other.sha, name).map(({ conclusion }) => conclusion)).not.toContain("success");
});

test("none of them was a pass; each is counted and in the ledger; the run that HMS-SYS started is believed", async () => {
  for (const name of ["hms/gate", LEAKS])
    expect(checks(stage, repository, pull.sha, name).map(({ conclusion }) => conclusion)).not.toContain("success");
  expect(gauge(await metrics(stage), 'hms_scan_reports_total{result="wrong-claim"}')).toBe(6);
  const response = await fetch(`${stage.hms.url}/api/v1/ledger?type=scan_report_refused&limit=100`, {
    headers: { authorization: `Bearer ${OPERATOR}` },
  });
  const { items } = (await response.json()) as { items: { data: { why: string; scan: string } }[] };
  expect(items.map(({ data }) => data.why)).toContain("wrong-claim");
  expect(items.map(({ data }) => data.scan)).toContain(scan.inputs.scan);
  const { token } = await toReport(stage, scan);
  expect(await report(stage, scan, token, clean)).toMatchObject({ status: 202 });
  await concluded(stage, pull, "success", LEAKS);
  await concluded(stage, pull, "success");
});

const RUN = '{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}}';
const zipped = (text: string): Buffer => gzipSync(text);

/** From the very run that HMS-SYS started, with its own token: what was not looked at is not clean. */
test.each<[string, number, Buffer]>([
  ["nothing at all", 400, Buffer.alloc(0)],
  ["an empty file", 400, zipped("")],
  ["no run", 400, zipped('{"version":"2.1.0","runs":[]}')],
  ["a run without results", 400, zipped(`${RUN}}]}`)],
  ["a run whose results are null", 400, zipped(`${RUN},"results":null}]}`)],
  ["a run that failed", 400, zipped(`${RUN},"invocations":[{"executionSuccessful":false}],"results":[]}]}`)],
  ["half a file", 400, zipped(sarifOf([]).slice(0, -20))],
  ["half of the gzip", 400, zipped(sarifOf([])).subarray(0, -9)],
  ["a page", 400, zipped("<!doctype html><title>Hello</title>")],
  ["a bomb", 413, zipped(`${RUN},"results":[],"x":"${" ".repeat(60_000_000)}"}]}`)],
])("a report that holds %s: %i, and not a pass", async (_, status, body) => {
  const other = await openPull(stage, repository);
  const own = await started(stage, repository, other.sha, "leaks");
  const { token } = await toReport(stage, own);
  const send = async () => {
    const response = await fetch(`${stage.hms.url}/api/v1/scans/${own.inputs.scan}/report`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        "hms-scan-nonce": own.inputs.nonce,
        "hms-scan-sha": own.inputs.sha,
        "hms-scan-outcome": "completed",
        "content-type": "application/sarif+json",
        "content-encoding": "gzip",
      },
      body: new Uint8Array(body),
    });
    await response.text();
    return response.status === 503 ? undefined : response.status;
  };
  expect(await until(stage, "it is answered", send)).toBe(status);
  const check = await until(stage, "the check says so", () => {
    const run = checks(stage, repository, other.sha, LEAKS).at(-1);
    return run?.output.title?.startsWith("Not a pass") ? run : undefined;
  });
  expect(check.conclusion).toBeNull();
  expect(checks(stage, repository, other.sha).at(-1)?.conclusion ?? null).toBeNull();
  expect(await report(stage, own, token, clean)).toMatchObject({ status: 409 });
});

test("a run that never reports times out, and is not a pass", async () => {
  const check = await until(
    stage,
    "the check says so",
    () => {
      const run = checks(stage, silent.repository, silent.sha, LEAKS).at(-1);
      return run?.output.title?.includes("took too long") ? run : undefined;
    },
    90_000,
  );
  expect(check.conclusion).toBeNull();
  expect(checks(stage, silent.repository, silent.sha).at(-1)?.conclusion ?? null).toBeNull();
  expect(gauge(await metrics(stage), 'hms_scans_total{kind="leaks",state="timed-out"}')).toBe(1);
});
