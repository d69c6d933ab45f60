import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createEgress } from "../../../src/adapters/egress/egress.ts";
import { openSecrets } from "../../../src/adapters/secrets/secrets.ts";
import { connectSonarQube } from "../../../src/adapters/sonarqube/sonarqube.ts";
import type { QualityLook } from "../../../src/ports/quality-server.ts";
import {
  type AnalysisDouble,
  GATE_OK,
  issueOf,
  type ProjectDouble,
  type SonarQubeDouble,
  startSonarQube,
} from "../../doubles/sonarqube/sonarqube.ts";

const SHA = "a".repeat(40);
const OTHER = "b".repeat(40);
const DATE = "2026-04-01T02:15:42+0200";

let sonarqube: SonarQubeDouble;
let project: ProjectDouble;

const analysis = (more: Partial<AnalysisDouble> = {}): AnalysisDouble => ({
  date: DATE,
  revision: SHA,
  told: true,
  issues: [issueOf("shop", "src/a.js")],
  gate: GATE_OK,
  ...more,
});

beforeAll(async () => {
  sonarqube = await startSonarQube();
});
afterAll(() => sonarqube.close());
beforeEach(() => {
  project = { pulls: new Map([["7", analysis()]]), queue: [] };
  sonarqube.projects.clear();
  sonarqube.projects.set("shop", project);
  sonarqube.faults.clear();
  sonarqube.asked.length = 0;
});

function connect(environment: Record<string, string> = { TOKEN: sonarqube.token }, timeoutMs = 2_000) {
  return connectSonarQube({
    url: sonarqube.url,
    token: "env:TOKEN",
    egress: createEgress({ allow: [new URL(sonarqube.url).host], timeoutMs }),
    secrets: openSecrets({ environment, directory: undefined }),
  });
}
type About = Parameters<ReturnType<typeof connect>["look"]>[0];
const look = (about: Partial<About> = {}, server = connect()): Promise<QualityLook> =>
  server.look({ project: "shop", sha: SHA, pulls: [7], ...about });
const announcedAt = (analysedAtMs: number, pullRequest = "7") => ({ announced: { pullRequest, analysedAtMs } });

describe("an analysis of the commit", () => {
  test("of its pull request is taken as a whole", async () => {
    expect(await look()).toEqual({
      is: "analysed",
      pages: [expect.objectContaining({ issues: [issueOf("shop", "src/a.js")] })],
      gate: GATE_OK,
      revision: SHA,
      url: `${sonarqube.url}/dashboard?id=shop&pullRequest=7`,
    });
  });

  test("of the main branch is taken where no pull request's is", async () => {
    project.pulls.clear();
    project.main = analysis();
    expect(await look()).toMatchObject({ is: "analysed", url: `${sonarqube.url}/dashboard?id=shop` });
  });

  test("is read page by page", async () => {
    const issues = Array.from({ length: 1_234 }, (_, index) => issueOf("shop", `src/${index}.js`));
    project.pulls.set("7", analysis({ issues }));
    const found = await look();
    expect(found.is === "analysed" && found.pages.length).toBe(3);
  });

  test("is known by what the server announced of it, where its list does not tell the commit", async () => {
    project.pulls.set("7", analysis({ told: false }));
    expect(await look()).toMatchObject({ is: "not-yet" });
    expect(await look(announcedAt(Date.parse(DATE)))).toMatchObject({ is: "analysed", revision: SHA });
  });
});

describe("what is not an analysis of the commit", () => {
  const cases: [string, () => void, Partial<About>?][] = [
    ["there is none", () => project.pulls.clear()],
    ["another commit", () => project.pulls.set("7", analysis({ revision: OTHER }))],
    ["a short form of it", () => project.pulls.set("7", analysis({ revision: SHA.slice(0, 12) }))],
    ["another pull request's, with the same commit", () => {}, { pulls: [8] }],
    ["an announcement of an earlier one", () => untold(), announcedAt(Date.parse(DATE) - 60_000)],
    ["an announcement of another pull request's", () => untold(), announcedAt(Date.parse(DATE), "8")],
    ["an announcement against what the list says", () => other(), announcedAt(Date.parse(DATE))],
    ["the main branch's, of another commit", () => onlyMain(OTHER)],
    ["it is still at work", () => project.queue.push({ pullRequest: "7" })],
  ];
  const untold = () => project.pulls.set("7", analysis({ told: false }));
  const other = () => project.pulls.set("7", analysis({ revision: OTHER }));
  const onlyMain = (revision: string) => {
    project.pulls.clear();
    project.main = analysis({ revision });
  };
  test.each(cases)("%s", async (_name, arrange, about = {}) => {
    arrange();
    expect(await look(about)).toMatchObject({ is: "not-yet" });
    expect(sonarqube.asked.join("\n")).not.toContain("issues/search");
  });

  test("the work of others does not hold it up", async () => {
    project.queue.push({ pullRequest: "8" }, {});
    expect(await look()).toMatchObject({ is: "analysed" });
  });

  test("one that is replaced while it is read", async () => {
    sonarqube.faults.set("/api/issues/search", (response) => {
      project.pulls.set("7", analysis({ date: "2026-04-01T02:20:00+0200", revision: OTHER }));
      json(response, 200, { paging: { total: 0 }, issues: [] });
    });
    expect(await look()).toMatchObject({ is: "not-yet" });
  });

  test("one of the same commit that is made anew while it is read", async () => {
    sonarqube.faults.set("/api/issues/search", (response) => {
      project.pulls.set("7", analysis({ date: "2026-04-01T02:20:00+0200" }));
      json(response, 200, { paging: { total: 0 }, issues: [] });
    });
    expect(await look()).toMatchObject({ is: "not-yet" });
  });
});

