import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { RepositoryHandle } from "../doubles/github/github.ts";
import { plantedKey, type Stage, setStage } from "../stage/stage.ts";
import { answers, checks, concluded, deliver, delivered, idle, metrics, newRepository, openPull } from "./scene.ts";

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let stage: Stage;
let repository: RepositoryHandle;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());

/** One run of each name, and the gate as wanted. */
async function oneOfEach(at: { repository: RepositoryHandle; sha: string }, conclusion: string): Promise<void> {
  await concluded(stage, at, conclusion);
  await idle(stage);
  expect(checks(stage, at.repository, at.sha).map((run) => run.conclusion)).toEqual([conclusion]);
  expect(checks(stage, at.repository, at.sha, "hms/scan/secrets")).toHaveLength(1);
}

/** Holds back what GitHub has to tell while `happens`, then lets it go as `arranged`. */
async function rearranged(
  happens: () => Promise<void>,
  arranged: Parameters<Stage["github"]["releaseDeliveries"]>[1],
): Promise<void> {
  await idle(stage);
  stage.github.holdDeliveries(stage.app);
  await happens();
  // The deliveries are queued in the turn after the event.
  await new Promise((resolve) => setImmediate(resolve));
  stage.github.releaseDeliveries(stage.app, arranged);
}

test("every delivery doubled: each pull request has one of each check, each command one answer", async () => {
  repository = await newRepository(stage);
  const pulls: Awaited<ReturnType<typeof openPull>>[] = [];
  await rearranged(
    async () => {
      for (let i = 0; i < 5; i++) {
        const pull = await openPull(stage, repository);
        stage.github.comment(repository, pull.number, { author: "ada", body: "/hms why" });
        pulls.push(pull);
      }
    },
    (waiting) => waiting.flatMap((delivery) => [delivery, delivery]),
  );
  for (const pull of pulls) {
    await oneOfEach(pull, "success");
    expect(answers(stage, pull)).toHaveLength(1);
    expect(stage.github.comments(repository, pull.number)[0]?.reactions).toHaveLength(1);
  }
  expect(delivered(await metrics(stage), "pull_request", "duplicate")).toBeGreaterThanOrEqual(5);
});

test("doubled under other delivery ids, which are not signed: the same", async () => {
  repository = await newRepository(stage);
  const pull = await openPull(stage, repository);
  stage.github.comment(repository, pull.number, { author: "ada", body: "/hms help" });
  await idle(stage);
  for (const one of stage.github.deliveries(stage.app).filter((delivery) => delivery.repositoryId === repository.id))
    await deliver(stage, one.event, one.body);
  await oneOfEach(pull, "success");
  expect(answers(stage, pull)).toHaveLength(1);
});

test.each(["backwards", "by chance"])(
  "opened, pushed, pushed, deliveries %s: the last commit is judged",
  async (how) => {
    repository = await newRepository(stage);
    let pull = await openPull(stage, repository);
    await rearranged(
      async () => {
        pull = await openPull(stage, repository);
        for (const text of [plantedKey(), "no key"]) {
          pull.sha = await stage.github.commit(repository, pull.branch, {
            files: { "settings.env": `KEY=${text}\n` },
            author: "ada",
            message: "Change",
          });
        }
      },
      (waiting) =>
        how === "backwards"
          ? [...waiting].reverse()
          : [...waiting].sort((a, b) => ((a.id * 7919) % 13) - ((b.id * 7919) % 13)),
    );
    // The key is in the history of the last commit.
    await oneOfEach(pull, "failure");
  },
);

test("closed before opened: nothing is written, and opening again gates it", async () => {
  repository = await newRepository(stage);
  let pull = await openPull(stage, repository);
  await rearranged(
    async () => {
      pull = await openPull(stage, repository);
      await stage.github.closePull(repository, pull.number);
    },
    (waiting) => [...waiting].reverse(),
  );
  await idle(stage);
  expect(checks(stage, repository, pull.sha)).toEqual([]);
  await stage.github.reopenPull(repository, pull.number);
  await oneOfEach(pull, "success");
});

test("reopened before closed: the gate stands", async () => {
  repository = await newRepository(stage);
  const pull = await openPull(stage, repository);
  await rearranged(
    async () => {
      await stage.github.closePull(repository, pull.number);
      await stage.github.reopenPull(repository, pull.number);
    },
    (waiting) => [...waiting].reverse(),
  );
  await oneOfEach(pull, "success");
});

test("late by ten seconds of other work: an old push's delivery does not bring its verdict back", async () => {
  repository = await newRepository(stage);
  const pull = await openPull(stage, repository);
  await concluded(stage, pull, "success");
  await idle(stage);
  const first = stage.github.deliveries(stage.app).findLast((one) => one.event === "pull_request");
  const bad = await stage.github.commit(repository, pull.branch, {
    files: { "settings.env": `KEY=${plantedKey()}\n` },
    author: "ada",
    message: "Change",
  });
  await oneOfEach({ repository, sha: bad }, "failure");
  expect(await deliver(stage, "pull_request", first?.body ?? "")).toMatchObject({ result: "accepted" });
  await idle(stage);
  expect(checks(stage, repository, bad).map((run) => run.conclusion)).toEqual(["failure"]);
  // What was green there was taken back with the push.
  expect(checks(stage, repository, pull.sha).map((run) => run.conclusion)).toEqual(["success", null]);
});

test("redelivered after it was taken: nothing happens twice", async () => {
  repository = await newRepository(stage);
  const pull = await openPull(stage, repository);
  stage.github.comment(repository, pull.number, { author: "grace", body: "/hms hold not before Monday" });
  await concluded(stage, pull, "action_required");
  stage.github.comment(repository, pull.number, { author: "grace", body: "/hms unhold" });
  await concluded(stage, pull, "success");
  await idle(stage);
  const mine = stage.github.deliveries(stage.app).filter((one) => one.repositoryId === repository.id);
  for (const one of mine) stage.github.redeliver(one.id);
  // The same bodies under new ids, as after the eight days that ids are remembered.
  for (const one of mine) await deliver(stage, one.event, one.body);
  await oneOfEach(pull, "success");
  expect(answers(stage, pull)).toEqual([]);
});

test("never delivered: the sweep of the next start finds it", async () => {
  repository = await newRepository(stage);
  await idle(stage);
  stage.github.failDeliveries(stage.app, { count: 50 });
  const pull = await openPull(stage, repository, { files: { "settings.env": `KEY=${plantedKey()}\n` } });
  await idle(stage);
  expect(checks(stage, repository, pull.sha)).toEqual([]);
  stage.github.failDeliveries(stage.app, { count: 0 });
  await stage.restart("SIGTERM");
  await oneOfEach(pull, "failure");
});
