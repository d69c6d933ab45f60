import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Diagnosis } from "../../src/model/diagnosis.ts";
import {
  type AnalysisDouble,
  GATE_OK,
  gateFailed,
  issueOf,
  type SonarQubeDouble,
  startSonarQube,
} from "../doubles/sonarqube/sonarqube.ts";
import { type Stage, setStage } from "../stage/stage.ts";
import { checks, concluded, newRepository, type OpenedPull, openPull, until } from "./scene.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const HMS = new URL("../../bin/hms", import.meta.url).pathname;
const CHECK = "hms/scan/quality";
const SECRET = "the-secret-of-sonarqube's-webhook";
const DATE = "2026-04-01T02:15:42+0200";

let stage: Stage;
let sonarqube: SonarQubeDouble;
let folder: string;
let projects = 0;

beforeAll(async () => {
  sonarqube = await startSonarQube();
  folder = mkdtempSync(join(tmpdir(), "hms-sonarqube-"));
  const file = join(folder, "sonarqube.yml");
  writeFileSync(
    file,
    [
      "version: 1",
      `url: ${sonarqube.url}`,
      "token: env:SONARQUBE_TOKEN",
      "webhook_secret: env:SONARQUBE_SECRET",
      'projects: [{ repositories: ["acme/*"], keys: ["acme_*"] }]',
      "",
    ].join("\n"),
  );
  stage = await setStage({
    environment: {
      HMS_SONARQUBE: file,
      SONARQUBE_TOKEN: sonarqube.token,
      SONARQUBE_SECRET: SECRET,
      HMS_RESYNC_INTERVAL: "2s",
    },
  });
});

afterAll(async () => {
  await stage.close();
  await sonarqube.close();
  rmSync(folder, { recursive: true });
});

interface Scene {
  project: string;
  pull: OpenedPull;
}

async function opened(project = `acme_${++projects}`, tool = "sonarqube"): Promise<Scene> {
  const hms = `version: 1\nscan: { quality: { tool: ${tool}, project: ${project} } }\n`;
  const repository = await newRepository(stage, { ".github/hms.yml": hms });
  if (!sonarqube.projects.has(project)) sonarqube.projects.set(project, { pulls: new Map(), queue: [] });
  return { project, pull: await openPull(stage, repository) };
}

function analyse({ project, pull }: Scene, revision: string, more: Partial<AnalysisDouble> = {}): void {
  const one = { date: DATE, revision, told: true, issues: [], gate: GATE_OK, ...more };
  sonarqube.projects.get(project)?.pulls.set(String(pull.number), one);
}

/** As SonarQube tells that it is done. */
async function tell(
  { project, pull }: Scene,
  revision: string,
  change: { secret?: string; body?: string } = {},
): Promise<number> {
  const body = JSON.stringify({
    serverUrl: sonarqube.url,
    taskId: "AVh21JS2JepAEhwQ-b3u",
    status: "SUCCESS",
    analysedAt: DATE,
    revision,
    project: { key: project, name: project, url: `${sonarqube.url}/dashboard?id=${project}` },
    branch: { name: String(pull.number), type: "PULL_REQUEST", isMain: false },
    properties: {},
    qualityGate: { name: "Sonar way", status: "OK", conditions: [] },
  });
  const signature = createHmac("sha256", change.secret ?? SECRET)
    .update(body)
    .digest("hex");
  const response = await fetch(`${stage.hms.url}/api/v1/sonarqube`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-sonar-webhook-hmac-sha256": signature },
    body: change.body ?? body,
  });
  return response.status;
}

/** The quality check once it says so, still in progress. */
function waitsWith({ pull }: Scene, text: string | RegExp): Promise<unknown> {
  return until(stage, `${CHECK} says ${text}`, () => {
    const run = checks(stage, pull.repository, pull.sha, CHECK).at(-1);
    const words = `${run?.output?.title} ${run?.output?.summary} ${run?.output?.text}`;
    return run?.status === "in_progress" && run.conclusion === null && words.search(text) >= 0;
  });
}

