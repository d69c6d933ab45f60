import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Fault } from "../doubles/github/github.ts";
import { type Stage, setStage, succeeded } from "../stage/stage.ts";
import { WITHIN_MS } from "../stage/within.ts";
import { conclusionsAt, idle, openPull, pushBranch, queueStates, until } from "./crash-stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterEach(() => stage.github.clearFaults());
afterAll(() => stage.close());

const POST = { method: "POST", path: /\/check-runs$/ };
const ONCE_GREEN = { "hms/gate": ["success"], "hms/scan/secrets": ["success"] };
const HTML = "<html><body>Bad gateway</body></html>";
const page = { body: HTML, headers: { "content-type": "text/html" } };

const faults: [string, Fault][] = [
  ["the call arrives, its answer is lost", { ...POST, dropConnection: "after", times: 1 }],
  ["every second answer is lost", { ...POST, dropConnection: "after", times: 2 }],
  ["502 twice", { ...POST, status: 502, times: 2 }],
  ["a proxy's page with 502", { ...POST, ...page, status: 502, times: 1 }],
  ["a proxy's page with 200", { ...POST, ...page, status: 200, times: 1 }],
  ["502 where the pull request is read", { method: "GET", path: /\/pulls\/\d+$/, status: 502, times: 2 }],
  ["a proxy's page where the pull request is read", { path: /\/pulls\/\d+$/, ...page, status: 200, times: 1 }],
  ["no token is given", { method: "POST", path: /\/access_tokens$/, status: 503, times: 1 }],
];

test.each(faults)("%s: one run of each name in the end", async (what, fault) => {
  const branch = what.replace(/\W+/g, "-");
  const sha = await pushBranch(stage, branch);
  stage.github.fault(fault);
  await openPull(stage, branch);
  await stage.check(sha, "hms/gate", succeeded);
  await idle(stage);
  expect(await conclusionsAt(stage, sha)).toEqual(ONCE_GREEN);
});

test("a call that never arrives, and a 500: made again once they can have no effect any more", async () => {
  const branches = ["never-arrives", "error-500"];
  const shas = [await pushBranch(stage, "never-arrives"), await pushBranch(stage, "error-500")];
  stage.github.fault({ ...POST, dropConnection: "before", times: 1 });
  stage.github.fault({ ...POST, status: 500, times: 1 });
  for (const branch of branches) await openPull(stage, branch);
  for (const sha of shas) await stage.check(sha, "hms/gate", succeeded);
  await idle(stage);
  for (const sha of shas) expect(await conclusionsAt(stage, sha)).toEqual(ONCE_GREEN);
});

test.each([403, 429] as const)(
  "a secondary limit (%i) is waited for: no flood, no lost pull request",
  async (status) => {
    const branches = Array.from({ length: 10 }, (_, n) => `limited-${status}-${n}`);
    const shas: string[] = [];
    for (const branch of branches) shas.push(await pushBranch(stage, branch));
    await idle(stage);
    stage.github.requests.clear();
    stage.github.secondaryLimit(stage.installationId, { retryAfterS: 3, status });
    for (const branch of branches) await openPull(stage, branch);
    await stage.github.deliveriesSettled();
    await until(
      WITHIN_MS,
      async () => (await queueStates(stage)).leased === 0,
      () => "keys still run although GitHub asked to wait",
    );
    // Those that were under way when the first of them was told to wait.
    const refused = stage.github.requests.list({ status }).length;
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThanOrEqual(branches.length);
    for (const sha of shas) await stage.check(sha, "hms/gate", succeeded);
    await idle(stage);
    expect(stage.github.requests.list({ status }).length).toBe(refused);
    for (const sha of shas) expect(await conclusionsAt(stage, sha)).toEqual(ONCE_GREEN);
  },
);

test("the primary limit is waited for until its reset", async () => {
  const sha = await pushBranch(stage, "primary");
  await idle(stage);
  const reset = new Date(Math.ceil(Date.now() / 1000) * 1000 + 2000);
  stage.github.requests.clear();
  stage.github.setRateLimit(stage.installationId, { remaining: 0, reset });
  await openPull(stage, "primary");
  await stage.check(sha, "hms/gate", succeeded);
  await idle(stage);
  expect(Date.now()).toBeGreaterThanOrEqual(reset.getTime());
  expect(stage.github.requests.list({ status: 403 }).length).toBeLessThanOrEqual(2);
  expect(await conclusionsAt(stage, sha)).toEqual(ONCE_GREEN);
});
