import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * A server that answers in the formats of SonarQube's documented web API (examples of api/…?response_example), with what a test puts there.
 * It is no SonarQube: what that does besides is not known here.
 */
export interface SonarQubeDouble {
  url: string;
  token: string;
  projects: Map<string, ProjectDouble>;
  /** Answers in place of the own one, by path; removed by the test that put it there. */
  faults: Map<string, (response: ServerResponse, query: URLSearchParams) => void>;
  /** Paths with their queries, in order. */
  asked: string[];
  close(): Promise<void>;
}

export interface ProjectDouble {
  /** By the number of the pull request. */
  pulls: Map<string, AnalysisDouble>;
  main?: AnalysisDouble;
  /** Tasks that are pending or under way. */
  queue: { pullRequest?: string }[];
}

export interface AnalysisDouble {
  /** ISO with an offset, as SonarQube writes it. */
  date: string;
  revision: string;
  /** SonarQube Cloud tells the commit of a pull request's analysis, SonarQube Server does not. */
  told: boolean;
  issues: object[];
  gate: object;
}

export const GATE_OK = { projectStatus: { status: "OK", conditions: [], ignoredConditions: false } };

export function gateFailed(metricKey = "new_coverage"): object {
  const condition = { status: "ERROR", metricKey, comparator: "LT", errorThreshold: "80", actualValue: "12.5" };
  return { projectStatus: { status: "ERROR", conditions: [condition], ignoredConditions: false } };
}

export function issueOf(project: string, path: string, more: object = {}): object {
  return {
    key: `AY-${path}`,
    rule: "javascript:S1523",
    severity: "CRITICAL",
    component: `${project}:${path}`,
    project,
    line: 1,
    hash: "a227e508d6646b55a086ee11d63b21e9",
    textRange: { startLine: 1, endLine: 1, startOffset: 0, endOffset: 4 },
    flows: [],
    status: "OPEN",
    message: "Do not evaluate strings as code.",
    type: "VULNERABILITY",
    ...more,
  };
}

type Reply = [status: number, body: object];

export async function startSonarQube(token = "squ_0123456789abcdef0123456789abcdef01234567"): Promise<SonarQubeDouble> {
  const projects: SonarQubeDouble["projects"] = new Map();
  const faults: SonarQubeDouble["faults"] = new Map();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://sonarqube.test");
    asked.push(`${pathname}?${searchParams}`);
    const fault = faults.get(pathname);
    if (fault) {
      fault(response, searchParams);
      return;
    }
    const [status, body] = answer(request, pathname, searchParams);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });

  function answer(request: IncomingMessage, pathname: string, query: URLSearchParams): Reply {
    const say = (status: number, body: object): Reply => [status, body];
    const errors = (status: number, msg: string): Reply => say(status, { errors: [{ msg }] });
    const known = request.headers.authorization === `Basic ${Buffer.from(`${token}:`).toString("base64")}`;
    if (pathname === "/api/system/status") return say(200, { id: "20260101", version: "10.7.0.96327", status: "UP" });
    if (pathname === "/api/authentication/validate") return say(200, { valid: known });
    if (!known) return say(401, {});
    const key = ["project", "projectKey", "component", "components"].map((name) => query.get(name)).find(Boolean) ?? "";
    const project = projects.get(key);
    if (!project) return errors(404, `Component key '${key}' not found`);
    const pull = query.get("pullRequest");
    const analysis = pull === null ? project.main : project.pulls.get(pull);
    switch (pathname) {
      case "/api/components/show":
        return say(200, { component: { key, name: key, qualifier: "TRK" }, ancestors: [] });
      case "/api/project_pull_requests/list":
        return say(200, {
          pullRequests: [...project.pulls].map(([number, one]) => ({
            key: number,
            title: "A change",
            branch: "change",
            base: "main",
            status: { qualityGateStatus: "OK" },
            analysisDate: one.date,
            target: "main",
            ...(one.told ? { commit: { sha: one.revision } } : {}),
          })),
        });
      case "/api/project_analyses/search": {
        const { main } = project;
        const analyses = main ? [{ key: "AX", date: main.date, revision: main.revision, events: [] }] : [];
        return say(200, { paging: { pageIndex: 1, pageSize: 1, total: analyses.length }, analyses });
      }
      case "/api/ce/component":
        return say(200, { queue: project.queue.map((task) => ({ id: "AY", type: "REPORT", ...task })) });
      case "/api/qualitygates/project_status":
        return analysis ? say(200, analysis.gate) : errors(404, "Pull request not found");
      case "/api/issues/search": {
        if (!analysis) return errors(404, "Pull request not found");
        const [size, number] = [Number(query.get("ps")), Number(query.get("p"))];
        const { issues } = analysis;
        return say(200, {
          total: issues.length,
          paging: { pageIndex: number, pageSize: size, total: issues.length },
          issues: issues.slice((number - 1) * size, number * size),
        });
      }
      default:
        return errors(404, `Unknown url : ${pathname}`);
    }
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token,
    projects,
    faults,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
