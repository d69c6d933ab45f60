import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StartedJob } from "../github/github.ts";
import { holds, interpolate, type Status } from "./expression.ts";
import type { JobConclusion, RunnerHost } from "./host.ts";
import { type Machine, type PlayedStep, playStep, type Step } from "./step.ts";

export interface RunnerOptions {
  /** `RUNNER_TOOL_CACHE`: where tools of other runs are found again. */
  toolCache?: string;
  /** `GITHUB_WORKSPACE` of a runner of the team's own, which stays from run to run. Otherwise every job has a new one. */
  workspace?: string;
  /** Further variables of the machine, as a runner's image sets them. */
  environment?: Record<string, string>;
  /** What a job may be changed by before it is played: for attacks on what lies between jobs. */
  beforeJob?(job: StartedJob): void | Promise<void>;
}

export interface PlayedJob {
  key: string;
  conclusion: JobConclusion;
  outputs: Record<string, string>;
  steps: PlayedStep[];
  /** What all steps wrote, secrets masked. */
  log: string;
}

/**
 * Plays all jobs of a run that wait for a runner, one after the other, as GitHub's own would: a machine of its own for each, with what the
 * job's permissions give it and no more. Answers with what was played; nothing, where no job is ready.
 */
export async function playRun(github: RunnerHost, runId: number, options: RunnerOptions = {}): Promise<PlayedJob[]> {
  const played: PlayedJob[] = [];
  for (;;) {
    const ready = github.readyJobs().find((job) => job.runId === runId);
    if (ready === undefined) return played;
    played.push(await playJob(github, await github.startJob(ready.jobId), options));
  }
}

/** Plays whatever run has a job that is ready, until `signal`: a runner that waits for work. */
export async function serveRuns(github: RunnerHost, signal: AbortSignal, options: RunnerOptions = {}): Promise<void> {
  while (!signal.aborted) {
    const [ready] = github.readyJobs();
    if (ready === undefined) await new Promise((resolve) => setTimeout(resolve, 25));
    else await playJob(github, await github.startJob(ready.jobId), options);
  }
}

