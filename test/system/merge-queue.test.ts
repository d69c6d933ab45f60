import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { RepositoryHandle } from "../doubles/github/github.ts";
import type { MergeQueueParameters } from "../doubles/github/protection-state.ts";
import { plantedKey, type Stage, setStage } from "../stage/stage.ts";
import { checks, concluded, idle, newRepository, type OpenedPull, openPull, until } from "./scene.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 });

const APPROVED = "version: 1\ngate:\n  approvals: { count: 1 }\n";
const APPROVED_FILE = { ".github/hms.yml": APPROVED };
const KEY = plantedKey();
const CRASHING = { program: new URL("../crash/child.ts", import.meta.url).pathname };
let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());

/** A repository whose `main` takes only what the gate lets through its merge queue. */
async function queued(files: Record<string, string> = {}, change: Partial<MergeQueueParameters> = {}) {
  const repository = await newRepository(stage, files);
  stage.github.protectByRuleset(repository, "main", {
    requiredChecks: [{ context: "hms/gate", appId: stage.app.id }],
    mergeQueue: change,
  });
  return repository;
}

async function ready(repository: RepositoryHandle): Promise<OpenedPull> {
  const pull = await openPull(stage, repository);
  stage.github.review(repository, pull.number, { author: "grace", state: "APPROVED" });
  await concluded(stage, pull, "success");
  return pull;
}

const enqueue = (pull: OpenedPull, brings?: Record<string, string>) =>
  stage.github.enqueue(pull.repository, pull.number, { by: "ada", ...(brings ? { brings } : {}) });
const queue = (repository: RepositoryHandle) => stage.github.mergeQueue(repository);
const emptied = (repository: RepositoryHandle) =>
  until(stage, "the queue is empty", () => queue(repository).length === 0);
const merged = async (pull: OpenedPull) => (await stage.github.pull(pull.repository, pull.number)).merged;

/** The commits that GitHub makes for the queue, with nothing told of them yet. */
async function built(repository: RepositoryHandle, pulls: OpenedPull[]): Promise<string[]> {
  stage.github.holdDeliveries(stage.app);
  for (const pull of pulls) await enqueue(pull);
  await until(stage, "groups are built", () => queue(repository).every(({ sha }) => sha));
  return queue(repository).map(({ sha }) => sha ?? "");
}

describe.each(["MERGE", "SQUASH", "REBASE"] as const)("a queue that merges by %s", (merge_method) => {
  test("a green pull request goes through, judged again at its head and scanned at the group's commit", async () => {
    const repository = await queued(APPROVED_FILE, { merge_method });
    const pull = await ready(repository);
    const [sha = ""] = await built(repository, [pull]);
    stage.github.releaseDeliveries(stage.app);
    await emptied(repository);
    expect(await merged(pull)).toBe(true);
    expect(stage.github.refSha(repository, "main")).toBe(sha);
    const gate = checks(stage, repository, sha).at(-1);
    expect(gate?.output.summary).toContain(`#${pull.number} | \`${pull.sha.slice(0, 7)}\` | ✅`);
    expect(checks(stage, repository, sha, "hms/scan/secrets").at(-1)?.conclusion).toBe("success");
  });

  test("of three the bad one is refused and named, and the others merge", async () => {
    const repository = await queued(APPROVED_FILE, { merge_method });
    const [one, two, three] = [await ready(repository), await ready(repository), await ready(repository)];
    const [, second = "", third = ""] = await built(repository, [one, two, three]);
    // What was green when it was queued is not any more.
    const [review] = (await stage.as("ada", "GET", `/repos/${repository.fullName}/pulls/${two.number}/reviews`))
      .body as {
      id: number;
    }[];
    stage.github.dismissReview(repository, two.number, review?.id ?? 0, "linus");
    stage.github.releaseDeliveries(stage.app);
    await emptied(repository);
    expect([await merged(one), await merged(two), await merged(three)]).toEqual([true, false, true]);
    for (const sha of [second, third]) {
      const gate = checks(stage, repository, sha).at(-1);
      expect(gate?.conclusion ?? "unfinished").not.toBe("success");
    }
    const refused = checks(stage, repository, second).at(-1);
    expect(refused).toMatchObject({ conclusion: "failure" });
    expect(refused?.output.title).toContain(`Pull request ${two.number} is not allowed at its head`);
    expect(refused?.output.summary).toContain("0 of 1 approval");
  });
});

test("a group whose own merge plants a secret is refused", async () => {
  const repository = await queued();
  const pull = await ready(repository);
  await enqueue(pull, { "merged.env": `KEY=${KEY}\n` });
  const sha = await until(stage, "a group", () => queue(repository)[0]?.sha);
  const gate = await concluded(stage, { repository, sha }, "failure");
  expect(gate.output.summary).toContain("no-high-findings");
  expect(gate.output.summary).not.toContain(KEY);
  await concluded(stage, { repository, sha }, "failure", "hms/scan/secrets");
  await emptied(repository);
  expect(await merged(pull)).toBe(false);
});

test("the delivery of merge_group is lost: the sweep finds the group", async () => {
  const repository = await queued();
  const pull = await ready(repository);
  stage.github.failDeliveries(stage.app, { until: new Date(Date.now() + 3_600_000) });
  await enqueue(pull);
  const sha = await until(stage, "a group", () => queue(repository)[0]?.sha);
  await idle(stage);
  expect(checks(stage, repository, sha)).toEqual([]);
  stage.github.failDeliveries(stage.app, {});
  await stage.restart("SIGTERM");
  await emptied(repository);
  expect(await merged(pull)).toBe(true);
});

