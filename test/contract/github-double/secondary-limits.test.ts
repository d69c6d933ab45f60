import { afterEach, beforeEach, expect, test } from "vitest";
import { connectGitHub } from "../../../src/adapters/github/github.ts";
import { GitHubError } from "../../../src/ports/github.ts";
import { type GitHub, startGitHub } from "../../doubles/github/github.ts";

/** GitHub that counts, and our side of it, on one clock that only moves when we are told to wait. */
let github: GitHub;
let nowMs: number;
beforeEach(async () => {
  nowMs = Date.now();
  github = await startGitHub({ now: () => new Date(nowMs) });
  github.enforceSecondaryLimits();
});
afterEach(() => github.close());

async function town(limits: "published" | "answers") {
  github.createUser("ada");
  github.createOrg("acme");
  const repository = await github.createRepository("acme", "shop", { files: { "README.md": "# shop\n" } });
  const app = github.registerApp({
    slug: "hms-sys",
    webhookSecret: "secret",
    permissions: { metadata: "read", pull_requests: "write", issues: "write" },
    events: [],
  });
  const installation = github.install(app, "acme");
  await github.commit(repository, "change", { files: { "a.txt": "a\n" }, author: "ada", message: "a" });
  const { number } = await github.openPull(repository, { head: "change", author: "ada" });
  const connected = connectGitHub({
    appId: app.id,
    privateKey: app.privateKeyPem,
    baseUrl: github.url,
    now: () => nowMs,
    observer: () => undefined,
    limits,
  });
  const ref = { id: repository.id, owner: "acme", name: "shop", defaultBranch: "main" };
  return { api: connected.repository(installation.id, ref), number };
}

/** Does it until it was done, waiting as long as it is told to. */
async function patiently(work: () => Promise<unknown>): Promise<number> {
  for (let waits = 0; ; waits++) {
    try {
      await work();
      return waits;
    } catch (error) {
      if (!(error instanceof GitHubError) || error.fault !== "limited" || !error.retryAtMs) throw error;
      nowMs = Math.max(nowMs + 1, error.retryAtMs);
    }
  }
}

test("thousands of calls at once: GitHub never has to refuse one, and they take the minutes that its limits ask for", async () => {
  const { api, number } = await town("published");
  const startMs = nowMs;
  for (let i = 0; i < 300; i++) {
    for (let read = 0; read < 5; read++) await patiently(() => api.permission("ada"));
    if (i % 2 === 0) await patiently(() => api.comment(number, `comment ${i}`));
  }
  expect(github.requests.list({ status: 403 })).toEqual([]);
  // 1,500 reads and 150 comments are 2,250 points.
  expect(nowMs - startMs).toBeLessThan(4 * 60_000);
});

test("without a budget of our own GitHub says so, and is obeyed", async () => {
  const { api } = await town("answers");
  let waits = 0;
  for (let i = 0; i < 1000; i++) waits += await patiently(() => api.permission("ada"));
  expect(github.requests.list({ status: 403 })).toHaveLength(1);
  expect(waits).toBe(1);
});