const json = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
};
const PATHS = [
  "/api/project_pull_requests/list",
  "/api/ce/component",
  "/api/qualitygates/project_status",
  "/api/issues/search",
];

describe("what answers otherwise is never taken", () => {
  const answers: [string, string, (response: ServerResponse) => void][] = [
    ["401", "refused", (response) => json(response, 401, {})],
    ["403", "refused", (response) => json(response, 403, { errors: [{ msg: "Insufficient privileges" }] })],
    ["404", "refused", (response) => json(response, 404, { errors: [{ msg: "not found" }] })],
    ["503", "not-yet", (response) => json(response, 503, {})],
    ["429", "not-yet", (response) => json(response, 429, {})],
    ["a redirect", "refused", (response) => response.writeHead(302, { location: `${sonarqube.url}/login` }).end()],
    ["HTML", "refused", (response) => response.writeHead(200, { "content-type": "text/html" }).end("<html>Log in")],
    ["HTML that says it is JSON", "refused", (response) => plain(response, "<html>Log in")],
    ["half of an answer", "refused", (response) => plain(response, '{"paging":{"total":0},"issues":[')],
    ["null", "refused", (response) => json(response, 200, null)],
    ["a list", "refused", (response) => json(response, 200, [])],
    ["deep nesting", "refused", (response) => plain(response, "[".repeat(200_000))],
    ["nothing, and the connection ends", "not-yet", (response) => response.destroy()],
    ["more than is read", "unusable", (response) => plain(response, `{"a":"${"x".repeat(13 * 1024 * 1024)}"}`)],
  ];
  const plain = (response: ServerResponse, text: string): void => {
    response.writeHead(200, { "content-type": "application/json" }).end(text);
  };
  for (const path of PATHS) {
    test.each(answers)(`${path}: %s`, async (name, is, answer) => {
      sonarqube.faults.set(path, answer);
      const found = await look();
      // The gate is read by its converter; what has no form of its own is refused there.
      const own = path === "/api/qualitygates/project_status" && (name === "null" || name === "a list");
      expect(found.is).toBe(own ? "analysed" : is);
      if (!("reason" in found)) return;
      expect(found.reason).toMatch(/^[A-Z].*\.$/);
      expect(found.reason).not.toContain(sonarqube.token);
    });
  }

  test("silence", async () => {
    sonarqube.faults.set("/api/ce/component", () => {});
    expect(await look({}, connect(undefined, 200))).toMatchObject({
      is: "not-yet",
      reason: "SonarQube does not answer.",
    });
  });

  test("a wrong token, and none", async () => {
    expect(await look({}, connect({ TOKEN: "squ_wrong" }))).toMatchObject({ is: "refused" });
    expect(await look({}, connect({}))).toMatchObject({
      is: "refused",
      reason: expect.stringContaining("not to be had"),
    });
    expect(sonarqube.asked).toHaveLength(1);
  });

  test("a project that it does not know", async () => {
    expect(await look({ project: "other" })).toMatchObject({ is: "refused" });
  });

  test("more issues than it gives out", async () => {
    sonarqube.faults.set("/api/issues/search", (response) =>
      json(response, 200, { paging: { total: 10_001 }, issues: [issueOf("shop", "a.js")] }),
    );
    expect(await look()).toMatchObject({ is: "unusable", reason: expect.stringContaining("10001 issues") });
  });

  test("issues of another project", async () => {
    project.pulls.set("7", analysis({ issues: [issueOf("shop", "a.js"), issueOf("vault", "b.js")] }));
    expect(await look()).toEqual({ is: "unusable", reason: "SonarQube gave issues of another project." });
  });

  test("pages that never end", async () => {
    sonarqube.faults.set("/api/issues/search", (response) =>
      json(response, 200, { paging: { total: 10_000 }, issues: [issueOf("shop", "a.js")] }),
    );
    expect(await look()).toMatchObject({ is: "analysed" });
    expect(sonarqube.asked.filter((path) => path.includes("issues/search"))).toHaveLength(20);
  });
});

describe("whether it may be read", () => {
  test("says which version answers", async () => {
    expect(await connect().access("shop")).toEqual({ ok: true, version: "10.7.0.96327" });
    expect(await connect().access(undefined)).toMatchObject({ ok: true });
  });

  test.each([
    ["the token does not count", "not take the token", () => connect({ TOKEN: "squ_wrong" }).access("shop")],
    ["the project is not there", "knows no such project", () => connect().access("other")],
    ["it starts", "not up", () => starting()],
  ])("%s", async (_name, text, ask) => {
    expect(await ask()).toEqual({ ok: false, problem: expect.stringContaining(text) });
  });
  const starting = () => {
    sonarqube.faults.set("/api/system/status", (response) => json(response, 200, { status: "STARTING", version: "1" }));
    return connect().access("shop");
  };
});
