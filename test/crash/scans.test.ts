import { afterAll, beforeAll, expect, test } from "vitest";
import { type Stage, setStage } from "../stage/stage.ts";
import { report, sarifOf, started, startedScan, toReport, WORKFLOW, WORKFLOW_PATH } from "../system/scans-scene.ts";
import { concluded, until } from "../system/scene.ts";
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
  const [runId = 0] = runsOf(sha);
  const scan = startedScan(stage, stage.repository, runId);
  const jobId = stage.github.workflowRun(runId).jobs.find(({ key }) => key === "report")?.id ?? 0;
  const token = stage.github.mintOidcToken({
    claims: stage.github.idTokenClaims(jobId, stage.hms.url),
  });
  expect(await report(stage, scan, token, { sarif: sarifOf([flaw]) })).toMatchObject({ status: 202 });
  expect(await report(stage, scan, token, { sarif: sarifOf([flaw]) })).toMatchObject({ status: 202, code: "again" });
  expect(await report(stage, scan, token, { sarif: sarifOf([]) })).toMatchObject({ status: 409 });
  await concluded(stage, { repository: stage.repository, sha }, "failure");
  expect(runsOf(sha)).toHaveLength(1);
});
