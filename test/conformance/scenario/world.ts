import { createSign } from "node:crypto";
import type { GitHub, RegisteredApp } from "../../doubles/github/github.ts";
import type { Received } from "../receiver.ts";
import type { Recorder } from "../recorder.ts";

export type Given = {
  github: GitHub;
  recorder: Recorder;
  receiver: { url: string; received: Received[] };
  secret: string;
};

/** What the parts of the scenario share. */
export type World = Given & {
  app: RegisteredApp;
  installationId: number;
  /** An App JWT. */
  jwt: string;
  /** An installation token. */
  token: string;
  alice: string;
  bob: string;
  repo: { owner: string; repo: string };
};

/** https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app */
export function appJwt(appId: number, privateKeyPem: string, nowS = Math.floor(Date.now() / 1000)): string {
  const encode = (json: unknown) => Buffer.from(JSON.stringify(json)).toString("base64url");
  const unsigned = `${encode({ alg: "RS256", typ: "JWT" })}.${encode({ iss: String(appId), iat: nowS - 60, exp: nowS + 540 })}`;
  return `${unsigned}.${createSign("RSA-SHA256").update(unsigned).sign(privateKeyPem, "base64url")}`;
}

export async function build(given: Given): Promise<World> {
  const { github, recorder, receiver, secret } = given;
  const alice = github.createUser("alice");
  const bob = github.createUser("bob");
  github.createUser("carol");
  github.createOrg("acme", { members: { alice: "admin", bob: "member" } });
  const repository = await github.createRepository("acme", "shop", {
    files: {
      "README.md": "# Shop\n",
      "src/a.ts": "export const a = 1;\n",
      "docs/guide.md": "line\n".repeat(40),
      "logo.bin": "\0\u0001\u0002",
    },
  });
  github.createTeam("acme", "sre", { members: ["bob"], repositories: { shop: "maintain" } });
  const app = github.registerApp({
    slug: "hms",
    name: "HMS",
    webhookUrl: receiver.url,
    webhookSecret: secret,
    permissions: {
      actions: "write",
      administration: "write",
      checks: "write",
      contents: "write",
      deployments: "write",
      issues: "write",
      members: "read",
      merge_queues: "read",
      metadata: "read",
      pull_requests: "write",
      security_events: "write",
      statuses: "write",
    },
    events: [
      "check_run",
      "check_suite",
      "create",
      "delete",
      "deployment",
      "deployment_status",
      "fork",
      "issue_comment",
      "member",
      "merge_group",
      "pull_request",
      "pull_request_review",
      "push",
      "repository",
      "status",
      "workflow_run",
    ],
  });
  github.ping(app);
  const { id } = github.install(app, "acme");
  github.setCollaborator(repository, "bob", "write");
  const jwt = appJwt(app.id, app.privateKeyPem);
  const answer = await recorder.call("POST /app/installations/{installation_id}/access_tokens", {
    params: { installation_id: id },
    token: jwt,
    expect: 201,
  });
  const { token } = answer.body as { token: string };
  return {
    ...given,
    app,
    installationId: id,
    jwt,
    token,
    alice: alice.token,
    bob: bob.token,
    repo: { owner: "acme", repo: "shop" },
  };
}
