import type { GitHub } from "../github/github.ts";

/** What a runner wants of GitHub. */
export type RunnerHost = Pick<GitHub, "readyJobs" | "startJob" | "completeJob" | "artifacts">;
export type JobConclusion = Parameters<GitHub["completeJob"]>[1];
