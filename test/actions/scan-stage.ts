import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { type GitHub, startGitHub } from "../doubles/github/github.ts";
import { type PlayedJob, playRun, type RunnerOptions } from "../doubles/runner/runner.ts";
import { type Receiver, type Report, startReceiver } from "./receiver.ts";

/** A file's content, or where a link leads. */
export type Planted = string | Buffer | { link: string };

/** GitHub, one repository with the workflow that is shipped, and a server where HMS-SYS would be. */
export interface ScanStage {
  github: GitHub;
  /** Pushes a commit with what is given on top of `parent`, or of the default branch; null takes a file away. */
  commit(files: Record<string, Planted | null>, parent?: string): Promise<string>;
  /** A merge of two commits that brings what is given besides. */
  merge(first: string, second: string, files: Record<string, Planted | null>): Promise<string>;
  /** Starts the workflow and plays it to its end. */
  play(inputs: Record<string, string>, options?: RunnerOptions): Promise<Played>;
  hms: Receiver;
  folder: string;
  close(): Promise<void>;
}

export interface Played {
  runId: number;
  title: string;
  jobs: Record<string, PlayedJob>;
  /** Of the only report that was taken: parsed SARIF, or the failure's reason. */
  // biome-ignore lint/suspicious/noExplicitAny: SARIF is asserted on, not worked with
  body: any;
}

const WORKFLOW = readFileSync(join(import.meta.dirname, "../../actions/scan/hms-scan.yml"), "utf8");
const PATH = ".github/workflows/hms-scan.yml";

export const INPUTS = {
  scan: "0123456789abcdef0123456789abcdef",
  nonce: "a-nonce-that-is-good-for-one-report",
  kind: "quality",
  tool: "sarif",
  sha: "",
  base: "",
  target: "",
};

export async function startScanStage(defaultBranch: Record<string, Planted> = {}): Promise<ScanStage> {
  const folder = mkdtempSync(join(tmpdir(), "hms-scan-stage-"));
  const github = await startGitHub();
  const { token } = github.createUser("alice");
  github.createOrg("acme", { members: { alice: "admin" } });
  const shop = await github.createRepository("acme", "shop");
  const hms = await startReceiver(github.oidcIssuer);
  github.setVariable(shop, "HMS_URL", hms.url);
  const clone = cloneOf(shop.cloneUrl, token, join(folder, "clone"));
  await clone.push({ ...defaultBranch, [PATH]: WORKFLOW }, "main");
  const main = clone.head();
  let branches = 0;
  const newBranch = (): string => {
    branches += 1;
    return `change-${branches}`;
  };
  return {
    github,
    async commit(files, parent = main) {
      clone.moveTo(parent);
      await clone.push(files, newBranch());
      return clone.head();
    },
    async merge(first, second, files) {
      clone.moveTo(first);
      clone.beginMerge(second);
      await clone.push(files, newBranch());
      return clone.head();
    },
    async play(inputs, options = {}) {
      const before = hms.reports.length;
      const runId = await dispatch(github, token, { ...INPUTS, ...inputs });
      const jobs = Object.fromEntries((await playRun(github, runId, options)).map((job) => [job.key, job]));
      const [report] = hms.reports.slice(before);
      const { displayTitle: title } = github.workflowRun(runId);
      return { runId, title, jobs, body: report && bodyOf(report) };
    },
    hms,
    folder,
    async close() {
      await hms.close();
      await github.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function dispatch(github: GitHub, token: string, inputs: Record<string, string>): Promise<number> {
  const response = await fetch(`${github.url}/repos/acme/shop/actions/workflows/hms-scan.yml/dispatches`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ ref: "main", inputs, return_run_details: true }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`the workflow was not started: ${response.status} ${text}`);
  return Number((JSON.parse(text) as { workflow_run_id: number }).workflow_run_id);
}

/** A person's clone, with real git: trees may hold what no API would put there. */
function cloneOf(url: string, token: string, folder: string) {
  const header = `AUTHORIZATION: basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}`;
  const settings = ["user.name=alice", "user.email=alice@example.test", `http.extraheader=${header}`, "gc.auto=0"];
  const options = settings.flatMap((setting) => ["-c", setting]);
  const env = { PATH: process.env.PATH, HOME: "/nonexistent", GIT_CONFIG_NOSYSTEM: "1", GIT_TERMINAL_PROMPT: "0" };
  mkdirSync(folder);
  const git = (...args: string[]): string =>
    execFileSync("git", [...options, ...args], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] })
      .toString()
      .trim();
  // GitHub is in this process, so that it can only answer to children that are not waited for in one piece.
  const gitAtGitHub = (...args: string[]) => promisify(execFile)("git", [...options, ...args], { cwd: folder, env });
  git("init", "-q", "-b", "main");
  git("remote", "add", "origin", url);
  const fetched = gitAtGitHub("fetch", "-q", "origin", "main").then(() =>
    git("checkout", "-q", "-B", "main", "FETCH_HEAD"),
  );
  return {
    head: () => git("rev-parse", "HEAD"),
    moveTo: (sha: string) => void git("checkout", "-q", "--force", "--detach", sha),
    beginMerge: (sha: string) => void git("merge", "-q", "--no-ff", "--no-commit", "-s", "ours", sha),
    async push(files: Record<string, Planted | null>, branch: string): Promise<void> {
      await fetched;
      for (const [path, content] of Object.entries(files)) plant(join(folder, path), content);
      git("add", "--all", "--force");
      git("commit", "-q", "--allow-empty", "-m", "change");
      await gitAtGitHub("push", "-q", "origin", `HEAD:refs/heads/${branch}`);
    },
  };
}

function plant(path: string, content: Planted | null): void {
  rmSync(path, { recursive: true, force: true });
  if (content === null) return;
  mkdirSync(dirname(path), { recursive: true });
  if (typeof content === "object" && "link" in content) symlinkSync(content.link, path);
  else writeFileSync(path, content);
}

function bodyOf({ headers, body }: Report): unknown {
  return JSON.parse((headers["content-encoding"] === "gzip" ? gunzipSync(body) : body).toString());
}
