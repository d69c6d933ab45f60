import { afterEach, beforeEach, expect, it } from "vitest";
import { buildTown, openPull, type Town } from "./town.ts";

let town: Town;
beforeEach(async () => {
  town = await buildTown();
});
afterEach(() => town.close());

const activity = async (query: Record<string, string | number> = {}) =>
  (await town.octokit.request("GET /repos/{owner}/{repo}/activity", { ...town.repo, ...query })) as {
    data: { after: string; before: string; ref: string; activity_type: string; actor: { login: string; id: number } }[];
    headers: { link?: string };
  };

it("tells who moved a branch, newest first, whatever the commits say", async () => {
  const { sha, number } = await openPull(town);
  const more = await town.github.commit(town.shop, "feature", { files: { "x.txt": "x" }, author: "bob", message: "x" });
  await town.github.push(town.shop, "feature", sha, { by: "alice", force: true });
  const { data } = await activity({ ref: "refs/heads/feature" });
  expect(data.map((one) => [one.activity_type, one.after, one.ref])).toEqual([
    ["force_push", sha, "refs/heads/feature"],
    ["push", more, "refs/heads/feature"],
    ["branch_creation", sha, "refs/heads/feature"],
  ]);
  expect(data[0]?.actor).toMatchObject({ login: "alice" });
  const merged = await town.github.merge(town.shop, number, { by: "alice" });
  expect((await activity({ ref: "main" })).data[0]).toMatchObject({ after: merged, activity_type: "pr_merge" });
});

it("pages by cursor and filters", async () => {
  await openPull(town);
  await town.github.commit(town.shop, "feature", { files: { "x.txt": "x" }, author: "bob", message: "x" });
  const first = await activity({ ref: "feature", per_page: 1 });
  const next = /<([^>]+)>; rel="next"/.exec(first.headers.link ?? "")?.[1];
  const second = (await town.octokit.request(`GET ${next}`)) as Awaited<ReturnType<typeof activity>>;
  expect([...first.data, ...second.data].map((one) => one.activity_type)).toEqual(["push", "branch_creation"]);
  expect((await activity({ actor: "nobody" })).data).toEqual([]);
  await expect(activity({ activity_type: "wish" })).rejects.toMatchObject({ status: 422 });
});

it("calls people what they are called now", async () => {
  await openPull(town);
  const before = (await activity({ ref: "feature" })).data[0]?.actor;
  town.github.renameAccount(before?.login ?? "", "renamed");
  expect((await activity({ ref: "feature" })).data[0]?.actor).toMatchObject({ login: "renamed", id: before?.id });
});
