import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { RepositoryHandle } from "../doubles/github/github.ts";
import { plantedKey, type Stage, setStage } from "../stage/stage.ts";
import { answers, checks, concluded, idle, inClone, newRepository, type OpenedPull, openPull, until } from "./scene.ts";

vi.setConfig({ testTimeout: 40_000, hookTimeout: 40_000 });

const FILE = ".github/hms.yml";
const ONE = "version: 1\ngate: { approvals: { count: 1 } }\n";
const OVERRIDABLE =
  "version: 1\ngate: { overrides: [{ rule: no-critical-findings, permission: admin }, { rule: no-high-findings, permission: admin }] }\n";

let stage: Stage;
let repository: RepositoryHandle;
beforeAll(async () => {
  stage = await setStage();
  repository = await newRepository(stage, { [FILE]: ONE });
});
afterAll(() => stage.close());

const approve = (pull: OpenedPull, author: string) =>
  stage.github.review(pull.repository, pull.number, { author, state: "APPROVED" });

async function stays(pull: OpenedPull, wanted: string): Promise<void> {
  await concluded(stage, pull, wanted);
  await idle(stage);
  const gate = checks(stage, pull.repository, pull.sha).at(-1);
  expect(gate?.conclusion ?? gate?.status).toBe(wanted);
}

/** What `act` makes GitHub tell is lost, but for events that do not say who pushed. */
async function untold<T>(act: () => Promise<T>): Promise<T> {
  stage.github.holdDeliveries(stage.app);
  const result = await act();
  stage.github.releaseDeliveries(stage.app, (waiting) => {
    const lost = waiting.filter((one) => one.event === "push" || one.action === "synchronize");
    for (const one of lost) one.outcome ??= { status: 0, statusText: "lost", at: new Date() } as never;
    return waiting.filter((one) => !lost.includes(one));
  });
  return result;
}

/** GitHub does not show its record of pushes; what is left of the installation's quota it tells as ever. */
const silentRecord = () =>
  stage.github.fault({
    path: /\/activity/,
    status: 404,
    body: { message: "Not Found" },
    headers: { "x-ratelimit-limit": "5000", "x-ratelimit-remaining": "4900" },
  });

/** A commit that says that linus made it, pushed by somebody else. */
function forged(pull: OpenedPull, by: string): Promise<string> {
  return inClone(stage, pull.repository, by, async ({ git }) => {
    await git("checkout", "--quiet", pull.branch);
    const name = ["-c", "user.name=linus", "-c", "user.email=linus@example.com"];
    await git(...name, "commit", "--quiet", "--allow-empty", "-m", `Forged ${Math.random()}`);
    await git("push", "--quiet", "origin", pull.branch);
    return git("rev-parse", "HEAD");
  });
}

describe("a push that no delivery told of", () => {
  const pulled = async (by: string) => {
    const pull = await openPull(stage, repository);
    await concluded(stage, pull, "action_required");
    pull.sha = await untold(() => forged(pull, by));
    stage.github.comment(repository, pull.number, { author: "ada", body: "/hms retry" });
    await concluded(stage, pull, "action_required");
    return pull;
  };

  test("is asked of GitHub's record of the branch, once, whatever its commit says", async () => {
    const pull = await pulled("grace");
    approve(pull, "grace");
    await stays(pull, "action_required");
    approve(pull, "linus");
    await concluded(stage, pull, "success");
    const asked = stage.github.requests.list({ path: /\/activity\?/ }).filter(({ path }) => path.includes(pull.branch));
    expect(asked).toHaveLength(1);
  });

  test("and of which GitHub does not say it: nobody counts as independent", async () => {
    const back = silentRecord();
    const pull = await openPull(stage, repository);
    await concluded(stage, pull, "action_required");
    pull.sha = await untold(() => forged(pull, "grace"));
    stage.github.comment(repository, pull.number, { author: "ada", body: "/hms retry" });
    const gate = await concluded(stage, pull, "in_progress");
    expect(gate.output?.summary).toContain("Nobody knows who pushed last");
    approve(pull, "linus");
    await stays(pull, "in_progress");
    back();
    stage.github.comment(repository, pull.number, { author: "ada", body: "/hms retry" });
    await concluded(stage, pull, "success");
  });
});

