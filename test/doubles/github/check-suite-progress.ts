import type { CheckConclusion, CheckRun, CheckStatus, CheckSuite } from "./checks-state.ts";

/** Worst first; the first that any run has is the suite's. */
const order: CheckConclusion[] = [
  "failure",
  "timed_out",
  "cancelled",
  "action_required",
  "success",
  "neutral",
  "skipped",
];

/** The newest run of every name: earlier ones are superseded. */
export function latestRuns(runs: CheckRun[]): CheckRun[] {
  return [...new Map(runs.map((run) => [run.name, run])).values()];
}

/** A suite's state follows from its newest runs. */
export function suiteProgress(suite: CheckSuite): { status: CheckStatus; conclusion: CheckConclusion | null } {
  const runs = latestRuns(suite.runs);
  if (runs.length === 0 || suite.rerequested) return { status: "queued", conclusion: null };
  if (runs.some(({ status }) => status !== "completed")) {
    return { status: runs.some(({ status }) => status === "in_progress") ? "in_progress" : "queued", conclusion: null };
  }
  return {
    status: "completed",
    conclusion: order.find((each) => runs.some(({ conclusion }) => conclusion === each)) ?? "neutral",
  };
}
