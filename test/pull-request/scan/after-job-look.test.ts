import { expect, test } from "vitest";
import { type ScanRun, type ScanRunState, THIS_MACHINE } from "../../../src/model/scan.ts";
import { afterJobLook } from "../../../src/pull-request/scan/after-job-look.ts";
import type { JobLook } from "../../../src/pull-request/scan/job-runner.ts";
import { planScans } from "../../../src/pull-request/scan/plan-scans.ts";

const NOW = 1_000_000;
const run = (state: ScanRunState, change: Partial<ScanRun> = {}): ScanRun => ({
  id: "1".repeat(32),
  kind: "dast",
  tool: "wapiti",
  nonceSha256: "",
  requestedAtMs: NOW - 1000,
  deadlineMs: NOW + 60_000,
  on: { cluster: "a", preview: "pr-1" },
  job: { namespace: "hms-scan-1", tokenSha256: "", uid: "u" },
  state,
  ...change,
});
const over = { is: "over", timedOut: false, reason: "Its Job failed: OOMKilled.", uid: "u" } as const;

test.each<[string, ScanRun, JobLook, Partial<ScanRun>]>([
  [
    "it waits",
    run({ is: "queued" }),
    { is: "queued", uid: "u", reason: "Unschedulable" },
    { state: { is: "queued" }, waits: "Unschedulable" },
  ],
  ["it runs", run({ is: "queued" }, { waits: "x" }), { is: "running", uid: "u" }, { state: { is: "running" } }],
  [
    "a start that was cut off, and the Job is there",
    run({ is: "starting" }, { job: { namespace: "hms-scan-1", tokenSha256: "" } }),
    { is: "queued", uid: "v" },
    { state: { is: "queued" }, job: { namespace: "hms-scan-1", tokenSha256: "", uid: "v" } },
  ],
  [
    "a start that was cut off, and it is not",
    run({ is: "starting" }),
    { is: "absent" },
    { state: { is: "cancelled", reason: "It is not known to have started." } },
  ],
  [
    "it is there no more",
    run({ is: "running" }),
    { is: "absent" },
    { state: { is: "failed", reason: "Its Job is not on the cluster any more." } },
  ],
  [
    "a program of this machine, of which a new process knows nothing",
    run({ is: "running" }, { on: { cluster: THIS_MACHINE } }),
    { is: "absent" },
    { state: { is: "cancelled", reason: "HMS-SYS was started anew meanwhile." } },
  ],
  [
    "the cluster is away: what was known stays, and it is told",
    run({ is: "running" }),
    { is: "unseen", reason: "no answer" },
    { state: { is: "running" }, waits: "The cluster does not say how it goes: no answer" },
  ],
  [
    "it has just ended: the report may be on its way",
    run({ is: "running" }),
    over,
    { state: { is: "running" }, overSinceMs: NOW },
  ],
  [
    "it ended a while ago",
    run({ is: "running" }, { overSinceMs: NOW - 10_000 }),
    over,
    { state: { is: "failed", reason: "Its Job failed: OOMKilled." } },
  ],
  [
    "it took too long",
    run({ is: "running" }),
    { ...over, timedOut: true },
    { state: { is: "timed-out", reason: over.reason } },
  ],
])("%s", (_, before, look, wanted) => {
  const after = afterJobLook(before, look, NOW);
  expect(after).toMatchObject(wanted);
  expect(after.waits).toBe(wanted.waits);
  expect(after.state.is).not.toBe("reported");
});

test.each<ScanRunState>([
  { is: "reported", atMs: 0, digest: "d", findings: 0 },
  { is: "failed", reason: "x" },
  { is: "cancelled", reason: "x" },
])("one that is $is stays so", (state) => {
  for (const look of [{ is: "absent" }, { is: "running", uid: "u" }, over] as const)
    expect(afterJobLook(run(state), look, NOW).state).toEqual(state);
});

test("another place is another scan, and the one before is ended", () => {
  const scan = { kind: "dast", tool: "wapiti", timeoutMs: 60_000 } as const;
  const plan = (on: ScanRun["on"]) =>
    planScans({
      wanted: [[{ ...scan, ...(on && { on }) }]],
      runs: [run({ is: "running" })],
      again: new Map(),
      nowMs: NOW,
    }).map(({ step }) => step);
  expect(plan({ cluster: "a", preview: "pr-1" })).toEqual(["look"]);
  for (const on of [{ cluster: "b", preview: "pr-1" }, { cluster: "a", preview: "pr-2" }, undefined])
    expect(plan(on)).toEqual(["end"]);
});
