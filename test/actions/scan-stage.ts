import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { parse } from "yaml";
import { interpolate } from "../doubles/runner/expression.ts";
import type { JobConclusion, ReadyJob, RunnerHost } from "../doubles/runner/host.ts";
import { type PlayedJob, playRun, type RunnerOptions } from "../doubles/runner/runner.ts";

/** A file's content, or where a link leads. */
export type Planted = string | Buffer | { link: string };

export interface Report {
  path: string;
  headers: IncomingMessage["headers"];
  body: Buffer;
}

/** One repository, and a server where HMS-SYS would be. GitHub is reduced to one run of the workflow that is shipped. */
export interface ScanStage {
  /** Commits what is given on top of `parent`; null takes a file away. */
  commit(files: Record<string, Planted | null>, parent?: string): string;
  play(inputs: Record<string, string>, options?: RunnerOptions & { vars?: Record<string, string> }): Promise<Played>;
  /** What HMS-SYS answers, in turn; then 202. */
  answers: { status: number; body?: string; headers?: Record<string, string> }[];
  reports: Report[];
  artifactsOf(runId: number): Played["artifacts"];
  url: string;
  folder: string;
  close(): Promise<void>;
}

export interface Played {
  jobs: Record<string, PlayedJob>;
  artifacts: Map<string, Record<string, Buffer>>;
  /** Of the only report that was posted: parsed SARIF, or the failure's reason. */
  // biome-ignore lint/suspicious/noExplicitAny: SARIF is asserted on, not worked with
  body: any;
}

const WORKFLOW = join(import.meta.dirname, "../../actions/scan/hms-scan.yml");

