import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { plantedKey, type Stage, setStage, succeeded } from "../stage/stage.ts";
import { type CrashPoint, conclusionsAt, dieAndRestart, idle, noticed, openPull, pushBranch } from "./crash-stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());

/** How long GitHub works on the call that nobody waits for any more. */
const DELAY_MS = 3000;

/** Slow: whether the call was made cannot be known for as long as GitHub may still be at work on it. */
const POINTS: { what: string; slow?: true; point: Omit<CrashPoint, "on"> & { on(sha: string): string } }[] = [
  { what: "before the delivery is durable", point: { at: "queue.accept before", on: () => '"event":"pull_request"' } },
  {
    what: "after it is durable, before the 202",
    point: { at: "queue.accept after", on: () => '"event":"pull_request"' },
  },
  { what: "after the verdict, before anything is written", point: { at: "checker.evaluate after", on: (sha) => sha } },
  { what: "after the verdict is in the ledger", point: { at: "ledger.append after", on: (sha) => sha } },
  { what: "after the commit's record", point: { at: "records.put after", on: (sha) => `/${sha}/` } },
  {
    what: "after the intention, before the gate's first call",
    slow: true,
    point: { at: "github.createCheckRun before", on: () => "hms/gate" },
  },
  {
    what: "after the answer, before it is recorded",
    point: { at: "github.createCheckRun after", on: () => "hms/gate" },
  },
  {
    what: "after the first check was made, before the gate",
    point: { at: "github.createCheckRun after", on: () => "hms/scan/secrets" },
  },
  {
    what: "after a check is in the ledger",
    point: { at: "ledger.append after", on: () => "check_written" },
  },
];

for (const leaks of [false, true]) {
  test.each(POINTS.filter(({ slow }) => !(slow && leaks)))(
    `killed $what: ${leaks ? "a leaked key blocks" : "green"}, one run of each name`,
    async ({ what, point }) => {
      const branch = `${leaks ? "leak" : "fine"}-${what.replace(/\W+/g, "-")}`;
      const files = leaks ? { "config.txt": `key = ${plantedKey()}\n` } : undefined;
      const sha = await pushBranch(stage, branch, files);
      await dieAndRestart(stage, { ...point, on: point.on(sha) }, async () => {
        await openPull(stage, branch);
      });
      await idle(stage);
      const conclusion = leaks ? "failure" : "success";
      expect(await conclusionsAt(stage, sha)).toEqual({ "hms/gate": [conclusion], "hms/scan/secrets": [conclusion] });
    },
  );
}

test("killed with the call sent and its answer lost: the run is found, not posted again", async () => {
  const sha = await pushBranch(stage, "answer-lost");
  stage.github.fault({ method: "POST", path: /\/check-runs$/, dropConnection: "after", times: 1 });
  await dieAndRestart(stage, { at: "github.createCheckRun failed", on: sha }, async () => {
    await openPull(stage, "answer-lost");
  });
  await idle(stage);
  expect(await conclusionsAt(stage, sha)).toEqual({ "hms/gate": ["success"], "hms/scan/secrets": ["success"] });
});

test("killed while GitHub still works on the call: it is waited for, not posted again", async () => {
  const sha = await pushBranch(stage, "answer-late");
  const posts = () => stage.github.requests.list({ method: "POST", path: /\/check-runs$/ }).length;
  const before = posts();
  const { path, arrived } = noticed(/\/check-runs$/);
  stage.github.fault({ method: "POST", path, delayMs: DELAY_MS, times: 1 });
  await openPull(stage, "answer-late");
  await arrived;
  const handled = sleep(DELAY_MS + 300);
  await stage.restart("SIGKILL");
  await stage.check(sha, "hms/gate", succeeded);
  await handled;
  await idle(stage);
  expect(posts() - before).toBe(2);
  expect(await conclusionsAt(stage, sha)).toEqual({ "hms/gate": ["success"], "hms/scan/secrets": ["success"] });
});
