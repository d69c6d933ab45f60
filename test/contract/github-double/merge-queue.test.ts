import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { MergeQueueParameters } from "../../doubles/github/protection-state.ts";
import { buildTown, openPull, refusal, type Town } from "./town.ts";

let town: Town;
beforeEach(async () => {
  town = await buildTown();
});
afterEach(() => town.close());

/** `main` behind a queue, with one required check of our App. */
function withQueue(change: Partial<MergeQueueParameters> = {}) {
  const { github, shop, app } = town;
  github.protectByRuleset(shop, "main", {
    requiredChecks: [{ context: "gate", appId: app.id }],
    mergeQueue: change,
  });
}

const report = (head_sha: string, conclusion: "success" | "failure", octokit = town.octokit) =>
  octokit.checks.create({ ...town.repo, name: "gate", head_sha, status: "completed", conclusion });

async function ready(branch: string) {
  const pull = await openPull(town, branch);
  await report(pull.sha, "success");
  return pull;
}

/** The queue once its background work has come to rest. */
async function queue() {
  await town.hooksSettled();
  return town.github.mergeQueue(town.shop);
}

async function groupEvents() {
  const hooks = await town.hooksSettled();
  return hooks.filter(({ event }) => event === "merge_group").map(({ body }) => body as Record<string, never>);
}

