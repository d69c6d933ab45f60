import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openSqlite } from "../../src/adapters/sqlite/engine.ts";
import { systemClock } from "../../src/ports/clock.ts";
import { type Stage, setStage } from "../stage/stage.ts";
import { idle, openPull, pushBranch } from "./crash-stage.ts";

const STRICT =
  "version: 1\ngate:\n  approvals: { count: 1 }\n  overrides:\n    - { rule: no-high-findings, permission: admin }\n";
const LAX = "version: 1\nscan: { secrets: { required: false } }\ngate: { mode: shadow, approvals: { count: 0 } }\n";

const RULE = "no-high-findings";

let stage: Stage;
beforeAll(async () => {
  stage = await setStage({ files: { ".github/hms.yml": STRICT } });
});
afterAll(() => stage.close());

const decided = (run: { conclusion: string | null }): boolean => run.conclusion !== null;

test("a pull request that loosens hms.yml is judged by the text of the default branch", async () => {
  const sha = await pushBranch(stage, "loosen", { ".github/hms.yml": LAX });
  const { number } = await openPull(stage, "loosen");
  const run = await stage.check(sha, "hms/gate", decided);
  expect(run.conclusion).toBe("action_required");
  expect(run.output.summary).toContain("trusted-paths-admin-approval");
  // Someone with write access is enough for the approval, not for the trusted file.
  stage.github.review(stage.repository, number, { author: "grace", state: "APPROVED" });
  await stage.github.deliveriesSettled();
  await idle(stage);
  expect((await stage.checkRuns(sha, "hms/gate")).map((one) => one.conclusion)).not.toContain("success");
  expect(await stage.checkRuns(sha, "hms/gate-shadow")).toEqual([]);
});

test("the same against a branch that has the lax text already", async () => {
  await pushBranch(stage, "lax-base", { ".github/hms.yml": LAX });
  const sha = await stage.github.commit(stage.repository, "into-lax", {
    files: { "work.txt": "work\n" },
    author: "ada",
    message: "Work",
    from: "lax-base",
  });
  await openPull(stage, "into-lax", "lax-base");
  const run = await stage.check(sha, "hms/gate", decided);
  expect(run.conclusion).toBe("action_required");
  expect(run.output.summary).toContain("approvals");
  expect(await stage.checkRuns(sha, "hms/gate-shadow")).toEqual([]);
});

test("the ledger answers for a pull request: verdicts with what they were made of, checks written, overrides; and its chain holds", async () => {
  const key = ["AKIA", "Q7XJ2MPL4TZRWB6N"].join("");
  const sha = await pushBranch(stage, "explained", { "config.txt": `key = ${key}\n` });
  const { number } = await openPull(stage, "explained");
  const denied = await stage.check(sha, "hms/gate", (run) => run.conclusion === "failure");
  expect(denied.output.summary).toContain(`/hms override ${RULE} ${sha}`);
  for (const author of ["linus", "barbara"])
    stage.github.comment(stage.repository, number, {
      author,
      body: `/hms override ${RULE} ${sha} a test key that was never valid`,
    });
  stage.github.review(stage.repository, number, { author: "grace", state: "APPROVED" });
  await stage.check(sha, "hms/gate", (run) => run.conclusion === "success");
  await stage.github.deliveriesSettled();
  await idle(stage);
  await stage.hms.kill("SIGTERM");

  const store = await openSqlite({ path: join(stage.environment.HMS_DATA_DIR ?? "", "hms.db"), clock: systemClock });
  try {
    const stream = `repository/${stage.installationId}/${stage.repository.id}`;
    expect(await store.ledger.verify(stream)).toBeUndefined();
    const subject = `pull/${stage.installationId}/${stage.repository.id}/${number}`;
    const entries = (await store.ledger.query({ stream, subject, limit: 100 })).reverse();
    const verdicts = entries.filter((entry) => entry.type === "verdict");
    expect(verdicts.map((entry) => entry.data.outcome)).toContain("deny");
    expect(verdicts.at(-1)?.data).toMatchObject({ outcome: "allow", sha });
    for (const verdict of verdicts) {
      const body = (await store.ledger.body(verdict.bodyDigest ?? "")) as {
        input: { pull_request: { head_sha: string } };
      };
      expect(body.input.pull_request.head_sha).toBe(sha);
      expect(verdict.data.decision).toMatch(/^dec_/);
      expect(verdict.data.inputDigest).toMatch(/^sha256:[0-9a-f]{64}$/);
    }
    const overrides = entries.filter((entry) => entry.type === "override");
    expect(overrides.map((entry) => entry.data)).toMatchObject([
      { by: "linus", permission: "admin", rule: RULE, sha },
      { by: "barbara", permission: "admin", rule: RULE, sha },
    ]);
    const commit = `commit/${stage.installationId}/${stage.repository.id}/${sha}`;
    const written = (
      await store.ledger.query({ stream, subject: commit, type: "check_written", limit: 100 })
    ).reverse();
    const gates = written.filter((entry) => entry.data.check === "hms/gate");
    expect(gates.at(-1)?.data).toMatchObject({
      state: { conclusion: "success" },
      decisions: [verdicts.at(-1)?.data.decision],
      pulls: [number],
    });
    expect(JSON.stringify([entries, written])).not.toContain(key);
  } finally {
    await store.close();
  }
});
