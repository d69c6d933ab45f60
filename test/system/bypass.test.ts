import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { RepositoryHandle } from "../doubles/github/github.ts";
import { plantedKey, type Stage, setStage } from "../stage/stage.ts";
import { answers, concluded, gauge, idle, metrics, newRepository, openPull, until } from "./scene.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 });

const LEAK = { "a.env": `KEY=${plantedKey()}\n` };
const CRASHING = { program: new URL("../crash/child.ts", import.meta.url).pathname };
let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());

/** A repository whose gate is required, but not of administrators. */
async function guarded(files: Record<string, string> = {}): Promise<RepositoryHandle> {
  const repository = await newRepository(stage, files);
  stage.github.protect(repository, "main", { requiredChecks: [{ context: "hms/gate", appId: stage.app.id }] });
  return repository;
}

/** The ledger's entries of that type about a repository. The process holds its store alone, so it is stopped for it. */
async function ledger(repository: RepositoryHandle, type: string): Promise<Record<string, unknown>[]> {
  await stage.hms.kill("SIGTERM");
  const database = new DatabaseSync(`${stage.environment.HMS_DATA_DIR}/hms.db`, { readOnly: true });
  const rows = database.prepare("SELECT stream, data FROM ledger WHERE type = ?").all(type) as Record<string, string>[];
  database.close();
  await stage.restart();
  const stream = `repository/${stage.installationId}/${repository.id}`;
  return rows.filter((row) => row.stream === stream).map((row) => JSON.parse(row.data ?? "{}"));
}

const bypasses = async () => gauge(await metrics(stage), "hms_bypass_merges_total");

const notes = (pull: { repository: RepositoryHandle; number: number }) =>
  answers(stage, pull).filter((body) => body.includes("hms-bypass"));

test("merged by an administrator although the gate was red: said once, with who and why", async () => {
  const before = await bypasses();
  const repository = await guarded();
  const pull = await openPull(stage, repository, { files: LEAK });
  await concluded(stage, pull, "failure");
  await stage.github.merge(repository, pull.number, { by: "linus" });
  await until(stage, "a note", () => notes(pull).length > 0);
  await idle(stage);
  stage.github.comment(repository, pull.number, { author: "ada", body: "/hms retry" });
  await idle(stage);
  expect(notes(pull)).toHaveLength(1);
  expect(notes(pull)[0]).toContain("merged by `linus`");
  expect(notes(pull)[0]).toContain("`no-high-findings`");
  expect(await bypasses()).toBe(before + 1);
  expect(await ledger(repository, "bypass_merge")).toMatchObject([
    { sha: pull.sha, by: "linus", gate: "failure", rules: ["no-high-findings"] },
  ]);
});

test("no comment where the repository wants none; the ledger has it", async () => {
  const repository = await guarded({ ".github/hms.yml": "version: 1\ngate: { report_bypasses: false }\n" });
  const pull = await openPull(stage, repository, { files: LEAK });
  await concluded(stage, pull, "failure");
  const before = await bypasses();
  await stage.github.merge(repository, pull.number, { by: "linus" });
  await until(stage, "it is counted", async () => (await bypasses()) > before);
  expect(notes(pull)).toEqual([]);
  expect(await ledger(repository, "bypass_merge")).toHaveLength(1);
});

test("a green merge, one in shadow mode, one that we never saw open and one that was closed are no bypass", async () => {
  const green = await openPull(stage, await guarded());
  await concluded(stage, green, "success");
  const shadow = await openPull(
    stage,
    await newRepository(stage, { ".github/hms.yml": "version: 1\ngate: { mode: shadow }\n" }),
    {
      files: LEAK,
    },
  );
  await concluded(stage, shadow, "failure", "hms/gate-shadow");
  const closed = await openPull(stage, await guarded(), { files: LEAK });
  await concluded(stage, closed, "failure");
  for (const pull of [green, shadow]) await stage.github.merge(pull.repository, pull.number, { by: "linus" });
  await stage.github.closePull(closed.repository, closed.number);
  stage.github.failDeliveries(stage.app, { until: new Date(Date.now() + 3_600_000) });
  const unseen = await openPull(stage, await guarded(), { files: LEAK });
  await stage.github.deliveriesSettled();
  stage.github.failDeliveries(stage.app, {});
  await stage.github.merge(unseen.repository, unseen.number, { by: "linus" });
  await idle(stage);
  for (const pull of [green, shadow, closed, unseen]) {
    expect(notes(pull)).toEqual([]);
    expect(await ledger(pull.repository, "bypass_merge")).toEqual([]);
  }
});

test("merged while we were away: the sweep finds it", async () => {
  const repository = await guarded();
  const pull = await openPull(stage, repository, { files: LEAK });
  await concluded(stage, pull, "failure");
  await stage.hms.kill("SIGKILL");
  await stage.github.merge(repository, pull.number, { by: "linus" });
  await stage.github.deliveriesSettled();
  await stage.restart();
  await until(stage, "a note", () => notes(pull).length > 0);
  await idle(stage);
  expect(notes(pull)).toHaveLength(1);
});

test.each([
  ["between ledger and comment", "github.comment before"],
  ["after the comment", "github.comment after"],
])("killed %s: one comment, one entry", async (_what, at) => {
  const repository = await guarded();
  const pull = await openPull(stage, repository, { files: LEAK });
  await concluded(stage, pull, "failure");
  await stage.restart("SIGTERM", { HMS_CRASH_AT: at, HMS_CRASH_ON: "hms-bypass" }, CRASHING);
  await stage.github.merge(repository, pull.number, { by: "linus" });
  await stage.hms.exited;
  await stage.restart();
  await until(stage, "a note", () => notes(pull).length > 0);
  await until(stage, "it was looked at to the end", async () => (await bypasses()) > 0);
  await idle(stage);
  expect(notes(pull)).toHaveLength(1);
  expect(await ledger(repository, "bypass_merge")).toHaveLength(1);
});

test("a direct push to the default branch is in the ledger; a merge is not", async () => {
  const repository = await guarded();
  const pull = await openPull(stage, repository);
  await concluded(stage, pull, "success");
  await stage.github.merge(repository, pull.number, { by: "ada" });
  const before = stage.github.refSha(repository, "main");
  const sha = await stage.github.commit(repository, "main", { files: LEAK, author: "linus", message: "Straight in" });
  const lookedAt = (line: string) => line.includes(`/${sha}"`) && line.includes('"outcome":"done"');
  await until(stage, "the push was looked at", () => stage.hms.output().split("\n").some(lookedAt));
  expect(await ledger(repository, "direct_push")).toMatchObject([
    { branch: "main", before, after: sha, by: "linus", commits: [sha], count: 1 },
  ]);
});
