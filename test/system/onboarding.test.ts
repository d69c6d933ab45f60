import { afterEach, expect, test } from "vitest";
import type { RepositoryHandle } from "../doubles/github/github.ts";
import { startHms } from "../stage/process.ts";
import { plantedKey, type Stage, setStage } from "../stage/stage.ts";
import { newRepository, openPull } from "./scene.ts";

let stage: Stage;
afterEach(() => stage?.close());

interface Proposed {
  number: number;
  title: string;
  body: string;
  state: string;
  user: { login: string };
  head: { ref: string };
}

async function proposals(repository: RepositoryHandle): Promise<Proposed[]> {
  const path = `/repos/${repository.fullName}/pulls?state=all&per_page=100`;
  const { body } = await stage.as("linus", "GET", path);
  return (body as Proposed[]).filter((pull) => pull.head.ref === "hms-sys/onboarding");
}

async function merged(repository: RepositoryHandle, files: Record<string, string>): Promise<void> {
  const pull = await openPull(stage, repository, { files });
  const path = `/repos/${repository.fullName}/pulls/${pull.number}/merge`;
  expect((await stage.as("linus", "PUT", path, {})).status).toBe(200);
}

/** What happened before HMS-SYS came: three merges, one of which brought a secret. */
async function withHistory(): Promise<RepositoryHandle> {
  const repository = await newRepository(stage);
  await merged(repository, { "a.txt": "a\n" });
  await merged(repository, { "config.ini": `aws_access_key_id = ${plantedKey()}\n` });
  await merged(repository, { "b.txt": "b\n" });
  return repository;
}

test("a repository without a configuration gets one proposed, once, with what the gate would have done", async () => {
  stage = await setStage({ withoutHms: true, environment: { HMS_ONBOARDING: "on" } });
  const repository = await withHistory();
  stage.hms = await startHms(stage.environment);
  // One a minute for each installation: whichever of the two was first.
  const one = async () => [...(await proposals(repository)), ...(await proposals(stage.repository))];
  await expect.poll(async () => (await one()).length, { timeout: 20_000 }).toBe(1);
  const [pull] = await one();
  expect(pull).toMatchObject({ title: "Configure HMS-SYS", state: "open", user: { login: "hms-sys[bot]" } });
});

test("the table names the merge that would have been stopped; closed by people, it is not proposed again; killed anywhere, it is one", async () => {
  stage = await setStage({ withoutHms: true, environment: { HMS_ONBOARDING: "on", HMS_RESYNC_INTERVAL: "1s" } });
  await stage.github.commit(stage.repository, "main", {
    files: { ".github/hms.yml": "version: 1\n" },
    author: "linus",
    message: "Configure",
  });
  const repository = await withHistory();
  stage.hms = await startHms(stage.environment);
  await expect
    .poll(() => stage.github.requests.list({ method: "POST", path: /git\/refs$/ }).length, { timeout: 20_000 })
    .toBe(1);
  await stage.restart("SIGKILL");
  await expect.poll(async () => (await proposals(repository)).length, { timeout: 20_000 }).toBe(1);
  const [pull] = (await proposals(repository)) as [Proposed];
  expect(pull.body).toContain("stopped 1 of your last 3 merges");
  expect(pull.body).toContain("`no-high-findings`");
  expect(await proposals(stage.repository)).toEqual([]);

  await stage.as("linus", "PATCH", `/repos/${repository.fullName}/pulls/${pull.number}`, { state: "closed" });
  const sweeps = () => stage.hms.output().split('"sweep started"').length;
  const before = sweeps();
  await expect.poll(sweeps, { timeout: 20_000 }).toBeGreaterThan(before + 2);
  expect(await proposals(repository)).toHaveLength(1);
});

test.each([
  ["other changes", { "evil.ts": "export {};\n" }],
  ["another configuration", { ".github/hms.yml": "version: 1\ngate: { overrides: [] }\n" }],
])("a branch that somebody filled with %s before is not proposed as ours", async (_what, files) => {
  stage = await setStage({ withoutHms: true, environment: { HMS_ONBOARDING: "on" } });
  await stage.github.commit(stage.repository, "hms-sys/onboarding", { files, author: "ada", message: "Mine" });
  stage.hms = await startHms(stage.environment);
  const said = "a first configuration is not proposed from a branch that holds other changes";
  await expect.poll(() => stage.hms.output(), { timeout: 20_000 }).toContain(said);
  expect(await proposals(stage.repository)).toEqual([]);
});

test("without the right to push nothing is proposed, and all else works", async () => {
  stage = await setStage({
    environment: { HMS_ONBOARDING: "on" },
    permissions: { checks: "write", contents: "read", issues: "read", metadata: "read", pull_requests: "write" },
  });
  const pull = await openPull(stage, stage.repository);
  await stage.check(pull.sha, "hms/gate", (run) => run.conclusion === "success");
  expect(await proposals(stage.repository)).toEqual([]);
});