describe("a merge queue", () => {
  it("refuses the merge button, direct pushes and pull requests that are not ready", async () => {
    withQueue();
    const { octokit, octokitAs, repo, alice, github, shop } = town;
    const { number, sha } = await openPull(town);
    await expect(github.enqueue(shop, number, { by: "bob" })).rejects.toThrow('"gate" is expected');
    await report(sha, "success");
    const merge = refusal(octokit.pulls.merge({ ...repo, pull_number: number }));
    expect(await merge).toMatchObject({ status: 405, message: expect.stringContaining("merge queue") });
    const push = refusal(octokitAs(alice).git.updateRef({ ...repo, ref: "heads/main", sha }));
    expect(await push).toMatchObject({ status: 422 });
    const rules = (await octokit.repos.getBranchRules({ ...repo, branch: "main" })).data;
    expect(rules.map(({ type }) => type)).toContain("merge_queue");
  });

  it("makes a commit for each entry on the one before, and asks for checks there", async () => {
    withQueue({ min_entries_to_merge: 3 });
    const { github, octokit, repo, shop } = town;
    const base = github.refSha(shop, "main");
    const [one, two] = [await ready("one"), await ready("two")];
    await github.enqueue(shop, one.number, { by: "bob" });
    await github.enqueue(shop, two.number, { by: "bob" });
    const [first, second] = await queue();
    expect(first).toMatchObject({ ref: `refs/heads/gh-readonly-queue/main/pr-${one.number}-${base}` });
    expect(second).toMatchObject({ ref: `refs/heads/gh-readonly-queue/main/pr-${two.number}-${first?.sha}` });
    const { data: tip } = await octokit.git.getCommit({ ...repo, commit_sha: second?.sha ?? "" });
    expect(tip.parents.map((parent) => parent.sha)).toEqual([first?.sha, two.sha]);
    expect(await groupEvents()).toMatchObject([
      {
        action: "checks_requested",
        merge_group: { head_sha: first?.sha, base_sha: base, base_ref: "refs/heads/main" },
      },
      { action: "checks_requested", merge_group: { head_sha: second?.sha, base_sha: first?.sha } },
    ]);
    const listed = await octokit.git.listMatchingRefs({ ...repo, ref: "heads/gh-readonly-queue/" });
    expect(listed.data.map(({ object }) => object.sha).sort()).toEqual([first?.sha, second?.sha].sort());
    const pulls = octokit.repos.listPullRequestsAssociatedWithCommit({ ...repo, commit_sha: second?.sha ?? "" });
    expect((await pulls).data).toEqual([]);
  });

  it("merges what passed there, and only with the pinned App's word", async () => {
    withQueue();
    const { github, octokitOf, shop } = town;
    const { number } = await ready("one");
    const other = github.registerApp({
      slug: "other",
      webhookSecret: "x",
      permissions: { checks: "write" },
      events: [],
    });
    const { id } = github.install(other, "acme");
    await github.enqueue(shop, number, { by: "bob" });
    const sha = (await queue())[0]?.sha ?? "";
    await report(sha, "success", octokitOf(other, id));
    expect(await queue()).toHaveLength(1);
    await report(sha, "success");
    expect(await queue()).toEqual([]);
    expect(github.refSha(shop, "main")).toBe(sha);
    const merged = await github.pull(shop, number);
    expect(merged).toMatchObject({
      merged: true,
      merge_commit_sha: sha,
      merged_by: { login: "github-merge-queue[bot]" },
    });
    expect((await groupEvents()).at(-1)).toMatchObject({ action: "destroyed", reason: "merged" });
    const told = (await town.hooksSettled())
      .filter(({ event }) => event === "pull_request")
      .map(({ action }) => action);
    expect(told).toEqual(["opened", "enqueued", "dequeued", "closed"]);
  });

  it("takes out what failed and builds anew what stood behind it", async () => {
    withQueue();
    const { github, shop } = town;
    const pulls = [await ready("one"), await ready("two"), await ready("three")];
    for (const { number } of pulls) await github.enqueue(shop, number, { by: "bob" });
    const before = await queue();
    await report(before[2]?.sha ?? "", "failure");
    expect(await queue()).toHaveLength(3);
    await report(before[1]?.sha ?? "", "failure");
    expect(await queue()).toHaveLength(3);
    await report(before[0]?.sha ?? "", "success");
    const after = await queue();
    expect(after).toMatchObject([{ number: pulls[2]?.number }]);
    expect(after[0]?.ref).toContain(`-${before[0]?.sha}`);
    expect(after[0]?.sha).not.toBe(before[2]?.sha);
    const ended = (await groupEvents()).filter(({ action }) => action === "destroyed").map(({ reason }) => reason);
    expect(ended).toEqual(["merged", "dequeued", "invalidated"]);
    await report(after[0]?.sha ?? "", "success");
    expect(await queue()).toEqual([]);
    expect(await github.pull(shop, pulls[1]?.number ?? 0)).toMatchObject({ merged: false, state: "open" });
  });

  it("with HEADGREEN merges all once the last has passed", async () => {
    withQueue({ grouping_strategy: "HEADGREEN", merge_method: "SQUASH" });
    const { github, shop } = town;
    const pulls = [await ready("one"), await ready("two")];
    for (const { number } of pulls) await github.enqueue(shop, number, { by: "bob" });
    const built = await queue();
    await report(built[0]?.sha ?? "", "failure");
    expect(await queue()).toHaveLength(2);
    await report(built[1]?.sha ?? "", "success");
    expect(await queue()).toEqual([]);
    expect(github.refSha(shop, "main")).toBe(built[1]?.sha);
  });

  it("lets go of a pull request that is pushed to, closed, conflicting or taken out", async () => {
    withQueue({ min_entries_to_merge: 9 });
    const { github, shop } = town;
    const pulls = [await ready("one"), await ready("two"), await ready("three")];
    for (const { number } of pulls) await github.enqueue(shop, number, { by: "bob" });
    await queue();
    await github.commit(shop, "one", { files: { "more.txt": "1\n" }, author: "bob", message: "More" });
    await github.closePull(shop, pulls[1]?.number ?? 0);
    expect(await queue()).toMatchObject([{ number: pulls[2]?.number }]);
    await github.dequeue(shop, pulls[2]?.number ?? 0, "bob");
    expect(await queue()).toEqual([]);
    const removals = (await town.hooksSettled()).filter(({ action }) => action === "dequeued");
    expect(removals.map(({ body }) => body.reason)).toEqual(["MANUAL", "MANUAL", "MANUAL"]);
  });

  it("gives up on a check that never answers", async () => {
    await town.close();
    let now = Date.now();
    town = await buildTown({ now: () => new Date(now) });
    withQueue({ check_response_timeout_minutes: 10 });
    const { github, shop } = town;
    const { number } = await ready("one");
    await github.enqueue(shop, number, { by: "bob" });
    expect(await queue()).toHaveLength(1);
    now += 11 * 60_000;
    await github.commit(shop, "elsewhere", { files: { "x.txt": "x\n" }, author: "bob", message: "Time passed" });
    expect(await queue()).toEqual([]);
    const left = (await town.hooksSettled()).find(({ action }) => action === "dequeued");
    expect(left?.body).toMatchObject({ reason: "CI_TIMEOUT" });
  });
});
