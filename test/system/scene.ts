import { execFile } from "node:child_process";
import { createHmac, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { RepositoryHandle } from "../doubles/github/github.ts";
import type { Stage } from "../stage/stage.ts";
import { WITHIN_MS } from "../stage/within.ts";

/** What the tests of one process share: more repositories, pull requests, checks read back, and the moment when nothing is left to do. */

/** Longest wait for one condition. */

export type Check = ReturnType<Stage["github"]["checkRuns"]>[number];

export interface OpenedPull {
  repository: RepositoryHandle;
  number: number;
  branch: string;
  sha: string;
}

let numbered = 0;

/** One more repository of `acme`: ada and grace may write, linus administrates, everyone may read. */
export async function newRepository(
  stage: Stage,
  files: Record<string, string> = {},
  name = `shop-${++numbered}`,
): Promise<RepositoryHandle> {
  const repository = await stage.github.createRepository("acme", name, {
    files: { "README.md": "# shop\n", ...files },
  });
  for (const [login, role] of [
    ["ada", "write"],
    ["grace", "write"],
    ["linus", "admin"],
    ["barbara", "admin"],
  ] as const)
    stage.github.setCollaborator(repository, login, role);
  return repository;
}

/** A branch with one commit by its author, and a pull request for it. */
export async function openPull(
  stage: Stage,
  repository: RepositoryHandle,
  options: {
    files?: Record<string, string | Buffer | null>;
    author?: string;
    base?: string;
    draft?: boolean;
    message?: string;
    title?: string;
  } = {},
): Promise<OpenedPull> {
  const { author = "ada", base, draft, title } = options;
  const branch = `change-${++numbered}`;
  const sha = await stage.github.commit(repository, branch, {
    files: options.files ?? { [`${branch}.txt`]: "a change\n" },
    author,
    // Its own words: else two of them made in one second could be one commit.
    message: options.message ?? `Change ${branch}`,
    ...(base ? { from: base } : {}),
  });
  const { number } = await stage.github.openPull(repository, {
    head: branch,
    author,
    ...(base ? { base } : {}),
    ...(draft ? { draft } : {}),
    ...(title === undefined ? {} : { title }),
  });
  return { repository, number, branch, sha };
}

/** Our App's check runs of that name at a commit, newest last. */
export function checks(stage: Stage, repository: RepositoryHandle, sha: string, name = "hms/gate"): Check[] {
  return stage.github
    .checkRuns(repository, sha)
    .filter((run) => run.app?.id === stage.app.id && run.name === name)
    .sort((a, b) => Number(a.id) - Number(b.id));
}

/** Waits until `read` gives something that is neither undefined nor false. */
export async function until<T>(
  stage: Stage,
  what: string,
  read: () => T | Promise<T>,
  withinMs = WITHIN_MS,
): Promise<NonNullable<T>> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const value = await read();
    if (value !== undefined && value !== null && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`not in time: ${what}\n${stage.hms.output().slice(-4000)}`);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}

/** The newest check of that name at a commit, once its conclusion (or status, while it has none) is the wanted one. */
export function concluded(
  stage: Stage,
  at: { repository: RepositoryHandle; sha: string },
  wanted: string,
  name = "hms/gate",
): Promise<Check> {
  const state = () => {
    const run = checks(stage, at.repository, at.sha, name).at(-1);
    return run && (run.conclusion ?? run.status) === wanted ? run : undefined;
  };
  return until(stage, `${name} at ${at.sha} is ${wanted}`, state).catch((error: Error) => {
    throw new Error(`${JSON.stringify(checks(stage, at.repository, at.sha, name).at(-1)?.output)}\n${error.message}`);
  });
}

/** Resolves once every delivery was taken and no key is ready or running: what has not happened by then does not happen. */
export async function idle(stage: Stage): Promise<void> {
  for (let quiet = 0; quiet < 2; ) {
    await stage.github.deliveriesSettled();
    await until(stage, "nothing left to do", async () => {
      const text = await metrics(stage);
      return gauge(text, 'hms_queue_keys{state="ready"}') + gauge(text, 'hms_queue_keys{state="leased"}') === 0;
    });
    // Our own writes made deliveries, and those are taken too.
    quiet = stage.github.deliveries(stage.app).every((delivery) => delivery.outcome) ? quiet + 1 : 0;
  }
}

export async function metrics(stage: Stage): Promise<string> {
  return (await fetch(`${stage.hms.url}/metrics`)).text();
}

/** The value of one line of Prometheus text; 0 where it was never counted. */
export function gauge(text: string, line: string): number {
  const found = text.split("\n").find((each) => each.startsWith(`${line} `));
  return Number(found?.slice(line.length + 1) ?? 0);
}

export function delivered(text: string, event: string, result: string): number {
  return gauge(text, `hms_deliveries_total{event="${event}",result="${result}"}`);
}

export function sign(secret: string, body: string | Buffer): string {
  return `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
}

/** One delivery as GitHub would sign and send it, with whatever body and headers. */
export async function deliver(
  stage: Stage,
  event: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; result: string | undefined }> {
  const raw = typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const response = await fetch(`${stage.hms.url}/api/github/webhooks`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-github-delivery": randomUUID(),
      "x-github-event": event,
      "x-hub-signature-256": sign(stage.app.webhookSecret, raw),
      ...headers,
    },
    body: typeof raw === "string" ? raw : new Uint8Array(raw),
  });
  const answer = (await response.json().catch(() => ({}))) as { result?: string };
  return { status: response.status, result: answer.result };
}

/** The payload of the newest delivery of an event, to be changed and sent once more. */
export function lastPayload(stage: Stage, event: string, action?: string): Record<string, never> {
  const found = stage.github
    .deliveries(stage.app)
    .findLast((delivery) => delivery.event === event && (action === undefined || delivery.action === action));
  if (!found) throw new Error(`no delivery ${event}`);
  return JSON.parse(found.body) as Record<string, never>;
}

/** Comments that HMS-SYS wrote. */
export function answers(stage: Stage, pull: { repository: RepositoryHandle; number: number }): string[] {
  return stage.github
    .comments(pull.repository, pull.number)
    .filter((comment) => comment.author === stage.app.botLogin)
    .map((comment) => comment.body);
}

/** Proves that the process is alive and does its work: a pull request of its own goes through to green. */
export async function stillWorks(stage: Stage, repository: RepositoryHandle): Promise<void> {
  const pull = await openPull(stage, repository);
  await concluded(stage, pull, "success");
}

/** A clone by real git, removed afterwards. `git` runs one command in it; the branches are pushed by the caller. */
export async function inClone<T>(
  stage: Stage,
  repository: RepositoryHandle,
  login: string,
  work: (clone: { path: string; git: (...args: string[]) => Promise<string> }) => Promise<T>,
): Promise<T> {
  const path = mkdtempSync(join(tmpdir(), "hms-clone-"));
  const git = async (...args: string[]): Promise<string> => {
    const identity = ["-c", `user.name=${login}`, "-c", `user.email=${login}@example.com`];
    const { stdout } = await promisify(execFile)("git", [...identity, "-c", "commit.gpgsign=false", ...args], {
      cwd: path,
      env: { PATH: process.env.PATH ?? "", HOME: path, GIT_CONFIG_NOSYSTEM: "1", GIT_TERMINAL_PROMPT: "0" },
    });
    return stdout.trim();
  };
  try {
    const url = repository.cloneUrl.replace("://", `://${login}:${stage.token(login)}@`);
    await git("clone", "--quiet", url, ".");
    return await work({ path, git });
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}
