import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { serveRuns } from "../doubles/runner/runner.ts";
import { type Stage, setStage } from "../stage/stage.ts";
import { publicUrl, sarifOf, WORKFLOW_PATH } from "./scans-scene.ts";
import { checks, concluded, newRepository, openPull, until } from "./scene.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const SHIPPED = readFileSync(new URL("../../actions/scan/hms-scan.yml", import.meta.url), "utf8");
const SAST = "hms/scan/sast";

let stage: Stage;
const over = new AbortController();
let runner: Promise<void>;
beforeAll(async () => {
  stage = await setStage();
  runner = serveRuns(stage.github, over.signal);
});
afterAll(async () => {
  over.abort();
  await runner;
  await stage.close();
});

test("the shipped workflow and Action: a planted flaw blocks, its fix turns the gate green, a crash is no pass", async () => {
  const repository = await newRepository(stage, {
    ".github/hms.yml": "version: 1\nscan: { sast: { tool: sarif } }\n",
    ".github/hms-scan/sarif": '#!/bin/sh\ncp "$1/found.json" "$2"\n',
    [WORKFLOW_PATH]: SHIPPED,
    "found.json": sarifOf([{ rule: "oldeval", path: "src/old.js" }]),
  });
  stage.github.setVariable(repository, "HMS_URL", publicUrl(stage));
  const flaws = sarifOf([
    { rule: "oldeval", path: "src/old.js" },
    { rule: "neweval", path: "src/new.js" },
  ]);
  const pull = await openPull(stage, repository, { files: { "src/new.js": "eval(y)\n", "found.json": flaws } });
  await concluded(stage, pull, "failure", SAST);
  const gate = await concluded(stage, pull, "failure");
  expect(`${gate.output.summary} ${gate.output.text}`).toMatch(/no-sast-findings.*1 critical.*neweval/);

  const commit = (content: string) =>
    stage.github.commit(repository, pull.branch, { files: { "found.json": content }, author: "ada", message: "Next" });
  const mended = await commit(sarifOf([]));
  await concluded(stage, { repository, sha: mended }, "success", SAST);
  await concluded(stage, { repository, sha: mended }, "success");

  const cut = await commit('{"version":"2.1.0","runs":[');
  const check = await until(stage, "the check says why", () => {
    const run = checks(stage, repository, cut, SAST).at(-1);
    return run?.output.summary?.includes("cut off") ? run : undefined;
  });
  expect(check.conclusion).not.toBe("success");
});
