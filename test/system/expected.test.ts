import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { RepositoryHandle } from "../doubles/github/github.ts";
import { plantedKey, type Stage, setStage } from "../stage/stage.ts";
import { checks, concluded, idle, newRepository, type OpenedPull, openPull, until } from "./scene.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 });

/*
 * A required check that nobody reports stays "expected" and blocks for ever. Here are the ways in which a pull request comes to a head that
 * nothing was said about yet. Those that are told elsewhere: forks, drafts, reopening, force pushes and other bases in `pull-requests`,
 * lost deliveries in `deliveries`, merge groups in `merge-queue`.
 */

let stage: Stage;
let repository: RepositoryHandle;
beforeAll(async () => {
  stage = await setStage();
  repository = await newRepository(stage);
});
afterAll(() => stage.close());

const commit = (branch: string, files: Record<string, string | null>, from = "main", author = "ada") =>
  stage.github.commit(repository, branch, { files, author, message: `Work on ${branch}`, from });
const at = (sha: string) => ({ repository, sha });

async function open(head: string, options: { base?: string; draft?: boolean } = {}): Promise<OpenedPull> {
  const { number } = await stage.github.openPull(repository, { head, author: "ada", ...options });
  return { repository, number, branch: head, sha: stage.github.refSha(repository, head) ?? "" };
}

describe("a head that was told of before", () => {
  test("judged for a pull request that was closed, and opened again as another one", async () => {
    const sha = await commit("twice", { "twice.txt": "1\n" });
    const first = await open("twice");
    await concluded(stage, at(sha), "success");
    await stage.github.closePull(repository, first.number);
    await idle(stage);
    const second = await open("twice");
    await idle(stage);
    await concluded(stage, at(sha), "success");
    stage.github.comment(repository, second.number, { author: "grace", body: "/hms hold" });
    await concluded(stage, at(sha), "action_required");
  });

  test("pushed back to the commit that it had before", async () => {
    const first = await commit("back", { "back.txt": "1\n" });
    const pull = await open("back");
    await concluded(stage, at(first), "success");
    const second = await stage.github.commit(repository, "back", {
      files: { "b.txt": "2\n" },
      author: "ada",
      message: "2",
    });
    await concluded(stage, at(second), "success");
    await stage.github.push(repository, pull.branch, first, { by: "ada", force: true });
    stage.github.comment(repository, pull.number, { author: "grace", body: "/hms hold" });
    await concluded(stage, at(first), "action_required");
  });

  test("the head of another branch too, with a pull request to another base", async () => {
    const sha = await commit("shared", { "shared.txt": "1\n" });
    await stage.github.push(repository, "release", stage.github.refSha(repository, "main") ?? "", { by: "ada" });
    await open("shared");
    await open("shared", { base: "release" });
    const gate = await concluded(stage, at(sha), "success");
    expect(gate.output.summary).toContain("into `release`");
  });
});

describe("a pull request of an unusual size", () => {
  test("no files: its commits take back one another", async () => {
    await commit("undone", { "undone.txt": "1\n" });
    const sha = await stage.github.commit(repository, "undone", {
      files: { "undone.txt": null },
      author: "ada",
      message: "No",
    });
    const pull = await open("undone");
    expect((await stage.github.pull(repository, pull.number)).changed_files).toBe(0);
    await concluded(stage, at(sha), "success");
  });

  test("no commits: its new base has them all", async () => {
    const sha = await commit("taken", { "taken.txt": "1\n" });
    const pull = await open("taken");
    await concluded(stage, at(sha), "success");
    await stage.github.push(repository, "has-it", sha, { by: "ada" });
    await stage.github.changeBase(repository, pull.number, "has-it");
    await idle(stage);
    await concluded(stage, at(sha), "success");
  });

  test("300 commits: GitHub lists 250 of them, the comparison has all", async () => {
    let sha = "";
    for (let i = 0; i < 300; i++) sha = await commit("long", { "long.txt": `${i}\n` });
    await open("long");
    await concluded(stage, at(sha), "success");
  });

  test("a commit of more files than GitHub lists is refused, and says what to do", async () => {
    const files = Object.fromEntries(Array.from({ length: 3_100 }, (_, i) => [`many/${i}.txt`, `${i}\n`]));
    const sha = await commit("many", files);
    await open("many");
    const gate = await until(stage, "a conclusion", () => checks(stage, repository, sha).find((run) => run.conclusion));
    expect(gate.conclusion).toBe("failure");
    expect(gate.output.summary).toContain("Split what was too large");
  });
});

test("a fork's head whose repository was deleted", async () => {
  const fork = await stage.github.fork(repository, "mallory", "shop-of-mallory");
  const sha = await stage.github.commit(fork, "gift", {
    files: { "gift.txt": "1\n" },
    author: "mallory",
    message: "Gift",
  });
  stage.github.holdDeliveries(stage.app);
  const { number } = await stage.github.openPull(repository, { head: "mallory:gift", author: "mallory" });
  stage.github.deleteRepository(fork);
  expect((await stage.github.pull(repository, number)).head.repo).toBeNull();
  stage.github.releaseDeliveries(stage.app);
  await concluded(stage, at(sha), "success");
});

test("facts that cannot be had from the start: it is told that it waits, and why, and is decided once they can", async () => {
  const own = await newRepository(stage, { ".github/hms.yml": "version: 1\n" });
  const mend = stage.github.fault({
    method: "GET",
    path: new RegExp(`/repos/${own.fullName}/commits/[0-9a-f]{40}(?:[?]|$)`),
    status: 502,
  });
  const pull = await openPull(stage, own, { files: { "a.env": `KEY=${plantedKey()}\n` } });
  const waiting = await concluded(stage, pull, "in_progress");
  expect(waiting.output.title).toContain("Not decided yet");
  mend();
  await concluded(stage, pull, "failure");
});

test("what is not green is told although the commit's pull requests cannot be listed; what is green waits for the list", async () => {
  const own = await newRepository(stage);
  const pull = await openPull(stage, own);
  await concluded(stage, pull, "success");
  const mend = stage.github.fault({
    method: "GET",
    path: new RegExp(`/repos/${own.fullName}/commits/.*/pulls`),
    status: 502,
  });
  stage.github.comment(own, pull.number, { author: "grace", body: "/hms hold" });
  await concluded(stage, pull, "action_required");
  const unseen = await openPull(stage, own);
  await idle(stage);
  expect(checks(stage, own, unseen.sha)).toEqual([]);
  mend();
  await concluded(stage, unseen, "success");
});

// Last: from here on the installation is one of selected repositories.
describe("a pull request that was there before us", () => {
  test("opened while the App could not see the repository", async () => {
    const hidden = await newRepository(stage);
    stage.github.changeInstallation(stage.installationId, { add: [repository.fullName], remove: [hidden.fullName] });
    const pull = await openPull(stage, hidden);
    await idle(stage);
    expect(checks(stage, hidden, pull.sha)).toEqual([]);
    stage.github.changeInstallation(stage.installationId, { add: [hidden.fullName] });
    await concluded(stage, pull, "success");
  });

  test("opened before the App was installed at all", async () => {
    const elsewhere = await stage.github.createRepository("grace", "notes", { files: { "README.md": "# notes\n" } });
    const sha = await stage.github.commit(elsewhere, "change", {
      files: { "a.txt": "a\n" },
      author: "grace",
      message: "A",
    });
    await stage.github.openPull(elsewhere, { head: "change", author: "grace" });
    stage.github.install(stage.app, "grace");
    await concluded(stage, { repository: elsewhere, sha }, "success");
  });
});