test("held while it is queued: the group is judged again", async () => {
  const repository = await queued({}, { min_entries_to_merge: 2 });
  const pull = await ready(repository);
  await enqueue(pull);
  const sha = await until(stage, "a group", () => queue(repository)[0]?.sha);
  await concluded(stage, { repository, sha }, "success");
  stage.github.comment(repository, pull.number, { author: "grace", body: "/hms hold not today" });
  const gate = await concluded(stage, { repository, sha }, "failure");
  expect(gate.output.summary).toContain("not today");
  await emptied(repository);
  expect(await merged(pull)).toBe(false);
});

test("in shadow mode the group blocks nothing", async () => {
  const repository = await newRepository(stage, { ".github/hms.yml": "version: 1\ngate: { mode: shadow }\n" });
  stage.github.protectByRuleset(repository, "main", { mergeQueue: { min_entries_to_merge: 2 } });
  const pull = await openPull(stage, repository);
  await concluded(stage, pull, "success", "hms/gate-shadow");
  await enqueue(pull);
  const sha = await until(stage, "a group", () => queue(repository)[0]?.sha);
  await concluded(stage, { repository, sha }, "success", "hms/gate-shadow");
  expect(checks(stage, repository, sha)).toEqual([]);
});

test("pushed to while it is queued: GitHub takes it out, and what was pushed does not merge", async () => {
  const repository = await queued({}, { min_entries_to_merge: 2 });
  const pull = await ready(repository);
  await enqueue(pull);
  const sha = await until(stage, "a group", () => queue(repository)[0]?.sha);
  await concluded(stage, { repository, sha }, "success");
  const head = await stage.github.commit(repository, pull.branch, {
    files: { "late.env": `KEY=${KEY}\n` },
    author: "ada",
    message: "Late",
  });
  await emptied(repository);
  await concluded(stage, { repository, sha: head }, "failure");
  expect(await merged(pull)).toBe(false);
});

test("overridden while it is queued: the group follows", async () => {
  const overridable = "version: 1\ngate:\n  overrides: [{ rule: no-high-findings, permission: maintain }]\n";
  const repository = await queued(
    { ".github/hms.yml": overridable },
    { min_entries_to_merge: 2, merge_method: "SQUASH" },
  );
  const pull = await openPull(stage, repository, { files: { "a.env": `KEY=${KEY}\n` } });
  await concluded(stage, pull, "failure");
  const body = `/hms override no-high-findings ${pull.sha} revoked long ago`;
  for (const author of ["linus", "barbara"]) stage.github.comment(repository, pull.number, { author, body });
  await concluded(stage, pull, "success");
  await enqueue(pull);
  const sha = await until(stage, "a group", () => queue(repository)[0]?.sha);
  // The squash brings the same finding again; it was overridden where it came from.
  await concluded(stage, { repository, sha }, "success");
});

describe("a branch that somebody called like the queue's", () => {
  test("makes no commit green, whatever pull request it names", async () => {
    const repository = await queued();
    const pull = await ready(repository);
    const main = stage.github.refSha(repository, "main") ?? "";
    // As a squash of the pull request would look, with other content.
    const forged = await stage.github.commit(repository, `gh-readonly-queue/main/pr-${pull.number}-${main}`, {
      files: { "x.txt": "x\n" },
      author: "grace",
      message: `A change (#${pull.number})`,
    });
    await stage.restart("SIGTERM");
    await idle(stage);
    expect(checks(stage, repository, forged)).toEqual([]);
  });

  test("does not speak for a group: all its pull requests are asked about", async () => {
    const repository = await queued({}, { merge_method: "SQUASH", min_entries_to_merge: 3 });
    const [one, two] = [await ready(repository), await ready(repository)];
    const [first = "", second = ""] = await built(repository, [one, two]);
    // The second entry's commit, called the first one's: the second pull request would be asked about by nobody.
    const ref = `refs/heads/gh-readonly-queue/main/pr-${one.number}-${first}`;
    const made = await stage.as("grace", "POST", `/repos/${repository.fullName}/git/refs`, { ref, sha: second });
    expect(made.status).toBe(201);
    stage.github.comment(repository, two.number, { author: "grace", body: "/hms hold not today" });
    stage.github.releaseDeliveries(stage.app);
    const gate = await concluded(stage, { repository, sha: second }, "failure");
    expect(gate.output.summary).toContain("not today");
  });
});

test.each([
  ["before its members are read", "github.range after"],
  ["before it is said", "checker.evaluate after"],
  ["with the verdict in the ledger", "ledger.append after"],
])("killed while a group is judged, %s: judged and merged after the restart, with one gate", async (_what, at) => {
  const repository = await queued();
  const pull = await ready(repository);
  const [sha = ""] = await built(repository, [pull]);
  const on = at.startsWith("ledger") ? "merge_group_verdict" : at.startsWith("checker") ? "merge-group" : "";
  await stage.restart("SIGTERM", { HMS_CRASH_AT: at, HMS_CRASH_ON: on }, CRASHING);
  stage.github.releaseDeliveries(stage.app);
  expect(await stage.hms.exited).toBe("SIGKILL");
  await stage.restart();
  await emptied(repository);
  expect(await merged(pull)).toBe(true);
  expect(checks(stage, repository, sha)).toMatchObject([{ conclusion: "success" }]);
});
