import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Fault } from "../doubles/github/github.ts";
import { startHms } from "../stage/process.ts";
import { type Stage, setStage, succeeded } from "../stage/stage.ts";
import { WITHIN_MS } from "../stage/within.ts";
import { openPull, pushBranch, until } from "./crash-stage.ts";

const CHILD = new URL("broken-checker-child.ts", import.meta.url).pathname;
const failing = (text: string): number => text.split("run failed, will be tried again").length - 1;

let stage: Stage;
beforeAll(async () => {
  stage = await setStage({
    files: { ".github/hms.yml": "version: 1\ngate:\n  approvals: { count: 1 }\n" },
  });
});
afterEach(() => stage.github.clearFaults());
afterAll(() => stage.close());

async function conclusions(sha: string): Promise<(string | null)[]> {
  return (await stage.checkRuns(sha, "hms/gate")).map((run) => run.conclusion);
}

/** An approved pull request that would be green if nothing were broken. */
async function approved(branch: string): Promise<{ sha: string; number: number }> {
  const sha = await pushBranch(stage, branch);
  const { number } = await openPull(stage, branch);
  stage.github.review(stage.repository, number, { author: "grace", state: "APPROVED" });
  return { sha, number };
}

const MISSING: [string, Fault][] = [
  ["the reviews cannot be read", { path: /\/reviews/, status: 500 }],
  [
    "the configuration cannot be read",
    { path: /\/contents\/\.github\/hms\.yml/, status: 403, body: { message: "no" } },
  ],
  ["the commit cannot be read", { path: /\/commits\/[0-9a-f]{40}(\?|$)/, status: 502 }],
  ["the commit has no files where there are some", { path: /\/commits\/[0-9a-f]{40}(\?|$)/, status: 200, body: {} }],
  ["the reviewer's permission cannot be read", { path: /\/permission$/, status: 500 }],
];

test.each(MISSING)("%s: never green while it lasts, green once it is over", async (what, fault) => {
  const disarm = stage.github.fault(fault);
  const before = failing(stage.hms.output());
  const { sha } = await approved(what.replace(/\W+/g, "-"));
  await until(
    WITHIN_MS,
    () => failing(stage.hms.output()) >= before + 2,
    () => `it was not tried twice\n${stage.hms.output().slice(-3000)}`,
  );
  expect(await conclusions(sha)).not.toContain("success");
  disarm();
  await stage.check(sha, "hms/gate", succeeded);
});

test("a list of commits that stops early: never green", async () => {
  const branch = "cut-list";
  await pushBranch(stage, branch);
  const sha = await stage.github.commit(stage.repository, branch, {
    files: { "second.txt": "2\n" },
    author: "ada",
    message: "Second",
  });
  const disarm = stage.github.fault({ path: /\/pulls\/\d+\/commits/, status: 200, body: [] });
  const { number } = await openPull(stage, branch);
  stage.github.review(stage.repository, number, { author: "grace", state: "APPROVED" });
  const run = await stage.check(sha, "hms/gate", (one) => one.output.summary.includes("commits"));
  expect(run.conclusion).toBeNull();
  expect(await conclusions(sha)).not.toContain("success");
  disarm();
  stage.github.comment(stage.repository, number, { author: "grace", body: "/hms retry" });
  await stage.check(sha, "hms/gate", succeeded);
});

test("a green gate is taken back when its approvals can no longer be read", async () => {
  const { sha, number } = await approved("taken-back");
  await stage.check(sha, "hms/gate", succeeded);
  const disarm = stage.github.fault({ path: /\/reviews/, status: 500 });
  stage.github.comment(stage.repository, number, { author: "grace", body: "/hms retry" });
  const run = await stage.check(sha, "hms/gate", (one) => one.conclusion !== "success");
  expect(run.status).toBe("in_progress");
  disarm();
  await stage.check(sha, "hms/gate", succeeded);
});

describe("a broken checker", () => {
  test.each(["throws", "nothing", "allow-not-true"])("%s: never green", async (how) => {
    await stage.restart("SIGTERM", { BROKEN_CHECKER: how }, { program: CHILD });
    const { sha } = await approved(`checker-${how}`);
    const run = await stage.check(sha, "hms/gate", () => true);
    expect(run.conclusion).not.toBe("success");
    expect(await conclusions(sha)).not.toContain("success");
    await stage.restart("SIGKILL");
    await stage.check(sha, "hms/gate", succeeded);
  });

  test("a bundle that does not load: the process refuses to start and says why", async () => {
    await stage.hms.kill("SIGTERM");
    const path = join(stage.environment.HMS_DATA_DIR ?? "", "broken.tar.gz");
    writeFileSync(path, "this is no bundle");
    const process = await startHms({ ...stage.environment, HMS_POLICY_BUNDLE: path }, { dontWait: true });
    expect(await process.exited).toBe(1);
    expect(process.output()).toContain("cannot start");
    await stage.restart();
  });
});
