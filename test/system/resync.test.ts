import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { plantedKey, type Stage, setStage } from "../stage/stage.ts";
import { checks, concluded, idle, newRepository, openPull, until } from "./scene.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 });

let stage: Stage;
beforeAll(async () => {
  stage = await setStage({ environment: { HMS_RESYNC_INTERVAL: "1s" } });
});
afterAll(() => stage.close());

/** Waits for so many further sweeps and the work that they led to. */
async function sweeps(count: number): Promise<void> {
  const seen = () => stage.hms.output().split('"msg":"sweep started"').length;
  const before = seen();
  await until(stage, "sweeps", () => seen() >= before + count);
  await idle(stage);
}

/** Calls with an installation's token that count against its limit. */
const charged = () =>
  stage.github.requests.list().filter((call) => call.installationId !== undefined && call.status !== 304);

test("a sweep over open pull requests that have not changed costs nothing of the primary limit", async () => {
  const repository = await newRepository(stage);
  for (let i = 0; i < 5; i++) await concluded(stage, await openPull(stage, repository), "success");
  await idle(stage);
  await sweeps(3);
  stage.github.requests.clear();
  await sweeps(3);
  expect(charged()).toEqual([]);
  const lists = stage.github.requests.list({ path: new RegExp(`${repository.name}/pulls\\?`) });
  expect(lists.length).toBeGreaterThanOrEqual(2);
  // None of them was read one by one.
  expect(stage.github.requests.list({ path: /\/pulls\/\d+/ })).toEqual([]);
});

test("what no delivery told is still found by a sweep: a push, another configuration after a restart", async () => {
  const repository = await newRepository(stage);
  const pull = await openPull(stage, repository);
  await concluded(stage, pull, "success");
  await sweeps(2);
  stage.github.setWebhookUrl(stage.app.slug, undefined);
  const sha = await stage.github.commit(repository, pull.branch, {
    files: { "settings.env": `KEY=${plantedKey()}\n` },
    author: "ada",
    message: "Change",
  });
  await concluded(stage, { repository, sha }, "failure");
  expect(checks(stage, repository, sha)).toHaveLength(1);
  const other = await openPull(stage, repository);
  await concluded(stage, other, "success");
  await stage.github.commit(repository, "main", {
    files: { ".github/hms.yml": "version: 1\ngate: { approvals: { count: 1 } }\n" },
    author: "linus",
    message: "Ask for an approval",
  });
  await stage.restart("SIGTERM");
  await concluded(stage, other, "action_required");
});