test("an override while nobody knows who pushed is refused with plain words, and taken once it is known", async () => {
  const lenient = await newRepository(stage, { [FILE]: OVERRIDABLE });
  const pull = await openPull(stage, lenient, { files: { "a.env": `KEY=${plantedKey()}\n` } });
  await concluded(stage, pull, "failure");
  const back = silentRecord();
  pull.sha = await untold(() => forged(pull, "grace"));
  stage.github.comment(lenient, pull.number, { author: "ada", body: "/hms retry" });
  const gate = await concluded(stage, pull, "failure");
  const rule = /no-(?:critical|high)-findings/.exec(gate.output?.summary ?? "")?.[0];
  const line = `/hms override ${rule} ${pull.sha} test key`;
  stage.github.comment(lenient, pull.number, { author: "linus", body: line });
  await until(stage, "an answer", () => answers(stage, pull).length === 1);
  expect(answers(stage, pull)[0]).toContain("It is not known who pushed last");
  back();
  for (const author of ["linus", "barbara"]) stage.github.comment(lenient, pull.number, { author, body: line });
  await concluded(stage, pull, "success");
});

describe("a fork", () => {
  test("of the author's own: they stand for it, and another's approval counts", async () => {
    const fork = await stage.github.fork(repository, "mallory");
    const sha = await stage.github.commit(fork, "offer", { files: { a: "a\n" }, author: "mallory", message: "Offer" });
    const { number } = await stage.github.openPull(repository, { head: "mallory:offer", author: "mallory" });
    const pull = { repository, number, branch: "offer", sha };
    await concluded(stage, pull, "action_required");
    approve(pull, "grace");
    await concluded(stage, pull, "success");
  });

  test("of somebody else: nobody can say who pushed, so it waits until somebody pushes again", async () => {
    const own = await newRepository(stage, { [FILE]: ONE });
    const fork = await stage.github.fork(own, "grace");
    stage.github.setCollaborator(fork, "mallory", "write");
    const sha = await stage.github.commit(fork, "offer", { files: { a: "a\n" }, author: "mallory", message: "Offer" });
    const { number } = await stage.github.openPull(own, { head: "grace:offer", author: "mallory" });
    const pull = { repository: own, number, branch: "offer", sha };
    await concluded(stage, pull, "in_progress");
    approve(pull, "linus");
    await stays(pull, "in_progress");
    pull.sha = await stage.github.commit(fork, "offer", { files: { b: "b\n" }, author: "mallory", message: "More" });
    await concluded(stage, pull, "action_required");
    approve(pull, "linus");
    await concluded(stage, pull, "success");
  });
});

describe("a renamed account", () => {
  test("is who it was: the author, the pusher, the approver", async () => {
    const own = await newRepository(stage, { [FILE]: ONE });
    stage.github.createUser("edsger");
    stage.github.setCollaborator(own, "edsger", "write");
    const pull = await openPull(stage, own);
    pull.sha = await stage.github.commit(own, pull.branch, { files: { x: "x\n" }, author: "edsger", message: "His" });
    await concluded(stage, pull, "action_required");
    stage.github.renameAccount("edsger", "dijkstra");
    approve(pull, "dijkstra");
    await stays(pull, "action_required");
    approve(pull, "grace");
    await concluded(stage, pull, "success");
  });

  test("takes its override with it: who has its old login has not given one", async () => {
    const own = await newRepository(stage, { [FILE]: OVERRIDABLE });
    stage.github.createUser("tony");
    stage.github.setCollaborator(own, "tony", "admin");
    const pull = await openPull(stage, own, { files: { "a.env": `KEY=${plantedKey()}\n` } });
    const gate = await concluded(stage, pull, "failure");
    const rule = /no-(?:critical|high)-findings/.exec(gate.output?.summary ?? "")?.[0];
    for (const author of ["tony", "linus"])
      stage.github.comment(own, pull.number, { author, body: `/hms override ${rule} ${pull.sha} test key` });
    await concluded(stage, pull, "success");
    stage.github.renameAccount("tony", "hoare");
    stage.github.createUser("tony");
    stage.github.setCollaborator(own, "tony", "admin");
    stage.github.comment(own, pull.number, { author: "ada", body: "/hms retry" });
    await stays(pull, "failure");
  });
});
