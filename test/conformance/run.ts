import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { startGitHub } from "../doubles/github/github.ts";
import { createRouter } from "../doubles/github/routes/routes.ts";
import { GitHubDescription } from "./description.ts";
import { PayloadExamples } from "./examples.ts";
import { startReceiver } from "./receiver.ts";
import { Recorder } from "./recorder.ts";
import { scenario } from "./scenario/scenario.ts";

/** Drives the GitHub double through all that it offers and holds it against GitHub's published descriptions. */

const here = dirname(fileURLToPath(import.meta.url));
if (!existsSync(join(here, "node_modules", "@octokit", "openapi"))) {
  const { status } = spawnSync("npm", ["ci", "--no-fund", "--no-audit"], { cwd: here, stdio: "inherit" });
  if (status !== 0) process.exit(1);
}

/** Offered for convenience but not in GitHub's description, or answered without a body to check. */
const undescribed = [
  "GET /repos/{owner}/{repo}/contents",
  "GET /repos/{owner}/{repo}/statuses/{ref}",
  "GET /repos/{owner}/{repo}/git/refs",
  "POST /settings/apps/new",
  "POST /organizations/{org}/settings/apps/new",
  "GET /apps/{app_slug}/installations/new",
  "GET /login/oauth/authorize",
  "POST /login/oauth/authorize",
  "POST /login/oauth/access_token",
  "GET /login",
  "POST /session",
  "GET /_services/token/.well-known/openid-configuration",
  "GET /_services/token/.well-known/jwks",
  "GET /_services/pipelines/{pipeline}/idtoken",
];

const description = new GitHubDescription();
const examples = new PayloadExamples();
const secret = "conformance-secret";
const receiver = await startReceiver(secret);
const github = await startGitHub();
const recorder = new Recorder(github.url, description);
try {
  await scenario({ github, recorder, receiver, secret });
  await github.deliveriesSettled();
  for (const { event, body, signed, headers } of receiver.received) {
    recorder.webhook(event, body);
    recorder.judge(`example keys of ${event}`, examples.missing(event, body));
    const missing = [
      "x-github-delivery",
      "x-github-hook-id",
      "x-github-hook-installation-target-id",
      "x-github-hook-installation-target-type",
    ].filter((name) => !headers[name]);
    recorder.judge(
      `headers of ${event}`,
      [...missing, ...(signed ? [] : ["a valid signature"])].map((name) => ({ pointer: "", message: `lacks ${name}` })),
    );
  }
} finally {
  await github.close();
  await receiver.close();
}

for (const route of createRouter().specs.filter((spec) => !undescribed.includes(spec))) {
  recorder.judge(
    `coverage of ${route}`,
    recorder.called.has(route) ? [] : [{ pointer: "", message: "is offered but never called" }],
  );
}
for (const failure of [...new Set(recorder.failures)]) console.log(`FAIL ${failure}`);
const kinds = new Set(
  receiver.received.map(({ event, body }) => `${event}.${String((body as { action?: unknown }).action ?? "")}`),
);
console.log(`${receiver.received.length} webhooks of ${kinds.size} kinds`);
console.log(`${recorder.passed} passed, ${recorder.failed} failed`);
process.exitCode = recorder.failed > 0 ? 1 : 0;
