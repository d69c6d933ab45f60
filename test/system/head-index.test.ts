import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Stage, setStage } from "../stage/stage.ts";
import { checks, concluded, idle, newRepository, openPull, until } from "./scene.ts";

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
    const gate = checks(stage, repository, sha).at(-1);
    if (event === "check_run") stage.github.rerequestCheckRun(repository, Number(gate?.id), "grace");
    else await stage.github.rerequestCheckSuite(repository, Number(gate?.check_suite?.id), "grace");
    await until(stage, "its gate is written again", () => checks(stage, repository, sha).length > before);
    await idle(stage);
    // The other one was not meant.
    expect(checks(stage, repository, pull.sha)).toHaveLength(1);
    expect(checks(stage, repository, sha).at(-1)?.conclusion).toBe("success");
  },
);
