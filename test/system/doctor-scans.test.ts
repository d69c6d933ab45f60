import { spawn } from "node:child_process";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { shippedScanWorkflow } from "../../src/config/scan-workflow.ts";
import type { Diagnosis } from "../../src/model/diagnosis.ts";
import type { RepositoryHandle } from "../doubles/github/github.ts";
import { type Stage, setStage } from "../stage/stage.ts";
import { newRepository } from "./scene.ts";

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const HMS = new URL("../../bin/hms", import.meta.url).pathname;
const PATH = ".github/workflows/hms-scan.yml";
const CONFIGURED = { ".github/hms.yml": "version: 1\nscan: { sast: { tool: semgrep } }\n" };
/** As a team is to copy it: with a version of the Action. */
const copied = shippedScanWorkflow().replace(/@0{40}/g, `@${"c".repeat(40)}`);

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());

/** What `hms doctor` says of the repository's scans. */
function told({ fullName }: RepositoryHandle): Promise<Record<string, string>> {
  return new Promise((resolve) => {
    const child = spawn(HMS, ["doctor", "--json", fullName], { env: { PATH: "/usr/bin:/bin", ...stage.environment } });
    let out = "";
    child.stdout.on("data", (chunk) => {
      out += chunk;
    });
    child.once("exit", () => {
      const { findings } = JSON.parse(out) as { findings: Diagnosis[] };
      const about = findings.filter(({ code }) => code.startsWith("scan-"));
      resolve(Object.fromEntries(about.map(({ code, level }) => [code, level])));
    });
  });
}

test("a repository that asks for scans is told what they lack, until they lack nothing", async () => {
  const { github } = stage;
  const repository = await newRepository(stage, CONFIGURED);
  const write = (text: string) =>
    github.commit(repository, "main", { files: { [PATH]: text }, author: "ada", message: "Scans" });
  expect(await told(repository)).toEqual({ "scan-workflow": "fail" });
  await write(copied.replace("contents: read", "contents: write"));
  expect(await told(repository)).toEqual({
    "scan-workflow": "ok",
    "scan-workflow-changed": "warn",
    "scan-environment": "warn",
  });
  await write(copied);
  github.setEnvironment(repository, "hms-report", { branches: ["main"] });
  expect(await told(repository)).toEqual({ "scan-workflow": "ok", "scan-environment": "ok" });
  github.setWorkflowState(repository, "hms-scan.yml", "disabled_manually");
  expect(await told(repository)).toEqual({ "scan-workflow": "fail", "scan-environment": "ok" });
});

test("one that asks for none, or for those of a server only, is told nothing of them", async () => {
  const quality = "version: 1\nscan: { quality: { tool: sonarqube, project: shop } }\n";
  for (const files of [{}, { ".github/hms.yml": quality }])
    expect(await told(await newRepository(stage, files))).toEqual({});
});
