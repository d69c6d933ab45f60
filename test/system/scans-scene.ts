import { gzipSync } from "node:zlib";
import type { RepositoryHandle } from "../doubles/github/github.ts";
import type { Stage } from "../stage/stage.ts";
import { newRepository, until } from "./scene.ts";

/** What the tests of scans share: a repository whose workflow hands SARIF on, and a runner that plays it. */

export const WORKFLOW = `name: hms-scan
run-name: hms-scan \${{ inputs.kind }} \${{ inputs.sha }} \${{ inputs.scan }}
on:
  workflow_dispatch:
    inputs:
      scan: { required: true, type: string }
      nonce: { required: true, type: string }
      kind: { required: true, type: string }
      tool: { required: true, type: string }
      sha: { required: true, type: string }
      base: { type: string, default: "" }
      target: { type: string, default: "" }
permissions: {}
jobs:
  scan:
    runs-on: ubuntu-latest
    permissions: { contents: read }
    steps: [{ run: "true" }]
  report:
    needs: scan
    if: \${{ always() }}
    runs-on: ubuntu-latest
    environment: hms-report
    permissions: { id-token: write }
    steps: [{ run: "true" }]
`;
export const WORKFLOW_PATH = ".github/workflows/hms-scan.yml";

export function scanned(
  stage: Stage,
  scan = "{ sast: { tool: sarif } }",
  files: Record<string, string> = {},
): Promise<RepositoryHandle> {
  const hms = `version: 1\nscan: ${scan}\n`;
  return newRepository(stage, { ".github/hms.yml": hms, [WORKFLOW_PATH]: WORKFLOW, ...files });
}

export interface PlantedFlaw {
  rule: string;
  path: string;
  line?: number;
  text?: string;
  severity?: string;
  message?: string;
}

export function sarifOf(flaws: PlantedFlaw[]): string {
  const results = flaws.map(({ rule, path, line = 1, text = rule, message = `${rule} stands here.` }) => ({
    ruleId: rule,
    level: "error",
    message: { text: message },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: path },
          region: { startLine: line },
          contextRegion: { startLine: line, endLine: line, snippet: { text } },
        },
      },
    ],
  }));
  const rules = [...new Map(flaws.map((flaw) => [flaw.rule, flaw])).values()].map(({ rule, severity = "9.5" }) => ({
    id: rule,
    properties: { "security-severity": severity },
  }));
  const driver = { name: "planter", rules };
  return JSON.stringify({
    version: "2.1.0",
    runs: [{ tool: { driver }, invocations: [{ executionSuccessful: true }], results }],
  });
}

/** A workflow run that HMS-SYS started. */
export interface StartedScan {
  runId: number;
  repository: RepositoryHandle;
  inputs: Record<"scan" | "nonce" | "kind" | "tool" | "sha" | "base" | "target", string>;
}

/** Runs of the repository whose first job waits for a runner, oldest first. */
export function waiting(stage: Stage, repository: RepositoryHandle): StartedScan[] {
  return stage.github
    .readyJobs()
    .filter((job) => job.repository === repository.fullName && job.key === "scan")
    .map(({ runId }) => startedScan(stage, repository, runId));
}

export function startedScan(stage: Stage, repository: RepositoryHandle, runId: number): StartedScan {
  const { inputs } = stage.github.workflowRun(runId);
  return { runId, repository, inputs: inputs as StartedScan["inputs"] };
}

/** The next run for a commit, once it waits. */
export function started(stage: Stage, repository: RepositoryHandle, sha: string, kind = "sast"): Promise<StartedScan> {
  return until(stage, `a scan ${kind} of ${sha} is started`, () =>
    waiting(stage, repository).find(({ inputs }) => inputs.sha === sha && inputs.kind === kind),
  );
}

/** Plays the job that scans, and begins the one that reports: its token. */
export async function toReport(stage: Stage, scan: StartedScan): Promise<{ jobId: number; token: string }> {
  const { github } = stage;
  const jobOf = (key: string) => {
    const job = github.readyJobs().find((one) => one.runId === scan.runId && one.key === key);
    if (!job) throw new Error(`job ${key} of run ${scan.runId} is not ready`);
    return job.jobId;
  };
  const first = jobOf("scan");
  await github.startJob(first);
  github.completeJob(first, "success");
  const jobId = jobOf("report");
  const { env } = await github.startJob(jobId);
  return { jobId, token: await idToken(env, publicUrl(stage)) };
}

export async function idToken(env: Record<string, string>, audience: string): Promise<string> {
  const response = await fetch(`${env.ACTIONS_ID_TOKEN_REQUEST_URL}&audience=${encodeURIComponent(audience)}`, {
    headers: { authorization: `Bearer ${env.ACTIONS_ID_TOKEN_REQUEST_TOKEN}` },
  });
  return ((await response.json()) as { value: string }).value;
}

export function publicUrl(stage: Stage): string {
  return stage.environment.HMS_PUBLIC_URL ?? stage.hms.url;
}

export interface Answer {
  status: number;
  code: string;
  detail: string;
}

type Sent = [
  scan: StartedScan,
  token: string,
  body: { sarif: string } | { failed: string },
  change?: { id?: string; headers?: Record<string, string> },
];

/** Sends a report as the Action does. */
export async function report(stage: Stage, ...[{ inputs }, token, body, change = {}]: Sent): Promise<Answer> {
  const completed = "sarif" in body;
  const response = await fetch(`${stage.hms.url}/api/v1/scans/${change.id ?? inputs.scan}/report`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "hms-scan-nonce": inputs.nonce,
      "hms-scan-sha": inputs.sha,
      "hms-scan-outcome": completed ? "completed" : "failed",
      "content-type": completed ? "application/sarif+json" : "application/json",
      ...(completed ? { "content-encoding": "gzip" } : {}),
      ...change.headers,
    },
    body: completed ? new Uint8Array(gzipSync(body.sarif)) : JSON.stringify({ reason: body.failed }),
  });
  const { code = "", detail = "", result = "" } = (await response.json()) as Record<string, string>;
  return { status: response.status, code: code || result, detail };
}

/** Sends it again for as long as the process has not heard of the run that it started, as the Action does. */
export function answered(stage: Stage, ...sent: Sent): Promise<Answer> {
  return until(stage, "the report is answered", async () => {
    const given = await report(stage, ...sent);
    return given.status === 503 ? undefined : given;
  });
}

/** Plays a whole run that reports these flaws. */
export async function play(
  stage: Stage,
  repository: RepositoryHandle,
  sha: string,
  flaws: PlantedFlaw[],
  kind = "sast",
): Promise<StartedScan> {
  const scan = await started(stage, repository, sha, kind);
  const { jobId, token } = await toReport(stage, scan);
  const answer = await answered(stage, scan, token, { sarif: sarifOf(flaws) });
  if (answer.status !== 202) throw new Error(`refused: ${JSON.stringify(answer)}`);
  stage.github.completeJob(jobId, "success");
  return scan;
}

/** The newest commit of the default branch. */
export async function baseOf(stage: Stage, repository: RepositoryHandle): Promise<string> {
  const { body } = await stage.as("ada", "GET", `/repos/${repository.fullName}/commits/main`);
  return (body as { sha: string }).sha;
}
