import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { plantedKey, type Stage, setStage } from "../stage/stage.ts";
import { conclusionsAt, idle, openPull, pushBranch } from "./crash-stage.ts";

const PULLS = 40;
const KILLS = 3;
/** Repeat a failure with `HMS_SEED=<n>`; how far a run gets before each kill still depends on the machine. */
const SEED = Number(process.env.HMS_SEED ?? Math.floor(Math.random() * 2 ** 31));

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());

test(`${PULLS} pull requests while the process is killed ${KILLS} times (seed ${SEED}): none is lost, none is doubled`, async () => {
  const random = mulberry32(SEED);
  const leaks = (n: number): boolean => n % 5 === 0;
  const branches = Array.from({ length: PULLS }, (_, n) => `burst-${n}`);
  const shas: string[] = [];
  for (const [n, branch] of branches.entries()) {
    shas.push(await pushBranch(stage, branch, { [`${branch}.txt`]: leaks(n) ? `key = ${plantedKey()}\n` : "text\n" }));
  }
  const killAt = Array.from({ length: KILLS }, () => Math.floor(random() * PULLS)).sort((a, b) => a - b);
  for (const [n, branch] of branches.entries()) {
    await openPull(stage, branch);
    for (const _ of killAt.filter((at) => at === n)) {
      await sleep(random() * 60);
      await stage.restart("SIGKILL");
    }
  }
  await stage.github.deliveriesSettled();
  await idle(stage);
  const wanted = Object.fromEntries(
    shas.map((sha, n) => {
      const conclusion = leaks(n) ? "failure" : "success";
      return [sha, { "hms/gate": [conclusion], "hms/scan/secrets": [conclusion] }];
    }),
  );
  const seen = Object.fromEntries(
    await Promise.all(shas.map(async (sha) => [sha, await conclusionsAt(stage, sha)] as const)),
  );
  expect(seen).toEqual(wanted);
});

/** A small generator with a good spread: https://github.com/cprosche/mulberry32 */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
