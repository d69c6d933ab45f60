import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { createAppAuth } from "@octokit/auth-app";
import { Octokit } from "@octokit/rest";
import {
  type GitHub,
  type GitHubOptions,
  type RegisteredApp,
  type RepositoryHandle,
  startGitHub,
} from "../../doubles/github/github.ts";

/** One organisation, one repository, one installed App, and somebody listening: where every test of the double starts. */
export type Town = {
  github: GitHub;
  alice: string;
  bob: string;
  carol: string;
  shop: RepositoryHandle;
  repo: { owner: string; repo: string };
  app: RegisteredApp;
  installationId: number;
  /** As the installation. */
  octokit: Octokit;
  hooks: Hook[];
  hooksSettled: () => Promise<Hook[]>;
  octokitAs: (token: string) => Octokit;
  octokitOf: (app: RegisteredApp, installationId: number) => Octokit;
  close: () => Promise<void>;
};

export type Hook = {
  event: string;
  action: string | undefined;
  guid: string;
  signed: boolean;
  body: Record<string, never> & { [key: string]: unknown };
};

export const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const SECRET = "town-secret";

export async function buildTown(options: GitHubOptions = {}): Promise<Town> {
  const hooks: Hook[] = [];
  const receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.once("end", () => {
      const raw = Buffer.concat(chunks);
      const body = JSON.parse(raw.toString("utf8")) as Hook["body"];
      const expected = `sha256=${createHmac("sha256", SECRET).update(raw).digest("hex")}`;
      hooks.push({
        event: String(request.headers["x-github-event"]),
        action: body.action as string | undefined,
        guid: String(request.headers["x-github-delivery"]),
        signed: request.headers["x-hub-signature-256"] === expected,
        body,
      });
      response.end("ok");
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const github = await startGitHub(options);
  const [alice, bob, carol] = ["alice", "bob", "carol"].map((login) => github.createUser(login).token);
  github.createOrg("acme", { members: { alice: "admin", bob: "member" } });
  const shop = await github.createRepository("acme", "shop", {
    files: { "README.md": "# Shop\n", "src/a.ts": "1\n2\n3\n" },
  });
  github.setCollaborator(shop, "bob", "write");
  const app = github.registerApp({
    slug: "hms",
    webhookSecret: SECRET,
    callbackUrls: ["http://127.0.0.1:1/back", "http://127.0.0.1:1/other"],
    webhookUrl: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`,
    permissions: {
      checks: "write",
      contents: "write",
      pull_requests: "write",
      issues: "write",
      statuses: "write",
      members: "read",
      merge_queues: "read",
    },
    events: [
      "push",
      "pull_request",
      "pull_request_review",
      "issue_comment",
      "check_run",
      "check_suite",
      "status",
      "repository",
      "merge_group",
    ],
  });
  const { id: installationId } = github.install(app, "acme");
  const octokitOf: Town["octokitOf"] = (of, id) =>
    new Octokit({
      baseUrl: github.url,
      log: silent,
      authStrategy: createAppAuth,
      auth: { appId: of.id, privateKey: of.privateKeyPem, installationId: id },
    });
  return {
    github,
    alice: alice ?? "",
    bob: bob ?? "",
    carol: carol ?? "",
    shop,
    repo: { owner: "acme", repo: "shop" },
    app,
    installationId,
    octokit: octokitOf(app, installationId),
    hooks,
    hooksSettled: async () => {
      await sleep(5);
      await github.deliveriesSettled();
      return hooks;
    },
    octokitAs: (auth) => new Octokit({ baseUrl: github.url, auth, log: silent }),
    octokitOf,
    close: async () => {
      await github.close();
      await new Promise<void>((resolve) => receiver.close(() => resolve()));
    },
  };
}

/** The status and message of a refusal. */
export async function refusal(work: Promise<unknown>): Promise<{ status: number; message: string }> {
  try {
    await work;
  } catch (error) {
    const { status, response } = error as { status: number; response?: { data?: { message?: string } } };
    return { status, message: response?.data?.message ?? "" };
  }
  return { status: 0, message: "was not refused" };
}

/** A branch with one commit and its pull request. */
export async function openPull({ github, shop }: Town, branch = "feature", author = "bob") {
  const sha = await github.commit(shop, branch, {
    files: { [`${branch}.txt`]: "one\n" },
    author,
    message: `Add ${branch}`,
  });
  const pull = await github.openPull(shop, { head: branch, title: branch, author });
  return { sha, number: pull.number };
}
