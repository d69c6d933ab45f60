import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { RepositoryHandle } from "../doubles/github/github.ts";
import { plantedKey, type Stage, setStage } from "../stage/stage.ts";
import { checks, concluded, idle, newRepository, openPull, until } from "./scene.ts";

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const KEY = plantedKey();
let stage: Stage;
let repository: RepositoryHandle;
beforeAll(async () => {
  stage = await setStage();
  repository = await newRepository(stage);
});
afterAll(() => stage.close());

const push = (branch: string, files: Record<string, string | Buffer | null>, message = "Change", author = "ada") =>
  stage.github.commit(repository, branch, { files, author, message });

/** What the gate shows from now on, until `done`: every state that differs from the one before. */
async function watched(sha: string, during: () => Promise<unknown>): Promise<string[]> {
  const seen: string[] = [];
  const look = (): void => {
    const run = checks(stage, repository, sha).at(-1);
    const state = run?.conclusion ?? run?.status ?? "none";
    if (seen.at(-1) !== state) seen.push(state);
  };
  const timer = setInterval(look, 1);
  try {
    look();
    await during();
    look();
  } finally {
    clearInterval(timer);
  }
  return seen;
}

describe("where the head lies and what state it is in", () => {
  test("a fork's pull request is gated, although GitHub lists it at no commit and in no check run", async () => {
    const fork = await stage.github.fork(repository, "mallory");
    const commit = (files: Record<string, string>) =>
      stage.github.commit(fork, "offer", { files, author: "mallory", message: "Offer" });
    const clean = await commit({ "offer.txt": "an offer\n" });
    const { number } = await stage.github.openPull(repository, { head: "mallory:offer", author: "mallory" });
    await concluded(stage, { repository, sha: clean }, "success");
    const listed = await stage.as("ada", "GET", `/repos/${repository.fullName}/commits/${clean}/pulls`);
    expect(listed.body).toEqual([]);
    const leaking = await commit({ "offer.env": `KEY=${KEY}\n` });
    await concluded(stage, { repository, sha: leaking }, "failure");
    await stage.github.closePull(repository, number);
    await idle(stage);
    expect(checks(stage, repository, leaking).map((run) => run.conclusion)).toEqual(["failure"]);
  });

  test("a draft waits for its author; ready, it passes; a draft again, it waits again", async () => {
    const pull = await openPull(stage, repository, { draft: true });
    const run = await concluded(stage, pull, "action_required");
    expect(run.output.title).toContain("ada");
    expect(run.output.summary).toContain("draft");
    await stage.github.markReady(repository, pull.number);
    await concluded(stage, pull, "success");
    await stage.github.convertToDraft(repository, pull.number);
    await concluded(stage, pull, "action_required");
  });

  test("a draft with a key is blocked, not only waiting", async () => {
    const pull = await openPull(stage, repository, { draft: true, files: { "a.env": `KEY=${KEY}\n` } });
    await concluded(stage, pull, "failure");
  });

  test("closed and opened again after a push that nobody gated", async () => {
    const pull = await openPull(stage, repository);
    await concluded(stage, pull, "success");
    await stage.github.closePull(repository, pull.number);
    const sha = await push(pull.branch, { "b.env": `KEY=${KEY}\n` });
    await idle(stage);
    expect(checks(stage, repository, sha)).toEqual([]);
    await stage.github.reopenPull(repository, pull.number);
    await concluded(stage, { repository, sha }, "failure");
  });

  test("closed and opened again with nothing new: still judged, and only one run", async () => {
    const pull = await openPull(stage, repository);
    await concluded(stage, pull, "success");
    for (let i = 0; i < 3; i++) {
      await stage.github.closePull(repository, pull.number);
      await stage.github.reopenPull(repository, pull.number);
    }
    await idle(stage);
    expect(checks(stage, repository, pull.sha).map((run) => run.conclusion)).toEqual(["success"]);
  });

  test("a force push to another history: the new head is judged by its own commits", async () => {
    const pull = await openPull(stage, repository, { files: { "c.env": `KEY=${KEY}\n` } });
    await concluded(stage, pull, "failure");
    const clean = await push("rewritten", { "c.env": "KEY=from-the-environment\n" });
    await stage.github.push(repository, pull.branch, clean, { by: "ada", force: true });
    await concluded(stage, { repository, sha: clean }, "success");
    await idle(stage);
    expect(checks(stage, repository, pull.sha).map((run) => run.conclusion)).toEqual(["failure"]);
  });
});