function neverPassed({ pull }: Scene): void {
  for (const name of [CHECK, "hms/gate"])
    expect(checks(stage, pull.repository, pull.sha, name).map(({ conclusion }) => conclusion)).not.toContain("success");
}

describe("quality, asked of a SonarQube server", () => {
  test("an issue and a gate that is not met block by their rule; what mends them turns the gate green", async () => {
    const scene = await opened();
    const { project, pull } = scene;
    await waitsWith(scene, "has not analysed this commit yet");
    await concluded(stage, pull, "in_progress");
    analyse(scene, pull.sha, { issues: [issueOf(project, "src/a.js")], gate: gateFailed() });
    expect(await tell(scene, pull.sha)).toBe(202);
    const check = await concluded(stage, pull, "failure", CHECK);
    expect(`${check.output.title} ${check.output.summary} ${check.output.text}`).toContain("gate-new-coverage");
    const gate = await concluded(stage, pull, "failure");
    expect(`${gate.output.summary} ${gate.output.text}`).toContain("no-quality-findings");
    const sha = await stage.github.commit(pull.repository, pull.branch, {
      files: { "src/a.js": "safe()\n" },
      author: "ada",
      message: "Mend it",
    });
    const mended = { project, pull: { ...pull, sha } };
    // What was found at the commit before says nothing of this one.
    await waitsWith(mended, "has not analysed this commit yet");
    analyse(mended, sha);
    expect(await tell(mended, sha)).toBe(202);
    await concluded(stage, mended.pull, "success", CHECK);
    await concluded(stage, mended.pull, "success");
  });

  test("without a webhook it is asked again, and where the list does not tell the commit the webhook does", async () => {
    const polled = await opened();
    await waitsWith(polled, "not analysed");
    analyse(polled, polled.pull.sha);
    await concluded(stage, polled.pull, "success", CHECK);
    const server = await opened();
    analyse(server, server.pull.sha, { told: false });
    await waitsWith(server, "not analysed");
    expect(await tell(server, server.pull.sha)).toBe(202);
    await concluded(stage, server.pull, "success", CHECK);
  });

  test("an analysis of another commit, or of another pull request, is none", async () => {
    const scene = await opened();
    analyse(scene, "b".repeat(40));
    sonarqube.projects.get(scene.project)?.pulls.set("999", { ...otherOf(scene), revision: scene.pull.sha });
    await waitsWith(scene, "not analysed");
    expect(await tell(scene, scene.pull.sha)).toBe(202);
    await waitsWith(scene, "not analysed");
    neverPassed(scene);
  });
  const otherOf = (scene: Scene): AnalysisDouble => ({
    date: DATE,
    revision: scene.pull.sha,
    told: true,
    issues: [],
    gate: GATE_OK,
  });

  test("hms.yml cannot name a project that the operator does not give to the repository", async () => {
    sonarqube.projects.set("vault", { pulls: new Map(), queue: [] });
    const scene = await opened("vault");
    analyse(scene, scene.pull.sha, { issues: [issueOf("vault", "planted-secret.js")] });
    await waitsWith(scene, "does not let this repository read the project");
    const check = checks(stage, scene.pull.repository, scene.pull.sha, CHECK).at(-1);
    expect(JSON.stringify(check?.output)).not.toContain("hms-scan.yml");
    expect(sonarqube.asked.filter((path) => path.includes("vault"))).toEqual([]);
    neverPassed(scene);
  });
});

const json = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
};

