/** What a runner wants of GitHub. The double has it (`test/doubles/github/administration/actions.ts`). */
export type JobConclusion = "success" | "failure" | "cancelled" | "skipped" | "timed_out";

export interface ReadyJob {
  repository: string;
  runId: number;
  attempt: number;
  jobId: number;
  key: string;
  name: string;
}

export interface StartedJob extends ReadyJob {
  workflow: { path: string; name: string; text: string };
  definition: Record<string, unknown>;
  inputs: Record<string, string | boolean | number>;
  vars: Record<string, string>;
  needs: Record<string, { result: JobConclusion; outputs: Record<string, string> }>;
  token: string;
  permissions: Record<string, string>;
  env: Record<string, string>;
  event: Record<string, unknown>;
  cloneUrl: string;
  sha: string;
  cancelled: AbortSignal;
}

export interface RunnerHost {
  readyJobs(): ReadyJob[];
  startJob(
    jobId: number,
    options?: { runnerName?: string; environment?: "github-hosted" | "self-hosted" },
  ): Promise<StartedJob>;
  completeJob(
    jobId: number,
    conclusion: JobConclusion,
    options?: { outputs?: Record<string, string>; steps?: { name: string; conclusion: JobConclusion }[] },
  ): void;
  artifacts(runId: number): {
    put(name: string, files: Record<string, Buffer>): void;
    get(name: string): Record<string, Buffer> | undefined;
  };
}
