import { afterAll, beforeAll, expect, test } from "vitest";
import { type Stage, setStage } from "../stage/stage.ts";
import { checks, concluded, newRepository, openPull, until } from "./scene.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());

const last = (pull: Awaited<ReturnType<typeof openPull>>, sha = pull.sha) => checks(stage, pull.repository, sha).at(-1);

test("a commit that was overtaken is green no more, and is judged anew when it comes back", async () => {
  const pull = await openPull(stage, await newRepository(stage));
  await concluded(stage, pull, "success");
  const next = await stage.github.commit(pull.repository, pull.branch, {
    files: { "next.txt": "next\n" },
    author: "ada",
    message: "Next",
  });
  await concluded(stage, { ...pull, sha: next }, "success");
  await until(stage, "the gate is taken back", () => last(pull)?.status === "in_progress");
  expect(last(pull)?.output.title).toContain("No open pull request");
  await stage.github.push(pull.repository, pull.branch, pull.sha, { by: "ada", force: true });
  await concluded(stage, pull, "success");
  await until(stage, "…and the other's", () => last(pull, next)?.status === "in_progress");
});

test("a pull request that was closed without a merge leaves no green gate; a merged one keeps it", async () => {
  const repository = await newRepository(stage);
  const closed = await openPull(stage, repository);
  const merged = await openPull(stage, repository);
  await concluded(stage, closed, "success");
  await concluded(stage, merged, "success");
  const path = `/repos/${repository.fullName}/pulls`;
  await stage.as("linus", "PATCH", `${path}/${closed.number}`, { state: "closed" });
  expect((await stage.as("linus", "PUT", `${path}/${merged.number}/merge`, {})).status).toBe(200);
  await until(stage, "the gate is taken back", () => last(closed)?.status === "in_progress");
  await stage.as("linus", "PATCH", `${path}/${closed.number}`, { state: "open" });
  await concluded(stage, closed, "success");
  expect(last(merged)?.conclusion).toBe("success");
});
