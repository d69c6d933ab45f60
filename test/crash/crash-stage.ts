import { expect } from "vitest";
import { startHms } from "../stage/process.ts";
import { type CheckRun, plantedKey, type Stage } from "../stage/stage.ts";
import { WITHIN_MS } from "../stage/within.ts";

const CHILD = new URL("child.ts", import.meta.url).pathname;

export interface Opened {
  sha: string;
  number: number;
  branch: string;
}

export interface CrashPoint {
  /** As in `child.ts`: `port.method before|after|failed`. */
  at: string;
  /** Text that the call's arguments must contain. */
  on: string;
  /** So many such calls are let through first. */
  skip?: number;
}

/** A branch with one commit, pushed by its author; `sha` is what a pull request from it will have as its head. */
export async function pushBranch(
  stage: Stage,
  branch: string,
  files: Record<string, string> = { [`${branch}.txt`]: "text\n" },
  author = "ada",
): Promise<string> {
  return stage.github.commit(stage.repository, branch, { files, author, message: `Work on ${branch}`, from: "main" });
}

export async function openPull(stage: Stage, branch: string, base = "main", author = "ada"): Promise<Opened> {
  const pull = await stage.github.openPull(stage.repository, { head: branch, base, author });
  return { sha: pull.head.sha, number: pull.number, branch };
}

/** Starts the process that will kill itself, lets `act` lead it there, waits until it is dead, and starts the real one on the same data. */
export async function dieAndRestart(stage: Stage, point: CrashPoint, act: () => Promise<void> | void): Promise<void> {
  await stage.hms?.kill("SIGKILL");
  const environment = {
    ...stage.environment,
    HMS_CRASH_AT: point.at,
    HMS_CRASH_ON: point.on,
    HMS_CRASH_SKIP: String(point.skip ?? 0),
  };
  stage.hms = await startHms(environment, { program: CHILD });
  await swept(stage);
  await act();
  const ended = await within(WITHIN_MS, stage.hms.exited, () => `never came to ${point.at}\n${stage.hms.output()}`);
  expect(ended).toBe("SIGKILL");
  stage.hms = await startHms(stage.environment);
}

/** Resolves once the sweep of the start is over and nothing is queued any more, not even for later. */
export async function idle(stage: Stage, withinMs = WITHIN_MS): Promise<void> {
  await swept(stage);
  let states: Record<string, number> = {};
  await until(
    withinMs,
    async () => {
      states = await queueStates(stage);
      return states.ready === 0 && states.leased === 0 && states.delayed === 0;
    },
    () => `the queue is not empty: ${JSON.stringify(states)}\n${stage.hms.output().slice(-6000)}`,
  );
}

export async function queueStates(stage: Stage): Promise<Record<string, number>> {
  const text = await (await fetch(`${stage.hms.url}/metrics`)).text();
  return Object.fromEntries(
    [...text.matchAll(/^hms_queue_keys\{state="(\w+)"\} (\d+)$/gm)].map(([, state, count]) => [state, Number(count)]),
  );
}

async function swept(stage: Stage): Promise<void> {
  await until(
    WITHIN_MS,
    () => /"msg":"sweep (started|failed)"/.test(stage.hms.output()),
    () => "no sweep at the start",
  );
}

export async function until(
  withinMs: number,
  condition: () => boolean | Promise<boolean>,
  message: () => string,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(message());
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

export async function within<T>(ms: number, promise: Promise<T>, message: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(message())), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Titles of our App's runs of each name at the commit, so that a doubled one shows in the failure. */
export async function runsAt(stage: Stage, sha: string): Promise<Record<string, CheckRun[]>> {
  const names = ["hms/gate", "hms/scan/secrets", "hms/config"];
  const lists = await Promise.all(names.map((name) => stage.checkRuns(sha, name)));
  return Object.fromEntries(names.flatMap((name, at) => (lists[at]?.length ? [[name, lists[at]]] : [])));
}

/** `{ "hms/gate": ["success"], … }` */
export async function conclusionsAt(stage: Stage, sha: string): Promise<Record<string, (string | null)[]>> {
  const runs = await runsAt(stage, sha);
  return Object.fromEntries(Object.entries(runs).map(([name, list]) => [name, list.map((run) => run.conclusion)]));
}

/** Comments of our App on the pull request. */
export function answers(stage: Stage, number: number): string[] {
  return stage.github
    .comments(stage.repository, number)
    .filter((comment) => comment.author === stage.app.botLogin)
    .map((comment) => comment.body);
}

/** So many different keys of AWS's format, one a line. */
export function plantedKeys(count: number): string {
  const stem = plantedKey().slice(0, -3);
  return Array.from({ length: count }, (_, n) => {
    const tail = `${"ABCDEFGH"[n % 8]}${"JKLMNPQR"[(n >> 3) % 8]}${"STUVWXYZ"[(n >> 6) % 8]}`;
    return `aws_access_key_id = ${stem}${tail}\n`;
  }).join("");
}

/** A path for a fault of the double that also tells when a request has arrived. */
export function noticed(pattern: RegExp): { path: RegExp; arrived: Promise<void> } {
  let tell = (): void => {};
  const arrived = new Promise<void>((resolve) => {
    tell = resolve;
  });
  class Noticing extends RegExp {
    override test(text: string): boolean {
      const matches = super.test(text);
      if (matches) tell();
      return matches;
    }
  }
  return { path: new Noticing(pattern), arrived };
}
