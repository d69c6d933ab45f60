import { request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Stage, setStage } from "../stage/stage.ts";
import { report, sarifOf, started, startedScan, toReport, WORKFLOW, WORKFLOW_PATH } from "../system/scans-scene.ts";
import { checks, concluded, until } from "../system/scene.ts";
import { type CrashPoint, dieAndRestart, openPull, pushBranch } from "./crash-stage.ts";

let stage: Stage;
beforeAll(async () => {
  const hms = "version: 1\nscan: { leaks: { tool: sarif } }\n";
  stage = await setStage({ files: { ".github/hms.yml": hms, [WORKFLOW_PATH]: WORKFLOW } });
});
afterAll(() => stage.close());

const runsOf = (sha: string): number[] =>
  stage.github
    .workflowRuns(stage.repository)
    .filter((runId) => startedScan(stage, stage.repository, runId).inputs.sha === sha);

/** The one run of a commit's scan, and a new token of the job in it that reports. */
function reporting(sha: string) {
  const [runId = 0] = runsOf(sha);
  const scan = startedScan(stage, stage.repository, runId);
  const jobId = stage.github.workflowRun(runId).jobs.find(({ key }) => key === "report")?.id ?? 0;
  const token = stage.github.mintOidcToken({ claims: stage.github.idTokenClaims(jobId, stage.hms.url) });
  return { scan, token };
}

test.each<[string, Omit<CrashPoint, "on">, string]>([
  ["after it is written down that a run is about to be started", { at: "records.compareAndSwap after" }, '"starting"'],
  ["before GitHub is asked", { at: "workflows.dispatch before" }, ""],
  ["after GitHub has started it", { at: "workflows.dispatch after" }, ""],
  ["before its run is written down", { at: "records.compareAndSwap before" }, '"queued"'],
  ["after its run is written down", { at: "records.compareAndSwap after" }, '"queued"'],
])("killed %s: one run, whose report counts", async (what, point, on) => {
  const branch = `start-${what.replace(/\W+/g, "-")}`;
  const sha = await pushBranch(stage, branch);
  await dieAndRestart(stage, { ...point, on }, async () => {
    await openPull(stage, branch);
  });
  const scan = await started(stage, stage.repository, sha, "leaks");
  const { jobId, token } = await toReport(stage, scan);
  await until(stage, "the report is taken", async () => {
    const { status } = await report(stage, scan, token, { sarif: sarifOf([]) });
    expect([202, 503]).toContain(status);
    return status === 202;
  });
  stage.github.completeJob(jobId, "success");
  await concluded(stage, { repository: stage.repository, sha }, "success");
  expect(runsOf(sha)).toHaveLength(1);
});

test.each<[string, string]>([
  ["before the report is durable", "records.compareAndSwap before"],
  ["after it is durable, before the answer", "records.compareAndSwap after"],
])("killed %s: the Action sends it again, and it counts once", async (what, at) => {
  const branch = `report-${what.replace(/\W+/g, "-")}`;
  const sha = await pushBranch(stage, branch);
  const flaw = { rule: "planted", path: "a.txt" };
  await dieAndRestart(stage, { at, on: '"is":"reported"' }, async () => {
    await openPull(stage, branch);
    const scan = await started(stage, stage.repository, sha, "leaks");
    const { token } = await toReport(stage, scan);
    // The very answer that is lost.
    const send = () => report(stage, scan, token, { sarif: sarifOf([flaw]) });
    await until(stage, "the process dies of it", () =>
      send().then(
        ({ status }) => status !== 503,
        () => true,
      ),
    );
  });
  const { scan, token } = reporting(sha);
  expect(await report(stage, scan, token, { sarif: sarifOf([flaw]) })).toMatchObject({ status: 202 });
  expect(await report(stage, scan, token, { sarif: sarifOf([flaw]) })).toMatchObject({ status: 202, code: "again" });
  expect(await report(stage, scan, token, { sarif: sarifOf([]) })).toMatchObject({ status: 409 });
  await concluded(stage, { repository: stage.repository, sha }, "failure");
  expect(runsOf(sha)).toHaveLength(1);
});

test("killed while the report arrives: none came, nothing is green, and the one that is sent again counts", async () => {
  const sha = await pushBranch(stage, "report-half-way");
  await openPull(stage, "report-half-way");
  const scan = await started(stage, stage.repository, sha, "leaks");
  const { token } = await toReport(stage, scan);
  await until(stage, "its run is known", () =>
    /waits for a runner|is running/.test(
      checks(stage, stage.repository, sha, "hms/scan/leaks").at(-1)?.output.summary ?? "",
    ),
  );
  const sarif = sarifOf([{ rule: "planted", path: "a.txt" }]);
  const half = request(`${stage.hms.url}/api/v1/scans/${scan.inputs.scan}/report`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "hms-scan-nonce": scan.inputs.nonce,
      "hms-scan-sha": sha,
      "hms-scan-outcome": "completed",
      "content-encoding": "gzip",
    },
  });
  const broken = new Promise((resolve) => half.once("error", resolve));
  half.write(gzipSync(sarif).subarray(0, 100));
  // What is too long to be a reason changes nothing, and is not even read while another report is. Ten times it may be asked.
  const tooLong = { failed: "x".repeat(3_000) };
  await until(stage, "it is being read", async () => {
    await pause(500);
    const { status, detail } = await report(stage, scan, token, tooLong);
    expect([413, 503]).toContain(status);
    return detail === "Others are read.";
  });
  await stage.restart("SIGKILL");
  await broken;
  for (const name of ["hms/gate", "hms/scan/leaks"])
    expect(checks(stage, stage.repository, sha, name).map(({ conclusion }) => conclusion)).not.toContain("success");
  const again = reporting(sha);
  expect(await report(stage, again.scan, again.token, { sarif })).toMatchObject({ status: 202, code: "taken" });
  await concluded(stage, { repository: stage.repository, sha }, "failure");
  expect(runsOf(sha)).toHaveLength(1);
});