describe("one commit, two branches that it could be merged to", () => {
  /** `lax` has the key already; for `main` the same head brings it. */
  async function laxAndStrict(name: string) {
    const lax = `lax-${name}`;
    await push(lax, { [`${name}.env`]: `KEY=${KEY}\n` });
    const sha = await stage.github.commit(repository, `head-${name}`, {
      files: { [`${name}.txt`]: "more\n" },
      author: "ada",
      message: "More",
      from: lax,
    });
    const open = (base: string) => stage.github.openPull(repository, { head: `head-${name}`, base, author: "ada" });
    return { lax, sha, open };
  }

  test("the stricter verdict counts for both, whatever happens to the lax one; closing the strict one lifts it", async () => {
    const { lax, sha, open } = await laxAndStrict("both");
    const { number: easy } = await open(lax);
    await concluded(stage, { repository, sha }, "success");
    const { number: strict } = await open("main");
    const run = await concluded(stage, { repository, sha }, "failure");
    expect(run.output.summary).toContain("2 open pull requests share this commit");
    const seen = await watched(sha, async () => {
      for (let i = 0; i < 3; i++) {
        stage.github.comment(repository, easy, { author: "ada", body: "/hms retry" });
        await stage.github.convertToDraft(repository, easy);
        await stage.github.markReady(repository, easy);
      }
      await idle(stage);
    });
    expect(seen).not.toContain("success");
    await stage.github.closePull(repository, strict);
    await concluded(stage, { repository, sha }, "success");
  });

  test("the strict one first: opening the lax one never shows green", async () => {
    const { lax, sha, open } = await laxAndStrict("first");
    await open("main");
    await concluded(stage, { repository, sha }, "failure");
    const seen = await watched(sha, async () => {
      await open(lax);
      await idle(stage);
    });
    expect(seen).not.toContain("success");
    expect(seen.at(-1)).toBe("failure");
  });

  test("both at once", async () => {
    const { lax, sha, open } = await laxAndStrict("once");
    await Promise.all([open(lax), open("main")]);
    await idle(stage);
    expect(checks(stage, repository, sha).at(-1)?.conclusion).toBe("failure");
  });

  test("the base changed to the strict branch and back: judged anew each time, and once red never green for it", async () => {
    const { lax, sha, open } = await laxAndStrict("base");
    const { number } = await open(lax);
    await concluded(stage, { repository, sha }, "success");
    const seen = await watched(sha, async () => {
      await stage.github.changeBase(repository, number, "main");
      await idle(stage);
    });
    expect(seen.filter((state) => state !== "in_progress")).toEqual(["success", "failure"]);
    await stage.github.changeBase(repository, number, lax);
    await concluded(stage, { repository, sha }, "success");
  });

  test("held for one pull request: the commit waits for all of them", async () => {
    const { lax, sha, open } = await laxAndStrict("held");
    const tip = stage.github.refSha(repository, lax) ?? "";
    await stage.github.push(repository, "lax-too", tip, { by: "ada" });
    const { number } = await open(lax);
    const { number: other } = await open("lax-too");
    await concluded(stage, { repository, sha }, "success");
    stage.github.comment(repository, number, { author: "grace", body: "/hms hold" });
    const run = await concluded(stage, { repository, sha }, "action_required");
    expect(run.output.summary).toContain(`Pull request ${other} into`);
    stage.github.comment(repository, number, { author: "grace", body: "/hms unhold" });
    await concluded(stage, { repository, sha }, "success");
  });
});

test("merged: GitHub takes it, and nothing is written afterwards", async () => {
  const pull = await openPull(stage, repository);
  const { id, completed_at: completedAt } = await concluded(stage, pull, "success");
  await stage.github.merge(repository, pull.number, { by: "grace" });
  await idle(stage);
  expect(checks(stage, repository, pull.sha)).toMatchObject([{ id, conclusion: "success", completed_at: completedAt }]);
  expect((await stage.github.pull(repository, pull.number)).merged).toBe(true);
});

test("retargeted while its facts cannot be read: the green of the other base is taken back at once", async () => {
  const own = await newRepository(stage, { ".github/hms.yml": "version: 1\n" });
  const tip = stage.github.refSha(own, "main") ?? "";
  await stage.github.push(own, "lax", tip, { by: "ada" });
  const pull = await openPull(stage, own, { base: "lax" });
  await concluded(stage, pull, "success");
  const mend = stage.github.fault({ method: "GET", path: /\/contents\//, status: 502 });
  await stage.github.changeBase(own, pull.number, "main");
  await until(stage, "not green", () => checks(stage, own, pull.sha).at(-1)?.conclusion !== "success");
  mend();
  await concluded(stage, pull, "success");
});

test("GitHub's re-run button writes the same checks again", async () => {
  const pull = await openPull(stage, repository);
  const gate = await concluded(stage, pull, "success");
  stage.github.rerequestCheckRun(repository, Number(gate.id), "grace");
  await until(stage, "written again", () => checks(stage, repository, pull.sha).length > 1);
  await concluded(stage, pull, "success");
});
