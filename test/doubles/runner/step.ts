import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import type { StartedJob } from "../github/github.ts";
import { checkout, downloadArtifact, uploadArtifact } from "./builtin-actions.ts";
import { commandsIn, readFileCommands } from "./file-commands.ts";
import type { JobConclusion, RunnerHost } from "./host.ts";

export interface Step {
  id?: string;
  name?: string;
  if?: string;
  uses?: string;
  run?: string;
  with?: Record<string, string | number | boolean>;
  env?: Record<string, string>;
}

/** One job's machine. */
export interface Machine {
  job: StartedJob;
  github: RunnerHost;
  workspace: string;
  temp: string;
  runner: Record<string, string>;
  /** Grows by what steps write to GITHUB_ENV. */
  environment: Record<string, string>;
  masks: string[];
  masked(text: string): string;
}

export interface PlayedStep {
  id: string;
  name: string;
  conclusion: JobConclusion;
  failed: boolean;
  outputs: Record<string, string>;
  summary?: string;
  /** Commands to the runner that the step's output held, by name. */
  commands?: string[];
  log: string;
}

type Post = () => Promise<PlayedStep>;

const ACTION = join(import.meta.dirname, "../../../actions/scan");

/** Plays one step. `post` is what it leaves to be done at the job's end. */
export async function playStep(
  machine: Machine,
  id: string,
  step: Step,
  fill: (text: string) => string,
): Promise<PlayedStep & { post?: Post }> {
  const inputs = Object.fromEntries(
    Object.entries(step.with ?? {}).map(([name, value]) => [name, fill(String(value))]),
  );
  const env = Object.fromEntries(Object.entries(step.env ?? {}).map(([name, value]) => [name, fill(String(value))]));
  const name = step.name ?? step.uses ?? "run";
  if (step.run !== undefined) {
    const script = join(machine.temp, `${randomUUID()}.sh`);
    await writeFile(script, fill(step.run));
    return child(machine, { id, name, env }, "bash", ["--noprofile", "--norc", "-eo", "pipefail", script]);
  }
  const [action = ""] = (step.uses ?? "").split("@");
  const builtin = BUILTIN[action];
  if (builtin !== undefined) {
    try {
      const { outputs = {}, log } = await builtin(machine, inputs);
      return { id, name, conclusion: "success", failed: false, outputs, log: `${log}\n` };
    } catch (error) {
      return {
        id,
        name,
        conclusion: "failure",
        failed: true,
        outputs: {},
        log: `::error::${(error as Error).message}\n`,
      };
    }
  }
  if (action.endsWith("/actions/scan")) return playOwnAction(machine, id, name, { ...env }, inputs);
  throw new Error(`This runner does not know the action ${step.uses}`);
}

const BUILTIN: Record<
  string,
  (machine: Machine, inputs: Record<string, string>) => Promise<{ outputs?: Record<string, string>; log: string }>
> = {
  "actions/checkout": checkout,
  "actions/upload-artifact": uploadArtifact,
  "actions/download-artifact": downloadArtifact,
};

interface ActionFile {
  inputs?: Record<string, { required?: boolean; default?: string }>;
  runs: { using: string; main: string; post?: string };
}

async function playOwnAction(
  machine: Machine,
  id: string,
  name: string,
  env: Record<string, string>,
  inputs: Record<string, string>,
): Promise<PlayedStep & { post?: Post }> {
  const { inputs: declared = {}, runs } = parse(await readFile(join(ACTION, "action.yml"), "utf8")) as ActionFile;
  if (runs.using !== "node24") throw new Error(`This runner does not know how to run ${runs.using}`);
  const unknown = Object.keys(inputs).filter((input) => !Object.hasOwn(declared, input));
  if (unknown.length > 0) throw new Error(`${name} has no inputs ${unknown.join(", ")}`);
  const filled = Object.entries(declared).map(([input, { default: preset = "" }]) => [
    `INPUT_${input.replaceAll(" ", "_").toUpperCase()}`,
    inputs[input] ?? preset,
  ]);
  const whole = { ...env, ...Object.fromEntries(filled) };
  const state: Record<string, string> = {};
  const done = await child(machine, { id, name, env: whole, state }, process.execPath, [join(ACTION, runs.main)]);
  const { post } = runs;
  if (post === undefined) return done;
  const states = (): Record<string, string> =>
    Object.fromEntries(Object.entries(state).map(([key, value]) => [`STATE_${key}`, value]));
  return {
    ...done,
    post: () =>
      child(machine, { id: `${id}-post`, name: `Post ${name}`, env: { ...whole, ...states() } }, process.execPath, [
        join(ACTION, post),
      ]),
  };
}

async function child(
  machine: Machine,
  {
    id,
    name,
    env,
    state = {},
  }: { id: string; name: string; env: Record<string, string>; state?: Record<string, string> },
  command: string,
  args: readonly string[],
): Promise<PlayedStep> {
  const files = Object.fromEntries(
    ["OUTPUT", "ENV", "STATE", "STEP_SUMMARY", "PATH"].map((each) => [
      `GITHUB_${each}`,
      join(machine.temp, randomUUID()),
    ]),
  );
  await Promise.all(Object.values(files).map((path) => writeFile(path, "")));
  const { code, log } = await run(machine, command, args, { ...machine.environment, ...env, ...files });
  const read = async (file: string): Promise<string> => readFile(files[file] ?? "", "utf8");
  const outputs = readFileCommands(await read("GITHUB_OUTPUT"));
  Object.assign(machine.environment, readFileCommands(await read("GITHUB_ENV")));
  Object.assign(state, readFileCommands(await read("GITHUB_STATE")));
  const added = (await read("GITHUB_PATH")).split("\n").filter((line) => line !== "");
  if (added.length > 0) machine.environment.PATH = [...added.reverse(), machine.environment.PATH].join(":");
  for (const [, mask] of log.matchAll(/^::add-mask::(.+)$/gm)) if (mask) machine.masks.push(mask);
  const failed = code !== 0;
  return {
    id,
    name,
    conclusion: failed ? "failure" : "success",
    failed,
    outputs,
    summary: await read("GITHUB_STEP_SUMMARY"),
    commands: commandsIn(log),
    log,
  };
}

function run(
  machine: Machine,
  command: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<{ code: number | null; log: string }> {
  return new Promise((resolve, reject) => {
    const started = spawn(command, [...args], {
      cwd: machine.workspace,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const stop = (): void => {
      if (started.pid !== undefined && started.exitCode === null) process.kill(-started.pid, "SIGINT");
    };
    machine.job.cancelled.addEventListener("abort", stop, { once: true });
    process.once("exit", stop);
    let log = "";
    for (const stream of [started.stdout, started.stderr])
      stream.on("data", (chunk: Buffer) => {
        log += chunk.toString();
      });
    started.once("error", reject);
    started.once("close", (code) => {
      machine.job.cancelled.removeEventListener("abort", stop);
      process.removeListener("exit", stop);
      resolve({ code, log });
    });
  });
}
