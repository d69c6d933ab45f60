import { pino } from "pino";
import { beforeEach, expect, test } from "vitest";
import { openSqlite } from "../../src/adapters/sqlite/engine.ts";
import type { Engine } from "../../src/ports/engine.ts";
import { GitHubError, type GitHubFault } from "../../src/ports/github.ts";
import { createWorker, type Worker } from "../../src/worker/worker.ts";
import { temporaryPath } from "../adapters/sqlite/temporary-path.ts";
import { SettableClock } from "../contract/settable-clock.ts";

let clock: SettableClock;
let engine: Engine;
let worker: Worker;
/** Keys that ran, with how each run is to end. */
let ran: string[];
/** Runs whose ending is stored: from then on the clock may go forward. */
let endings: number;
let logged: Record<string, unknown>[];
let end: (key: string) => GitHubError | undefined;

beforeEach(async () => {
  clock = new SettableClock();
  engine = await openSqlite({ path: temporaryPath(), clock, random: () => 0 });
  ran = [];
  endings = 0;
  logged = [];
  const log = pino({ level: "info" }, { write: (line: string) => void logged.push(JSON.parse(line)) });
  worker = createWorker({
    queue: engine.queue,
    clock,
    log,
    concurrency: 1,
    leaseMs: 60_000,
    async reconcile({ key }) {
      ran.push(key);
      const error = end(key);
      if (error) throw error;
      return { kind: "done" };
    },
    ended: () => void endings++,
  });
  return async () => {
    await worker.drain(1000);
    await engine.close();
  };
});

const fault = (kind: GitHubFault, status: number, change: Partial<GitHubError> = {}) =>
  Object.assign(new GitHubError(kind, status, "no"), change);
const told = (msg: string) => logged.filter((line) => line.msg === msg);

test("an installation that GitHub refuses as a whole: its keys wait, its own finds out, others go on", async () => {
  end = (key) => (key.startsWith("pull/1/") ? fault("forbidden", 403, { about: "installation" }) : undefined);
  for (let i = 0; i < 20; i++) await engine.queue.enqueue(`pull/1/1/${i}`);
  await engine.queue.enqueue("pull/2/1/1");
  worker.start();
  await expect.poll(() => ran.includes("installation/1") && ran.includes("pull/2/1/1")).toBe(true);
  expect(ran.filter((key) => key.startsWith("pull/1/"))).toHaveLength(1);
  expect(told("installation cannot be used, its keys wait")).toHaveLength(1);
});

test("a missing permission is told once for all keys of the installation", async () => {
  end = () => fault("forbidden", 403, { missingPermission: "checks=write" });
  for (let i = 0; i < 5; i++) await engine.queue.enqueue(`pull/1/1/${i}`);
  worker.start();
  await expect.poll(() => endings).toBe(5);
  clock.advance(1000);
  await expect.poll(() => ran.length).toBe(10);
  expect(told("a permission is missing: its owner has to accept what the App asks for")).toMatchObject([
    { installationId: 1, permission: "checks=write" },
  ]);
});

test("a repository that was archived is left alone at once", async () => {
  end = () => new GitHubError("forbidden", 403, "GitHub answered 403: Repository was archived so is read-only.");
  await engine.queue.enqueue("commit/1/1/0123456789012345678901234567890123456789");
  worker.start();
  await expect.poll(async () => (await engine.queue.parked()).length).toBe(1);
});

test("GitHub is down: after five keys all others wait for one that looks, and go on when it is back", async () => {
  let down = true;
  end = () => (down ? fault("unavailable", 502) : undefined);
  for (let i = 0; i < 50; i++) await engine.queue.enqueue(`pull/1/1/${i}`);
  worker.start();
  await expect.poll(() => told("GitHub does not answer, all keys wait").length).toBe(1);
  await expect.poll(() => endings).toBe(5);
  expect(ran).toHaveLength(5);
  expect(worker.waitsUntilMs()).toBe(clock.now() + 1000);
  down = false;
  clock.advance(1000);
  await expect.poll(() => ran.length).toBeGreaterThanOrEqual(50);
  expect(told("GitHub answers again")).toHaveLength(1);
  expect(worker.waitsUntilMs()).toBeUndefined();
});
