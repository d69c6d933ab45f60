import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { gitEnvironment } from "../../doubles/github/git/process.ts";
import { buildTown, openPull, type Town } from "./town.ts";

let town: Town;
let dir: string;
beforeEach(async () => {
  town = await buildTown();
  dir = mkdtempSync(join(tmpdir(), "clone-"));
});
afterEach(async () => {
  await town.close();
  rmSync(dir, { recursive: true, force: true });
});

const identity = {
  GIT_AUTHOR_NAME: "bob",
  GIT_AUTHOR_EMAIL: "bob@example.com",
  GIT_COMMITTER_NAME: "bob",
  GIT_COMMITTER_EMAIL: "bob@example.com",
};

async function git(cwd: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)("git", args, { cwd, env: gitEnvironment(identity) });
  return stdout.trim() + stderr;
}

const urlFor = (name: string, token: string) =>
  `${town.github.url.replace("http://", `http://x-access-token:${token}@`)}/${name}.git`;

describe("git over HTTP", () => {
  it("clones, and a push moves the pull request", async () => {
    const { sha, number } = await openPull(town);
    await git(dir, "clone", "-q", urlFor("acme/shop", town.bob), "shop");
    const shop = join(dir, "shop");
    await git(shop, "checkout", "-q", "feature");
    expect(await git(shop, "rev-parse", "HEAD")).toBe(sha);
    writeFileSync(join(shop, "pushed.txt"), "pushed\n");
    await git(shop, "add", ".");
    await git(shop, "commit", "-qm", "Pushed");
    await git(shop, "push", "-q", "origin", "feature");
    const head = await git(shop, "rev-parse", "HEAD");
    const { data } = await town.octokit.pulls.get({ ...town.repo, pull_number: number });
    expect(data).toMatchObject({ head: { sha: head }, commits: 2 });
    expect((await town.octokit.repos.getContent({ ...town.repo, path: "pushed.txt", ref: head })).status).toBe(200);
    await git(shop, "fetch", "-q", "origin", `refs/pull/${number}/head`);
    expect(await git(shop, "rev-parse", "FETCH_HEAD")).toBe(head);
    const hooks = await town.hooksSettled();
    expect(hooks.find(({ action }) => action === "synchronize")?.body).toMatchObject({
      before: sha,
      after: head,
      sender: { login: "bob" },
    });
    await git(shop, "commit", "-q", "--amend", "-m", "Amended");
    await git(shop, "push", "-q", "--force", "origin", "feature");
    expect((await town.octokit.pulls.get({ ...town.repo, pull_number: number })).data.head.sha).toBe(
      await git(shop, "rev-parse", "HEAD"),
    );
  });

  it("takes installation tokens, and nothing from who may not", async () => {
    const { token } = (await town.octokit.auth({ type: "installation" })) as { token: string };
    await git(dir, "clone", "-q", urlFor("acme/shop", token), "byapp");
    await git(dir, "clone", "-q", urlFor("acme/shop", town.carol), "bycarol");
    const theirs = join(dir, "bycarol");
    await expect(git(theirs, "push", "origin", "HEAD:refs/heads/carols")).rejects.toThrow("403");
    await town.github.createRepository("acme", "vault", { private: true });
    await expect(git(dir, "clone", "-q", urlFor("acme/vault", town.carol), "vault")).rejects.toThrow(/not found/i);
    await expect(git(dir, "clone", "-q", urlFor("acme/vault", "wrong"), "wrong")).rejects.toThrow();
  });

  it("keeps protected branches and refs/pull from pushes", async () => {
    await openPull(town);
    town.github.protect(town.shop, "main", { reviews: 1, enforceAdmins: true });
    await git(dir, "clone", "-q", urlFor("acme/shop", town.bob), "shop");
    const shop = join(dir, "shop");
    await git(shop, "commit", "-q", "--allow-empty", "-m", "Direct");
    await expect(git(shop, "push", "origin", "HEAD:main")).rejects.toThrow(/protected branch hook declined/);
    await expect(git(shop, "push", "origin", "+HEAD:refs/pull/1/head")).rejects.toThrow(/hidden ref/);
    expect(await git(shop, "ls-remote", "origin", "refs/heads/main")).toContain(town.github.refSha(town.shop, "main"));
  });

  it("reads large packed pushes and compares them", async () => {
    await git(dir, "clone", "-q", urlFor("acme/shop", town.bob), "shop");
    const shop = join(dir, "shop");
    await git(shop, "checkout", "-qb", "big");
    for (let index = 0; index < 310; index += 1) writeFileSync(join(shop, `f${index}.txt`), `${index}\n`);
    await git(shop, "add", ".");
    await git(shop, "commit", "-qm", "Big");
    await git(shop, "push", "-q", "origin", "big");
    const { data } = await town.octokit.repos.compareCommitsWithBasehead({ ...town.repo, basehead: "main...big" });
    expect(data).toMatchObject({ status: "ahead", ahead_by: 1, behind_by: 0 });
    expect(data.files).toHaveLength(300);
    const { number } = await town.github.openPull(town.shop, { head: "big", author: "bob" });
    const files = await town.octokit.paginate(town.octokit.pulls.listFiles, {
      ...town.repo,
      pull_number: number,
      per_page: 100,
    });
    expect(files).toHaveLength(310);
  });
});
