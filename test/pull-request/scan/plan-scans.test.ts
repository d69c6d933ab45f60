import { describe, expect, test } from "vitest";
import type { ScanRun, WantedScan } from "../../../src/model/scan.ts";
import type { WorkflowRun } from "../../../src/ports/workflows.ts";
import {
  ADOPT_AFTER_MS,
  afterLook,
  lookAtScansInMs,
  MISSING_RETRY_MS,
  planScans,
  REPORT_GRACE_MS,
} from "../../../src/pull-request/scan/plan-scans.ts";

const NOW = 1_000_000_000;
const sast: WantedScan = { kind: "sast", tool: "semgrep", timeoutMs: 60_000 };
const leaks: WantedScan = { kind: "leaks", tool: "gitleaks", timeoutMs: 60_000, base: "b".repeat(40) };

function scan(state: ScanRun["state"], change: Partial<ScanRun> = {}): ScanRun {
  const requestedAtMs = NOW - 5_000;
  const { timeoutMs, ...what } = sast;
  return { id: "1".repeat(32), ...what, nonceSha256: "", requestedAtMs, deadlineMs: NOW + 55_000, state, ...change };
}

const running = { is: "running", runId: 7, url: "https://github.example/runs/7" } as const;
const queued = { ...running, is: "queued" } as const;
const reported = { is: "reported", atMs: NOW, digest: "d", findings: 0, runId: 7, url: running.url } as const;
const over = (is: "failed" | "timed-out" | "cancelled" | "not-installed") => ({ is, reason: "because" }) as const;

interface PlanOptions {
  again?: string[];
  nowMs?: number;
  missingUntilMs?: number | undefined;
}

function plan(
  wanted: WantedScan[][],
  runs: ScanRun[],
  { again = [] as string[], nowMs = NOW, missingUntilMs = NOW + 1 }: PlanOptions = {},
): string[] {
  const asked = new Map(again.map((kind) => [kind, "comment/1"]));
  return planScans({ wanted, runs, again: asked, missingUntilMs, nowMs }).map((step) =>
    step.step === "start"
      ? `start ${step.scan.kind}${step.scan.base ? " from the base" : ""}`
      : `${step.step} ${step.run.kind}${step.step === "end" ? ` ${step.as}` : ""}`,
  );
}

test.each<[string, string[], WantedScan[][], ScanRun[], PlanOptions?]>([
  ["nothing is wanted, nothing runs", [], [], []],
  ["what is wanted and not there is started", ["start sast", "start leaks from the base"], [[sast, leaks]], []],
  ["two pull requests want the same: one scan", ["start sast"], [[sast], [sast]], []],
  ["from two bases: the whole history", ["start leaks"], [[leaks], [{ ...leaks, base: "c".repeat(40) }]], []],
  ["one that is alive is looked at, never doubled", ["look sast"], [[sast]], [scan(running)]],
  ["also when it is asked for again", ["look sast"], [[sast]], [scan(queued)], { again: ["sast"] }],
  ["a start that was cut off is adopted", ["adopt sast"], [[sast]], [scan({ is: "starting" })]],
  ["what reported stays", [], [[sast]], [scan(reported)]],
  ["until it is asked for again", ["start sast"], [[sast]], [scan(reported)], { again: ["sast"] }],
  ["or is wanted of another tool", ["start sast"], [[{ ...sast, tool: "sarif" }]], [scan(reported)]],
  ["another kind that is asked for again does not matter", [], [[sast]], [scan(reported)], { again: ["leaks"] }],
  ["nobody wants it any more: it is ended", ["end sast cancelled"], [], [scan(running)]],
  ["also while it starts", ["end sast cancelled"], [], [scan({ is: "starting" })]],
  ["what is over and not wanted is left alone", [], [], [scan(reported)]],
  ["at its deadline it is ended", ["end sast timed-out"], [[sast]], [scan(running)], { nowMs: NOW + 55_000 }],
  [
    "also one that never got a run",
    ["end sast timed-out"],
    [[sast]],
    [scan({ is: "starting" })],
    { nowMs: NOW + 55_000 },
  ],
  ["a failed one waits for people", [], [[sast]], [scan(over("failed"))], { nowMs: NOW + 1e9 }],
  ["a timed out one as well", [], [[sast]], [scan(over("timed-out"))], { nowMs: NOW + 1e9 }],
  ["whom it takes to ask", ["start sast"], [[sast]], [scan(over("timed-out"))], { again: ["sast"] }],
  [
    "one that was ended as nobody wanted it is started when somebody does",
    ["start sast"],
    [[sast]],
    [scan(over("cancelled"))],
  ],
  ["a missing workflow is not tried all the time", [], [[sast]], [scan(over("not-installed"))]],
  ["but when it may be there", ["start sast"], [[sast]], [scan(over("not-installed"))], { missingUntilMs: NOW }],
  [
    "what was started for that very wish and is over is not started again",
    [],
    [[sast]],
    [scan(reported, { askedBy: "comment/1" })],
    { again: ["sast"] },
  ],
  [
    "but where its start came to nothing",
    ["start sast"],
    [[sast]],
    [scan(over("cancelled"), { askedBy: "comment/1" })],
    { again: ["sast"] },
  ],
])("%s", (_, steps, wanted, runs, options) => {
  expect(plan(wanted, runs, options)).toEqual(steps);
});

