import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { buildTown, openPull, refusal, type Town } from "./town.ts";

let town: Town;
beforeEach(async () => {
  town = await buildTown();
});
afterEach(() => town.close());

describe("pull requests", () => {
  it("move their head with a push and say from where", async () => {
    const { github, octokit, repo, shop } = town;
    const { sha, number } = await openPull(town);
    const next = await github.commit(shop, "feature", { files: { "two.txt": "2\n" }, author: "bob", message: "Two" });
    const { data } = await octokit.pulls.get({ ...repo, pull_number: number });
    expect(data).toMatchObject({
      head: { sha: next, ref: "feature" },
      commits: 2,
      changed_files: 2,
      additions: 2,
      deletions: 0,
    });
    const hooks = await town.hooksSettled();
    const moved = hooks.find(({ event, action }) => event === "pull_request" && action === "synchronize");
    expect(moved?.body).toMatchObject({ before: sha, after: next, number, installation: { id: town.installationId } });
    expect(github.refSha(shop, `refs/pull/${number}/head`)).toBe(next);
  });

  it("follow a force push", async () => {
    const { github, shop, octokit, repo } = town;
    const { sha, number } = await openPull(town);
    const other = await github.commit(shop, "elsewhere", {
      files: { "x.txt": "x\n" },
      author: "bob",
      message: "X",
      from: "main",
    });
    await expect(github.push(shop, "feature", other, { by: "bob" })).rejects.toThrow("fast-forward");
    await github.push(shop, "feature", other, { by: "bob", force: true });
    const { data } = await octokit.pulls.get({ ...repo, pull_number: number });
    expect(data.head.sha).toBe(other);
    const hooks = await town.hooksSettled();
    expect(hooks.find(({ event, body }) => event === "push" && body.forced === true)?.body).toMatchObject({
      before: sha,
      after: other,
    });
  });

  it("work mergeability out only when asked", async () => {
    const { octokit, repo } = town;
    const { number } = await openPull(town);
    const get = async () => (await octokit.pulls.get({ ...repo, pull_number: number })).data;
    expect(await get()).toMatchObject({ mergeable: null, mergeable_state: "unknown" });
    await expect.poll(get).toMatchObject({ mergeable: true, mergeable_state: "clean" });
  });

  it("see conflicts", async () => {
    const { github, octokit, repo, shop } = town;
    await github.commit(shop, "left", { files: { "src/a.ts": "1\nleft\n3\n" }, author: "bob", message: "L" });
    const { number } = await github.openPull(shop, { head: "left", author: "bob" });
    await github.commit(shop, "main", { files: { "src/a.ts": "1\nright\n3\n" }, author: "alice", message: "R" });
    await octokit.pulls.get({ ...repo, pull_number: number });
    const get = async () => (await octokit.pulls.get({ ...repo, pull_number: number })).data;
    await expect.poll(get).toMatchObject({ mergeable: false, mergeable_state: "dirty" });
    expect(await refusal(octokit.pulls.merge({ ...repo, pull_number: number }))).toEqual({
      status: 405,
      message: "Pull Request is not mergeable",
    });
  });

  it.each(["merge", "squash", "rebase"] as const)("merge by %s and land in git", async (merge_method) => {
    const { github, octokit, repo, shop } = town;
    const { number, sha } = await openPull(town);
    await github.commit(shop, "feature", { files: { "two.txt": "2\n" }, author: "bob", message: "Two" });
    await github.commit(shop, "main", { files: { "base.txt": "b\n" }, author: "alice", message: "Base" });
    expect(await refusal(octokit.pulls.merge({ ...repo, pull_number: number, sha }))).toMatchObject({ status: 409 });
    const merged = (await octokit.pulls.merge({ ...repo, pull_number: number, merge_method })).data;
    expect(github.refSha(shop, "main")).toBe(merged.sha);
    const { data: tip } = await octokit.repos.getCommit({ ...repo, ref: "main" });
    expect(tip.parents).toHaveLength(merge_method === "merge" ? 2 : 1);
    for (const path of ["feature.txt", "two.txt", "base.txt"]) await octokit.repos.getContent({ ...repo, path });
    expect((await octokit.pulls.get({ ...repo, pull_number: number })).data).toMatchObject({
      merged: true,
      state: "closed",
      merge_commit_sha: merged.sha,
    });
    const closed = (await town.hooksSettled()).find(
      ({ action, event }) => event === "pull_request" && action === "closed",
    );
    expect(closed?.body).toMatchObject({ pull_request: { merged: true } });
  });

  it("tell of a new base with the old one", async () => {
    const { github, shop } = town;
    const { number } = await openPull(town);
    const before = github.refSha(shop, "main");
    await github.commit(shop, "release", { files: { "r.txt": "r\n" }, author: "alice", message: "R" });
    await github.changeBase(shop, number, "release");
    const edited = (await town.hooksSettled()).find(
      ({ action, event }) => event === "pull_request" && action === "edited",
    );
    expect(edited?.body).toMatchObject({
      changes: { base: { ref: { from: "main" }, sha: { from: before } } },
      pull_request: { base: { ref: "release" } },
    });
  });

  it("close when their branch goes, and count as merged when it is pushed to the base", async () => {
    const { github, shop, octokit, repo } = town;
    const gone = await openPull(town, "gone");
    const landed = await openPull(town, "landed");
    await github.deleteBranch(shop, "gone", "bob");
    await github.push(shop, "main", landed.sha, { by: "alice" });
    expect((await octokit.pulls.get({ ...repo, pull_number: gone.number })).data).toMatchObject({
      state: "closed",
      merged: false,
    });
    expect((await octokit.pulls.get({ ...repo, pull_number: landed.number })).data).toMatchObject({
      state: "closed",
      merged: true,
    });
  });

  it("list files with patches that git would give", async () => {
    const { github, octokit, repo, shop } = town;
    const files = { "src/a.ts": "1\ntwo\n3\n", "new.bin": "\0\u0001", "README.md": null, "READ.md": "# Shop\n" };
    await github.commit(shop, "mixed", { files, author: "bob", message: "Mixed" });
    const { number } = await github.openPull(shop, { head: "mixed", author: "bob" });
    const { data } = await octokit.pulls.listFiles({ ...repo, pull_number: number });
    expect(
      data.map(({ filename, status, patch, previous_filename }) => ({ filename, status, patch, previous_filename })),
    ).toEqual([
      { filename: "READ.md", status: "renamed", patch: undefined, previous_filename: "README.md" },
      { filename: "new.bin", status: "added", patch: undefined, previous_filename: undefined },
      {
        filename: "src/a.ts",
        status: "modified",
        patch: "@@ -1,3 +1,3 @@\n 1\n-2\n+two\n 3",
        previous_filename: undefined,
      },
    ]);
  });

  it("from a fork are named by no check and found by no commit", async () => {
    const { github, octokit, repo, shop } = town;
    const fork = await github.fork(shop, "carol");
    const sha = await github.commit(fork, "fix", { files: { "fix.txt": "x\n" }, author: "carol", message: "Fix" });
    const pull = await github.openPull(shop, { head: "carol:fix", author: "carol", title: "Fix" });
    expect(pull.head).toMatchObject({ label: "carol:fix", repo: { fork: true, full_name: "carol/shop" } });
    expect((await octokit.repos.listPullRequestsAssociatedWithCommit({ ...repo, commit_sha: sha })).data).toEqual([]);
    const { data: run } = await octokit.checks.create({ ...repo, name: "gate", head_sha: sha });
    expect(run.pull_requests).toEqual([]);
    expect(github.refSha(shop, `refs/pull/${pull.number}/head`)).toBe(sha);
    const own = await openPull(town, "own");
    expect(
      (await octokit.repos.listPullRequestsAssociatedWithCommit({ ...repo, commit_sha: own.sha })).data,
    ).toHaveLength(1);
    const next = await github.commit(fork, "fix", { files: { "fix.txt": "y\n" }, author: "carol", message: "More" });
    expect((await octokit.pulls.get({ ...repo, pull_number: pull.number })).data.head.sha).toBe(next);
  });
});
