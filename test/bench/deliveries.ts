import { createHmac, randomUUID } from "node:crypto";
import { startGitHub } from "../doubles/github/github.ts";

export const WEBHOOK_SECRET = "a-secret-of-the-bench";
export const WEBHOOK_PATH = "/api/github/webhooks";

/** Which pull request a delivery is about. */
export interface Subject {
  installationId: number;
  repositoryId: number;
  owner: string;
  name: string;
  number: number;
  sha: string;
}

/** The payload of `pull_request.opened` as the GitHub double sends it: about 20 KB, GitHub's documented shape. */
export type Template = {
  number: number;
  pull_request: { id: number; number: number; head: { sha: string } };
  repository: { id: number; name: string; full_name: string; owner: { login: string } };
  installation: { id: number };
};

export async function pullRequestTemplate(): Promise<Template> {
  const github = await startGitHub();
  try {
    github.createOrg("acme");
    github.createUser("ada");
    const repository = await github.createRepository("acme", "shop");
    github.setCollaborator(repository, "ada", "write");
    const app = github.registerApp({
      slug: "hms-sys",
      webhookSecret: WEBHOOK_SECRET,
      permissions: { pull_requests: "read", contents: "read", metadata: "read" },
      events: ["pull_request"],
    });
    github.install(app, "acme");
    const files = { "src/cart.ts": "export const total = 1;\n" };
    await github.commit(repository, "cart", { files, author: "ada", message: "Count the cart", from: "main" });
    await github.openPull(repository, { head: "cart", author: "ada", title: "Count the cart" });
    await github.deliveriesSettled();
    const delivery = github.deliveries(app).find(({ event }) => event === "pull_request");
    if (!delivery) throw new Error("the double sent no pull_request event");
    return JSON.parse(delivery.body) as Template;
  } finally {
    await github.close();
  }
}

export function payloadFor(template: Template, subject: Subject): string {
  const { installationId, repositoryId, owner, name, number, sha } = subject;
  const { pull_request, repository } = template;
  return JSON.stringify({
    ...template,
    number,
    pull_request: { ...pull_request, id: number, number, head: { ...pull_request.head, sha } },
    repository: {
      ...repository,
      id: repositoryId,
      name,
      full_name: `${owner}/${name}`,
      owner: { ...repository.owner, login: owner },
    },
    installation: { ...template.installation, id: installationId },
  });
}

/** A whole signed HTTP/1.1 request, so that a client has nothing left to do but to write it. */
export function signedRequest(port: number, event: string, payload: string): Buffer {
  const body = Buffer.from(payload);
  const head = [
    `POST ${WEBHOOK_PATH} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    "Accept: */*",
    "Content-Type: application/json",
    "User-Agent: GitHub-Hookshot/044aadd",
    `X-GitHub-Delivery: ${randomUUID()}`,
    `X-GitHub-Event: ${event}`,
    `X-Hub-Signature-256: sha256=${createHmac("sha256", WEBHOOK_SECRET).update(body).digest("hex")}`,
    `Content-Length: ${body.byteLength}`,
  ].join("\r\n");
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n`), body]);
}

/** `count` deliveries, each about another pull request, spread over 200 installations with ten repositories each. */
export function manyRequests(template: Template, port: number, count: number, firstNumber: number): Buffer[] {
  return Array.from({ length: count }, (_, i) => {
    const installationId = 1000 + (i % 200);
    const repository = Math.floor(i / 200) % 10;
    const number = firstNumber + i;
    const subject = {
      installationId,
      repositoryId: installationId * 100 + repository,
      owner: `org-${installationId}`,
      name: `repo-${repository}`,
      number,
      sha: number.toString(16).padStart(40, "0"),
    };
    return signedRequest(port, "pull_request", payloadFor(template, subject));
  });
}