describe("what GitHub says of a run", () => {
  const run = (change: Partial<WorkflowRun>): WorkflowRun => ({
    id: 7,
    attempt: 1,
    url: running.url,
    title: "",
    headSha: "",
    headBranch: "main",
    path: "",
    event: "workflow_dispatch",
    actorId: 1,
    createdAtMs: NOW,
    status: "in_progress",
    conclusion: null,
    ...change,
  });

  test.each<[string, string, Partial<WorkflowRun> | undefined, number?]>([
    ["a runner took it", "running", {}],
    ["it waits", "queued", { status: "queued" }],
    ["it waits for an environment", "queued", { status: "waiting" }],
    ["it is gone", "failed", undefined],
    ["somebody ran it again", "failed", { attempt: 2 }],
    ["somebody ran it again, and it is green", "failed", { attempt: 2, status: "completed", conclusion: "success" }],
    ["it is over a moment ago", "queued", { status: "completed", conclusion: "success" }],
    ["over without a report, green", "failed", { status: "completed", conclusion: "success" }, NOW - REPORT_GRACE_MS],
    ["over without a report, red", "failed", { status: "completed", conclusion: "failure" }, NOW - REPORT_GRACE_MS],
    ["cancelled by somebody", "failed", { status: "completed", conclusion: "cancelled" }, NOW - REPORT_GRACE_MS],
  ])("%s: %s", (_, state, found, overSinceMs) => {
    const before = scan(queued, overSinceMs === undefined ? {} : { overSinceMs });
    expect(afterLook(before, found && run(found), NOW).state.is).toBe(state);
  });

  test.each([reported, over("failed"), over("cancelled")])("it changes nothing of what is over: $is", (state) => {
    expect(afterLook(scan(state), undefined, NOW).state).toEqual(state);
  });
});

test("a head that another pull request compares with is uploaded all the same", () => {
  const head = { ...sast, uploadTo: "refs/pull/12/head" };
  for (const wanted of [
    [[head], [sast]],
    [[sast], [head]],
  ])
    expect(planScans({ wanted, runs: [], again: new Map(), nowMs: NOW })).toEqual([
      { step: "start", scan: head, askedBy: undefined },
    ]);
});

test("a Job that its cluster held back until the deadline: what held it is told", () => {
  const held = scan(queued, { deadlineMs: NOW, waits: "Unschedulable: no node is left" });
  expect(planScans({ wanted: [[sast]], runs: [held], again: new Map(), nowMs: NOW })).toMatchObject([
    { step: "end", reason: "No report came within 0 minutes. Unschedulable: no node is left" },
  ]);
});

test.each<[string, number | undefined, ScanRun[]]>([
  ["nothing is there", undefined, []],
  ["all is over", undefined, [scan(reported), scan(over("failed"))]],
  ["one runs: its deadline at the latest", 55_000, [scan(reported), scan(running)]],
  ["one starts", ADOPT_AFTER_MS, [scan({ is: "starting" }), scan(running)]],
  ["one is over without a report", REPORT_GRACE_MS - 4_000, [scan(running, { overSinceMs: NOW - 4_000 })]],
  ["a workflow is missing: when any commit tries it again", 400_000, [scan(over("not-installed"))]],
  ["long ago, and another commit has just tried", 400_000, [scan(over("not-installed"), { requestedAtMs: 0 })]],
  ["a server refused", MISSING_RETRY_MS - 5_000, [scan(over("not-installed"), { tool: "sonarqube" })]],
])("when it is looked at again: %s", (_, againMs, runs) => {
  expect(lookAtScansInMs(runs, NOW + 400_000, NOW)).toBe(againMs);
});
