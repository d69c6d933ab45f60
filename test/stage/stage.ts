import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import type { FileContent } from "../doubles/github/git/object-store.ts";
import {
  type AppRegistration,
  type GitHub,
  type RegisteredApp,
  type RepositoryHandle,
  startGitHub,
} from "../doubles/github/github.ts";
import { freePort } from "./free-port.ts";
import { type HmsProcess, type StartOptions, startHms } from "./process.ts";
import { WITHIN_MS } from "./within.ts";

/** What `app.yml` asks for, so that a permission or event that is missing there shows in the tests. */
const APP = parse(readFileSync(new URL("../../app.yml", import.meta.url), "utf8")) as {
  default_permissions: AppRegistration["permissions"];
  default_events: string[];
};
export const PERMISSIONS = APP.default_permissions;
export const EVENTS = APP.default_events;

/** GitHub, an App installed on `acme/shop`, people, and HMS-SYS as a process beside it. */
export interface Stage {
  github: GitHub;
  app: RegisteredApp;
  installationId: number;
  repository: RepositoryHandle;
  environment: Record<string, string>;
  hms: HmsProcess;
  /** Ends the process by its id and starts it again on the same data. */
  restart(signal?: NodeJS.Signals, change?: Record<string, string>, options?: StartOptions): Promise<void>;
  /** The newest `name` check run of our App at a commit, once it satisfies `wanted`. Rejects after `withinMs`. */
  check(sha: string, name: string, wanted: (run: CheckRun) => boolean, withinMs?: number): Promise<CheckRun>;
  /** All of our App's runs of that name at a commit. */
  checkRuns(sha: string, name: string): Promise<CheckRun[]>;
  /** REST as a person, or as `author` unless named. */
  as(login: string, method: string, path: string, body?: unknown): Promise<{ status: number; body: never }>;
  token(login: string): string;
  close(): Promise<void>;
}

export interface CheckRun {
  id: number;
  status: string;
  conclusion: string | null;
  external_id: string;
  output: { title: string; summary: string; text: string | null; annotations_count: number };
}

export interface StageOptions {
  files?: Record<string, FileContent>;
  environment?: Record<string, string>;
  /** Do not start HMS-SYS. */
  withoutHms?: boolean;
  owner?: string;
  /** What the App was granted, in place of what `app.yml` asks for. */
  permissions?: AppRegistration["permissions"];
  /** GitHub's ids are larger; for Stages that share a cluster. */
  idsFrom?: number;
}

export async function setStage(options: StageOptions = {}): Promise<Stage> {
  const github = await startGitHub(options.idsFrom === undefined ? {} : { idsFrom: options.idsFrom });
  const dataDir = mkdtempSync(join(tmpdir(), "hms-data-"));
  const port = await freePort();
  const webhookSecret = "a-secret-of-the-stage";
  const tokens = new Map<string, string>();
  for (const login of ["ada", "grace", "linus", "mallory", "barbara"])
    tokens.set(login, github.createUser(login).token);
  const owner = options.owner ?? "acme";
  github.createOrg(owner);
  const repository = await github.createRepository(owner, "shop", {
    files: { "README.md": "# shop\n", ...options.files },
  });
  github.setCollaborator(repository, "ada", "write");
  github.setCollaborator(repository, "grace", "write");
  github.setCollaborator(repository, "linus", "admin");
  github.setCollaborator(repository, "barbara", "admin");
  const app = github.registerApp({
    slug: "hms-sys",
    webhookSecret,
    webhookUrl: `http://127.0.0.1:${port}/api/github/webhooks`,
    callbackUrls: [`http://127.0.0.1:${port}/sign-in/callback`],
    permissions: options.permissions ?? PERMISSIONS,
    events: EVENTS,
  });
  const { id: installationId } = github.install(app, owner);
  const environment = {
    PORT: String(port),
    HMS_DATA_DIR: dataDir,
    // Its pull requests would come into every other test's.
    HMS_ONBOARDING: "off",
    APP_ID: String(app.id),
    PRIVATE_KEY: app.privateKeyPem,
    WEBHOOK_SECRET: webhookSecret,
    GITHUB_CLIENT_ID: app.clientId,
    GITHUB_CLIENT_SECRET: app.clientSecret,
    GITHUB_API_URL: github.url,
    ...options.environment,
  };
  const as = async (login: string, method: string, path: string, body?: unknown) => {
    const response = await fetch(`${github.url}${path}`, {
      method,
      headers: { authorization: `token ${tokens.get(login)}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: (text ? JSON.parse(text) : undefined) as never };
  };
  const stage: Stage = {
    github,
    app,
    installationId,
    repository,
    environment,
    hms: undefined as never,
    as,
    token: (login) => tokens.get(login) ?? "",
    async restart(signal = "SIGKILL", change = {}, start = {}) {
      await stage.hms.kill(signal);
      stage.hms = await startHms({ ...environment, ...change }, start);
    },
    async checkRuns(sha, name) {
      const path = `/repos/${repository.fullName}/commits/${sha}/check-runs?filter=all&per_page=100&check_name=${encodeURIComponent(name)}`;
      const { body } = await as("ada", "GET", path);
      return ((body as { check_runs: (CheckRun & { app: { id: number } })[] }).check_runs ?? [])
        .filter((run) => run.app.id === app.id)
        .sort((a, b) => b.id - a.id);
    },
    async check(sha, name, wanted, withinMs = WITHIN_MS) {
      const deadline = Date.now() + withinMs;
      let last: CheckRun | undefined;
      do {
        last = (await stage.checkRuns(sha, name))[0];
        if (last && wanted(last)) return last;
        await new Promise((resolve) => setTimeout(resolve, 40));
      } while (Date.now() < deadline);
      throw new Error(
        `${name} at ${sha} did not become as wanted; last: ${JSON.stringify(last)}\n${stage.hms?.output().slice(-6000)}`,
      );
    },
    async close() {
      await stage.hms?.kill("SIGKILL");
      await github.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
  if (!options.withoutHms) {
    try {
      stage.hms = await startHms(environment);
    } catch (error) {
      await stage.close();
      throw error;
    }
  }
  return stage;
}

export const succeeded = (run: CheckRun): boolean => run.conclusion === "success";

/** A key of AWS's format that no account has: built at run time, so that no scanner finds it in our own source. */
export function plantedKey(): string {
  return `AKIA${"Q7XJ2MPL4TZRWB6N"}`;
}