describe("a server that answers otherwise", () => {
  test.each<[string, string, RegExp, (response: ServerResponse) => void]>([
    ["is away", "/api/issues/search", /does not answer/, (response) => response.destroy()],
    ["refuses the token", "/api/qualitygates/project_status", /401/, (response) => json(response, 401, {})],
    [
      "leads elsewhere",
      "/api/issues/search",
      /leads elsewhere/,
      (response) => response.writeHead(302, { location: `${sonarqube.url}/api/issues/search2` }).end(),
    ],
    [
      "shows a page",
      "/api/issues/search",
      /does not answer as SonarQube/,
      (response) => response.writeHead(200, { "content-type": "text/html" }).end("<html>Log in</html>"),
    ],
    ["answers without end", "/api/issues/search", /too large/, (response) => endless(response)],
    ["has more than it gives", "/api/issues/search", /10001 issues/, (response) => tooMany(response)],
    ["has no gate", "/api/qualitygates/project_status", /quality gate/, (response) => noGate(response)],
  ])("%s: no pass", async (_name, path, words, answer) => {
    sonarqube.faults.set(path, answer);
    try {
      const scene = await opened();
      analyse(scene, scene.pull.sha);
      await waitsWith(scene, words);
      neverPassed(scene);
    } finally {
      sonarqube.faults.delete(path);
    }
  });
  const endless = (response: ServerResponse): void => {
    response.writeHead(200, { "content-type": "application/json" }).write('{"issues":"');
    const more = (): void => {
      if (response.writable && !response.destroyed) response.write("x".repeat(1_000_000), () => setImmediate(more));
    };
    more();
  };
  const tooMany = (response: ServerResponse): void => {
    json(response, 200, { paging: { pageIndex: 1, pageSize: 500, total: 10_001 }, issues: [] });
  };
  const noGate = (response: ServerResponse): void => json(response, 200, { projectStatus: { status: "NONE" } });
});

describe("the webhook", () => {
  test("is refused with another secret, another body, or without a signature", async () => {
    const scene = await opened();
    await waitsWith(scene, "not analysed");
    const { sha } = scene.pull;
    expect(await tell(scene, sha, { secret: "guessed" })).toBe(401);
    expect(await tell(scene, sha, { body: "{}" })).toBe(401);
    const url = `${stage.hms.url}/api/v1/sonarqube`;
    expect((await fetch(url, { method: "POST", body: "{}" })).status).toBe(401);
    for (const body of ["null", "[]", "x", '{"revision":1}']) {
      const signature = createHmac("sha256", SECRET).update(body).digest("hex");
      const headers = { "x-sonar-webhook-hmac-sha256": signature };
      expect((await fetch(url, { method: "POST", headers, body })).status).toBe(400);
    }
    neverPassed(scene);
  });

  test("of itself makes nothing green: the server is asked", async () => {
    const scene = await opened();
    analyse(scene, scene.pull.sha, { issues: [issueOf(scene.project, "src/a.js")], told: false });
    await waitsWith(scene, "not analysed");
    expect(await tell(scene, scene.pull.sha)).toBe(202);
    await concluded(stage, scene.pull, "failure", CHECK);
    neverPassed(scene);
  });
});

test("the doctor says whether it answers, and lets the project be read", async () => {
  const { project, pull } = await opened();
  const told = (change: Record<string, string> = {}) =>
    new Promise<Record<string, string>>((resolve) => {
      const env = { PATH: "/usr/bin:/bin", ...stage.environment, ...change };
      const child = spawn(HMS, ["doctor", "--json", pull.repository.fullName], { env });
      let out = "";
      child.stdout.on("data", (chunk) => {
        out += chunk;
      });
      child.once("exit", () => {
        const { findings } = JSON.parse(out) as { findings: Diagnosis[] };
        const about = findings.filter(({ code }) => code.startsWith("sonarqube"));
        resolve(Object.fromEntries(about.map(({ code, level }) => [code, level])));
      });
    });
  expect(await told()).toEqual({ sonarqube: "ok", "sonarqube-project": "ok" });
  sonarqube.projects.delete(project);
  expect(await told()).toEqual({ sonarqube: "ok", "sonarqube-project": "fail" });
  expect(await told({ SONARQUBE_TOKEN: "squ_wrong" })).toEqual({ sonarqube: "fail", "sonarqube-project": "fail" });
});
