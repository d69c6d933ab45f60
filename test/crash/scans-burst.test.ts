import { afterAll, beforeAll, expect, test } from "vitest";
import type { RepositoryHandle } from "../doubles/github/github.ts";
import { scanFiles, startScanRunner } from "../stage/scan-runner.ts";
import { type Stage, setStage } from "../stage/stage.ts";
import { checks, concluded, newRepository, type OpenedPull, openPull, until } from "../system/scene.ts";

/** The process is killed by its id while runs are being started, and once more while their reports come in. */

const FLAW = 'export const order = (id) => db.query("SELECT 1 WHERE id = " + id);\n';
const PULLS = 6;
let stage: Stage;
let repository: RepositoryHandle;
let runner: { close(): Promise<void> } | undefined;

beforeAll(async () => {
  stage = await setStage();
  stage.github.setVariable("acme", "HMS_URL", stage.hms.url);
  repository = await newRepository(stage, { ".github/hms.yml": "version: 1\nscan: { sast: { tool: sarif } }\n" });
  await stage.github.commit(repository, "main", { files: scanFiles(), author: "linus", message: "Scans" });
});
afterAll(async () => {
  await runner?.close();
  await stage.close();
});

const runs = () => stage.github.workflowRuns(repository).map((runId) => stage.github.workflowRun(runId));

test("killed twice in the middle: every commit is scanned once, what is flawed is never green, and all come to their end", async () => {
  const opening = Array.from({ length: PULLS }, (_, at) => {
    const files = { [`src/item-${at}.js`]: at % 2 === 0 ? FLAW : `export const item = ${at};\n` };
    return openPull(stage, repository, { files });
  });
  await until(stage, "the first run is started", () => runs().length > 0);
  await stage.restart("SIGKILL");
  const pulls: OpenedPull[] = await Promise.all(opening);
  runner = startScanRunner(stage.github);
  await until(stage, "the first report was sent", () => runs().some(({ status }) => status === "completed"), 60_000);
  await stage.restart("SIGKILL");

  for (const [at, pull] of pulls.entries())
    await until(
      stage,
      `the gate of ${pull.number} is right`,
      () => checks(stage, repository, pull.sha).at(-1)?.conclusion === (at % 2 === 0 ? "failure" : "success"),
      60_000,
    );
  for (const pull of pulls.filter((_, at) => at % 2 === 0)) {
    await concluded(stage, pull, "failure", "hms/scan/sast");
    for (const name of ["hms/gate", "hms/scan/sast"])
      expect(checks(stage, repository, pull.sha, name).map(({ conclusion }) => conclusion)).not.toContain("success");
  }
  const scanned = runs().map(({ inputs }) => String(inputs.sha));
  expect(scanned.sort()).toEqual([...new Set(scanned)]);
  expect(scanned).toHaveLength(PULLS + 1);
}, 180_000);
