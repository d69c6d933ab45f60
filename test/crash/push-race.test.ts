import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { plantedKey, type Stage, setStage } from "../stage/stage.ts";
import { conclusionsAt, idle, noticed, openPull, pushBranch } from "./crash-stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await setStage({
    files: { ".github/hms.yml": "version: 1\ngate:\n  approvals: { count: 1 }\n" },
  });
});
afterEach(() => stage.github.clearFaults());
afterAll(() => stage.close());

const waiting = (conclusion: string | null | undefined): boolean => conclusion === "action_required";

/** Where the run is when the new commit arrives. */
const MOMENTS: [string, RegExp, string][] = [
  ["the pull request is read", /\/pulls\/\d+$/, "GET"],
  ["its commits are read", /\/commits\/[0-9a-f]{40}/, "GET"],
  ["its approvals are read", /\/pulls\/\d+\/reviews/, "GET"],
  ["its checks are written", /\/check-runs(\/\d+)?$/, "PATCH"],
];

test.each(MOMENTS)(
  "pushed while %s: each commit has its own verdict, the approval stays behind",
  async (what, pattern, method) => {
    const branch = what.replace(/\W+/g, "-");
    const clean = await pushBranch(stage, branch);
    const pull = await openPull(stage, branch);
    await stage.check(clean, "hms/gate", (run) => waiting(run.conclusion));
    const { path, arrived } = noticed(pattern);
    stage.github.fault({ method, path, delayMs: 700, times: 1 });
    stage.github.review(stage.repository, pull.number, { author: "grace", state: "APPROVED" });
    await arrived;
    const leaking = await stage.github.commit(stage.repository, branch, {
      files: { "config.txt": `key = ${plantedKey()}\n` },
      author: "ada",
      message: "Oops",
    });
    await stage.check(leaking, "hms/gate", (run) => run.conclusion === "failure");
    await idle(stage);
    expect((await conclusionsAt(stage, leaking))["hms/gate"]).toEqual(["failure"]);
    expect((await conclusionsAt(stage, leaking))["hms/scan/secrets"]).toEqual(["failure"]);
    expect((await conclusionsAt(stage, clean))["hms/scan/secrets"]).toEqual(["success"]);
    // The old commit was approved, and that was taken back, or was not read in time; what the new one brought never shows on it.
    const [old] = await stage.checkRuns(clean, "hms/gate");
    expect([null, "action_required"]).toContain(old?.conclusion);
    expect(old?.output.summary).not.toContain("critical");
  },
);

test("an approval of the old commit does not count for the new one, pushed while it is judged", async () => {
  const first = await pushBranch(stage, "approved-then-pushed");
  const pull = await openPull(stage, "approved-then-pushed");
  await stage.check(first, "hms/gate", (run) => waiting(run.conclusion));
  const { path, arrived } = noticed(/\/reviews/);
  stage.github.fault({ path, delayMs: 700, times: 1 });
  stage.github.review(stage.repository, pull.number, { author: "grace", state: "APPROVED" });
  await arrived;
  const second = await stage.github.commit(stage.repository, "approved-then-pushed", {
    files: { "more.txt": "more\n" },
    author: "ada",
    message: "More",
  });
  await stage.check(second, "hms/gate", (run) => run.conclusion !== null);
  await idle(stage);
  expect((await conclusionsAt(stage, second))["hms/gate"]).toEqual(["action_required"]);
  const merge = await stage.as("linus", "GET", `/repos/acme/shop/pulls/${pull.number}`);
  expect((merge.body as { head: { sha: string } }).head.sha).toBe(second);
});

test("a commit that touches hms.yml is not read as harmless because a push took it back meanwhile", async () => {
  const touching = await pushBranch(stage, "there-and-back", { ".github/hms.yml": "version: 1\n" });
  const { path, arrived } = noticed(/\/pulls\/\d+\/files/);
  stage.github.fault({ path, delayMs: 700, times: 1 });
  const pull = await openPull(stage, "there-and-back");
  await arrived;
  await stage.github.commit(stage.repository, "there-and-back", {
    files: { ".github/hms.yml": "version: 1\ngate:\n  approvals: { count: 1 }\n" },
    author: "ada",
    message: "Put back",
  });
  await stage.check(touching, "hms/gate", (run) => run.conclusion !== null);
  await idle(stage);
  const runs = await stage.checkRuns(touching, "hms/gate");
  expect(runs[0]?.output.summary).toContain("trusted-paths-admin-approval");
  expect(pull.number).toBeGreaterThan(0);
});