export async function startScanStage(defaultBranch: Record<string, Planted> = {}): Promise<ScanStage> {
  const folder = mkdtempSync(join(tmpdir(), "hms-scan-stage-"));
  const repository = join(folder, "repository");
  mkdirSync(repository);
  const env = { PATH: process.env.PATH, HOME: "/nonexistent", GIT_CONFIG_NOSYSTEM: "1" };
  const identity = ["-c", "user.name=a", "-c", "user.email=a@example.test", "-c", "core.hooksPath=/dev/null"];
  const git = (...args: string[]): string =>
    execFileSync("git", [...identity, ...args], { cwd: repository, env, stdio: ["ignore", "pipe", "pipe"] })
      .toString()
      .trim();
  git("init", "-q", "-b", "main");
  git("config", "uploadpack.allowAnySHA1InWant", "true");
  const commit = (files: Record<string, Planted | null>, parent?: string): string => {
    if (parent !== undefined) git("checkout", "-q", "--force", "--detach", parent);
    for (const [path, content] of Object.entries(files)) plant(join(repository, path), content);
    git("add", "--all", "--force");
    git("commit", "-q", "--allow-empty", "-m", "change");
    return git("rev-parse", "HEAD");
  };
  const main = commit(defaultBranch);
  git("checkout", "-q", "--detach");
  const hms = await startReceiver();
  let runs = 0;
  const kept = new Map<number, Played["artifacts"]>();
  return {
    commit: (files, parent = main) => commit(files, parent),
    async play(inputs, { vars, ...options } = {}) {
      runs += 1;
      const before = hms.reports.length;
      const host = oneRun(runs, {
        sha: main,
        cloneUrl: `file://${repository}`,
        inputs: { ...INPUTS, ...inputs },
        vars: vars ?? { HMS_URL: hms.url },
        oidc: `${hms.url}/token?v=1`,
      });
      kept.set(runs, host.kept);
      const jobs = Object.fromEntries((await playRun(host, runs, options)).map((job) => [job.key, job]));
      const [report] = hms.reports.slice(before);
      return { jobs, artifacts: host.kept, body: report && bodyOf(report) };
    },
    answers: hms.answers,
    reports: hms.reports,
    artifactsOf: (runId) => kept.get(runId) ?? new Map(),
    url: hms.url,
    folder,
    async close() {
      await new Promise((resolve) => hms.server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export const INPUTS = {
  scan: "0123456789abcdef0123456789abcdef",
  nonce: "a-nonce-that-is-good-for-one-report",
  kind: "quality",
  tool: "sarif",
  sha: "",
  base: "",
  target: "",
};

function plant(path: string, content: Planted | null): void {
  rmSync(path, { recursive: true, force: true });
  if (content === null) return;
  mkdirSync(dirname(path), { recursive: true });
  if (typeof content === "object" && "link" in content) symlinkSync(content.link, path);
  else writeFileSync(path, content, { mode: path.endsWith("/sarif") ? 0o755 : 0o644 });
}

function bodyOf({ headers, body }: Report): unknown {
  return JSON.parse((headers["content-encoding"] === "gzip" ? gunzipSync(body) : body).toString());
}

async function startReceiver(): Promise<{
  server: Server;
  url: string;
  reports: Report[];
  answers: ScanStage["answers"];
}> {
  const reports: Report[] = [];
  const answers: ScanStage["answers"] = [];
  const server = createServer(async (request, response) => {
    if (request.url?.startsWith("/token")) {
      const audience = new URL(request.url, "http://127.0.0.1").searchParams.get("audience");
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ value: `token for ${audience} by ${request.headers.authorization}` }));
      return;
    }
    const answer = answers.shift() ?? { status: 202 };
    const body = await buffer(request);
    if (answer.status < 300) reports.push({ path: request.url ?? "", headers: request.headers, body });
    response.writeHead(answer.status, answer.headers);
    response.end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, reports, answers };
}

interface RunFacts {
  sha: string;
  cloneUrl: string;
  inputs: Record<string, string>;
  vars: Record<string, string>;
  oidc: string;
}

/** A run of the shipped workflow, with its two jobs one after the other. */
function oneRun(
  runId: number,
  { sha, cloneUrl, inputs, vars, oidc }: RunFacts,
): RunnerHost & { kept: Played["artifacts"] } {
  const text = readFileSync(WORKFLOW, "utf8");
  const { jobs } = parse(text) as { jobs: Record<string, Record<string, unknown>> };
  const results = new Map<string, { result: JobConclusion; outputs: Record<string, string> }>();
  const kept: Played["artifacts"] = new Map();
  const needsOf = (definition: Record<string, unknown> | undefined): string[] =>
    [definition?.needs ?? []].flat() as string[];
  const ready = (): ReadyJob[] =>
    Object.entries(jobs).flatMap(([key, definition], jobId) =>
      results.has(key) || !needsOf(definition).every((need) => results.has(need))
        ? []
        : [{ repository: "acme/shop", runId, attempt: 1, jobId, key, name: key }],
    );
  return {
    kept,
    readyJobs: ready,
    async startJob(jobId) {
      const job = ready().find((each) => each.jobId === jobId);
      if (job === undefined) throw new Error(`no job ${jobId} is ready`);
      const definition = jobs[job.key] ?? {};
      const permissions = (definition.permissions ?? {}) as Record<string, string>;
      return {
        ...job,
        workflow: { path: ".github/workflows/hms-scan.yml", name: "hms-scan", text },
        definition,
        inputs,
        vars,
        needs: Object.fromEntries(
          needsOf(definition).flatMap((need) => [[need, results.get(need) ?? { result: "skipped", outputs: {} }]]),
        ),
        token: "github-token-of-the-job",
        permissions,
        env: {
          CI: "true",
          GITHUB_ACTIONS: "true",
          GITHUB_SHA: sha,
          ...(permissions["id-token"] === "write"
            ? { ACTIONS_ID_TOKEN_REQUEST_URL: oidc, ACTIONS_ID_TOKEN_REQUEST_TOKEN: "request-token" }
            : {}),
        },
        event: { inputs },
        cloneUrl,
        sha,
        cancelled: new AbortController().signal,
      };
    },
    completeJob(jobId, conclusion, options) {
      const key = Object.keys(jobs)[jobId] ?? "";
      results.set(key, { result: conclusion, outputs: options?.outputs ?? {} });
    },
    artifacts: () => ({
      put: (name, files) => {
        kept.set(name, files);
      },
      get: (name) => kept.get(name),
    }),
  };
}

/** The title of a run, as GitHub makes it. */
export function runName(inputs: Record<string, string>): string {
  const { "run-name": name } = parse(readFileSync(WORKFLOW, "utf8")) as { "run-name": string };
  return interpolate(name, { inputs });
}
