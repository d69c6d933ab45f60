import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Stage, setStage } from "../stage/stage.ts";
import { checks, concluded, deliver, idle, newRepository, openPull, until } from "./scene.ts";

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());

test.each(["check_run", "check_suite"])(
  "a fork's pull request is found by its head: GitHub names none in %s",
  async (event) => {
    const repository = await newRepository(stage);
    const fork = await stage.github.fork(repository, "mallory", `fork-${event.replace("_", "-")}`);
    const sha = await stage.github.commit(fork, "idea", {
      files: { "idea.txt": "an idea\n" },
      author: "mallory",
      message: "An idea",
      from: "main",
    });
    await stage.github.openPull(repository, { head: "mallory:idea", author: "mallory" });
    await concluded(stage, { repository, sha }, "success");
    await idle(stage);
    const before = checks(stage, repository, sha).length;
    const pull = await openPull(stage, repository);
    await concluded(stage, pull, "success");
    await idle(stage);
    const { installation, sender } = { installation: { id: stage.installationId }, sender: { login: "ada", id: 1 } };
    const of = { id: repository.id, name: repository.name, owner: { login: "acme" }, default_branch: "main" };
    const body = { action: "rerequested", installation, sender, repository: of };
    const subject = { id: 1, head_sha: sha, pull_requests: [], app: { id: stage.app.id } };
    expect(await deliver(stage, event, { ...body, [event]: subject })).toMatchObject({ result: "accepted" });
    await until(stage, "its gate is written again", () => checks(stage, repository, sha).length > before);
    await idle(stage);
    // The other one was not meant.
    expect(checks(stage, repository, pull.sha)).toHaveLength(1);
    expect(checks(stage, repository, sha).at(-1)?.conclusion).toBe("success");
  },
);
