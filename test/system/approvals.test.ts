import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { RepositoryHandle } from "../doubles/github/github.ts";
import { plantedKey, type Stage, setStage } from "../stage/stage.ts";
import { checks, concluded, idle, newRepository, type OpenedPull, openPull } from "./scene.ts";

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const FILE = ".github/hms.yml";
const APPROVED = "version: 1\ngate:\n  approvals:\n    count: 1\n";

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());

const onMain = (repository: RepositoryHandle, text: string | null, branch = "main") =>
  stage.github.commit(repository, branch, { files: { [FILE]: text }, author: "linus", message: "Configuration" });

/** Everything that is under way comes to its end, and the gate is still what it was. */
async function stays(pull: OpenedPull, wanted: string): Promise<void> {
  await idle(stage);
  expect(checks(stage, pull.repository, pull.sha).at(-1)?.conclusion).toBe(wanted);
}

describe("approvals", () => {
  let repository: RepositoryHandle;
  beforeAll(async () => {
    repository = await newRepository(stage, { [FILE]: APPROVED });
  });
  const approve = (pull: OpenedPull, author: string, commitId?: string) =>
    stage.github.review(repository, pull.number, { author, state: "APPROVED", ...(commitId ? { commitId } : {}) });
  const waiting = async (options: Parameters<typeof openPull>[2] = {}) => {
    const pull = await openPull(stage, repository, options);
    await concluded(stage, pull, "action_required");
    return pull;
  };
  const pushed = (pull: OpenedPull, author: string) =>
    stage.github.commit(repository, pull.branch, {
      files: { "more.txt": `${Math.random()}\n` },
      author,
      message: "More",
    });

  test("by somebody with write access at this commit: counts", async () => {
    const pull = await waiting();
    approve(pull, "grace");
    await concluded(stage, pull, "success");
  });

  test("by a reader: does not count", async () => {
    const pull = await waiting();
    approve(pull, "mallory");
    await stays(pull, "action_required");
  });

  test("by the author: GitHub itself refuses it", async () => {
    const pull = await waiting();
    expect(() => approve(pull, "ada")).toThrow();
    await stays(pull, "action_required");
  });

  test("by the last pusher: does not count; by another: does", async () => {
    const pull = await waiting();
    pull.sha = await pushed(pull, "grace");
    await concluded(stage, pull, "action_required");
    approve(pull, "grace");
    await stays(pull, "action_required");
    approve(pull, "linus");
    await concluded(stage, pull, "success");
  });

  test("by who pushed what another opened: does not count", async () => {
    const sha = await stage.github.commit(repository, "handed-over", {
      files: { "handed.txt": "x\n" },
      author: "grace",
      message: "Hand over",
    });
    const { number } = await stage.github.openPull(repository, { head: "handed-over", author: "ada" });
    const pull = { repository, number, branch: "handed-over", sha };
    await concluded(stage, pull, "action_required");
    approve(pull, "grace");
    await stays(pull, "action_required");
  });

  test("for an older commit: does not count", async () => {
    const pull = await waiting();
    const old = pull.sha;
    pull.sha = await pushed(pull, "ada");
    await concluded(stage, pull, "action_required");
    approve(pull, "grace", old);
    await stays(pull, "action_required");
  });

  test("and then a push: it has to be given again", async () => {
    const pull = await waiting();
    approve(pull, "grace");
    await concluded(stage, pull, "success");
    pull.sha = await pushed(pull, "ada");
    await concluded(stage, pull, "action_required");
    approve(pull, "grace");
    await concluded(stage, pull, "success");
  });

  test("dismissed, or changes requested afterwards: does not count; a comment takes nothing back", async () => {
    const pull = await waiting();
    const { id } = approve(pull, "grace");
    await concluded(stage, pull, "success");
    stage.github.dismissReview(repository, pull.number, id, "linus");
    await concluded(stage, pull, "action_required");
    approve(pull, "grace");
    await concluded(stage, pull, "success");
    stage.github.review(repository, pull.number, { author: "grace", state: "COMMENTED" });
    await stays(pull, "success");
    stage.github.review(repository, pull.number, { author: "grace", state: "CHANGES_REQUESTED" });
    await concluded(stage, pull, "action_required");
  });

  test("by somebody who lost write access meanwhile: does not count when it is looked at again", async () => {
    const pull = await waiting();
    approve(pull, "grace");
    await concluded(stage, pull, "success");
    stage.github.setCollaborator(repository, "grace", "read");
    try {
      stage.github.comment(repository, pull.number, { author: "ada", body: "/hms retry" });
      await concluded(stage, pull, "action_required");
    } finally {
      stage.github.setCollaborator(repository, "grace", "write");
    }
  });

  test("by two where two are asked for; the same person twice is one", async () => {
    const two = await newRepository(stage, { [FILE]: APPROVED.replace("1\n", "2\n").replace("count: 1", "count: 2") });
    await onMain(two, "version: 1\ngate: { approvals: { count: 2 } }\n");
    const pull = await openPull(stage, two);
    await concluded(stage, pull, "action_required");
    for (const author of ["grace", "grace"]) stage.github.review(two, pull.number, { author, state: "APPROVED" });
    await stays(pull, "action_required");
    stage.github.review(two, pull.number, { author: "linus", state: "APPROVED" });
    await concluded(stage, pull, "success");
  });

  test("do not outweigh a key", async () => {
    const pull = await openPull(stage, repository, { files: { "a.env": `KEY=${plantedKey()}\n` } });
    await concluded(stage, pull, "failure");
    approve(pull, "grace");
    approve(pull, "linus");
    await stays(pull, "failure");
  });
});