async function playJob(github: RunnerHost, job: StartedJob, options: RunnerOptions): Promise<PlayedJob> {
  const contexts = { inputs: job.inputs, vars: job.vars, needs: job.needs, github: githubContext(job) };
  const { definition } = job;
  const wanted = holds(definition.if as string | undefined, contexts, statusOfNeeds(job));
  if (!wanted) {
    github.completeJob(job.jobId, "skipped");
    return { key: job.key, conclusion: "skipped", outputs: {}, steps: [], log: "" };
  }
  await options.beforeJob?.(job);
  const home = await mkdtemp(join(tmpdir(), "hms-runner-"));
  try {
    const machine = await machineFor(job, home, github, options);
    const steps = await playSteps(machine, definition.steps as Step[], contexts);
    const conclusion = job.cancelled.aborted ? "cancelled" : steps.some(({ failed }) => failed) ? "failure" : "success";
    const outputs = outputsOf(definition, { ...contexts, steps: stepsContext(steps) });
    const told = steps.map(({ name, conclusion: ended }) => ({ name, conclusion: ended }));
    github.completeJob(job.jobId, conclusion, { outputs, steps: told });
    return { key: job.key, conclusion, outputs, steps, log: machine.masked(steps.map(({ log }) => log).join("")) };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function playSteps(
  machine: Machine,
  steps: readonly Step[],
  contexts: Record<string, unknown>,
): Promise<PlayedStep[]> {
  const played: PlayedStep[] = [];
  const after: (() => Promise<PlayedStep>)[] = [];
  for (const [i, step] of steps.entries()) {
    const status = statusOf(played, machine.job);
    const seen = { ...contexts, steps: stepsContext(played), runner: machine.runner, env: machine.environment };
    const id = step.id ?? `step-${i}`;
    if (!holds(step.if, seen, status)) {
      played.push({
        id,
        name: step.name ?? step.uses ?? `Step ${i + 1}`,
        conclusion: "skipped",
        failed: false,
        outputs: {},
        log: "",
      });
      continue;
    }
    const { post, ...done } = await playStep(machine, id, step, (text) => interpolate(text, seen, status));
    played.push(done);
    if (post) after.unshift(post);
  }
  for (const post of after) played.push(await post());
  return played;
}

function statusOf(played: readonly PlayedStep[], { cancelled }: StartedJob): Status {
  if (cancelled.aborted) return "cancelled";
  return played.some(({ failed }) => failed) ? "failure" : "success";
}

function statusOfNeeds({ needs, cancelled }: StartedJob): Status {
  if (cancelled.aborted) return "cancelled";
  return Object.values(needs).every(({ result }) => result === "success") ? "success" : "failure";
}

function stepsContext(played: readonly PlayedStep[]): Record<string, unknown> {
  return Object.fromEntries(
    played.map(({ id, outputs, conclusion }) => [id, { outputs, conclusion, outcome: conclusion }]),
  );
}

function outputsOf({ outputs }: Record<string, unknown>, contexts: Record<string, unknown>): Record<string, string> {
  const declared = Object.entries((outputs ?? {}) as Record<string, string>);
  return Object.fromEntries(declared.map(([name, text]) => [name, interpolate(text, contexts)]));
}

function githubContext({ env, event, token, sha }: StartedJob): Record<string, unknown> {
  const fromEnv = Object.entries(env).flatMap(([name, value]) =>
    name.startsWith("GITHUB_") ? [[name.slice("GITHUB_".length).toLowerCase(), value]] : [],
  );
  return { ...Object.fromEntries(fromEnv), event, token, sha };
}

async function machineFor(job: StartedJob, home: string, github: RunnerHost, options: RunnerOptions): Promise<Machine> {
  const [workspace, temp, toolCache] = [
    options.workspace ?? join(home, "work"),
    join(home, "temp"),
    options.toolCache ?? join(home, "tools"),
  ];
  await Promise.all([workspace, temp, join(home, "home")].map((folder) => mkdir(folder, { recursive: true })));
  const event = join(temp, "event.json");
  await writeFile(event, JSON.stringify(job.event));
  const runner = { temp, tool_cache: toolCache, os: "Linux", arch: "X64", name: "double", workspace };
  const masks = [job.token];
  return {
    job,
    github,
    workspace,
    temp,
    runner,
    masks,
    masked: (text) => masks.reduce((sum, mask) => (mask === "" ? sum : sum.replaceAll(mask, "***")), text),
    environment: {
      PATH: process.env.PATH ?? "",
      HOME: process.env.HOME ?? join(home, "home"),
      LANG: "C.UTF-8",
      ...packageSettings(),
      ...options.environment,
      ...job.env,
      GITHUB_WORKSPACE: workspace,
      GITHUB_EVENT_PATH: event,
      RUNNER_TEMP: temp,
      RUNNER_TOOL_CACHE: toolCache,
      RUNNER_OS: "Linux",
      RUNNER_ARCH: "X64",
      RUNNER_NAME: "double",
      // Every step of a real runner has these, whatever the job's permissions are.
      ACTIONS_RUNTIME_URL: "http://127.0.0.1:9/",
      ACTIONS_RUNTIME_TOKEN: "runtime-token-that-no-tool-may-see",
    },
  };
}

/** How this machine reaches package registries, for the step that installs a tool. */
function packageSettings(): Record<string, string> {
  const names =
    /^(?:(?:https?|no|all)_proxy|PIP_\w+|UV_\w+|GO(?:PROXY|SUMDB|NOSUMDB|NOSUMCHECK|FLAGS|PATH|CACHE|MODCACHE|TOOLCHAIN|PRIVATE|INSECURE)|SSL_CERT_\w+|REQUESTS_CA_BUNDLE|PYENV_\w+)$/i;
  return Object.fromEntries(
    Object.entries(process.env).filter(([name, value]) => names.test(name) && value !== undefined),
  ) as Record<string, string>;
}
