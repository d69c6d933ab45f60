import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { connectGitHub } from "../../../src/adapters/github/github.ts";
import type { Workflows } from "../../../src/ports/workflows.ts";
import { type GitHub as Double, type RepositoryHandle, startGitHub } from "../../doubles/github/github.ts";

const FILE = "hms-scan.yml";
const TEXT = `run-name: hms-scan \${{ inputs.scan }}
on: { workflow_dispatch: { inputs: { scan: { required: true } } } }
jobs: { scan: { runs-on: ubuntu-latest, steps: [] } }
`;
const DISPATCH = /\/dispatches$/;

let double: Double;
let shop: RepositoryHandle;
let installationId: number;
let bot: string;
let at: (installation?: number) => Workflows;
let token: string;

beforeEach(async () => {
  double = await startGitHub();
  token = double.createUser("bob").token;
  double.createOrg("acme", { members: { bob: "admin" } });
  shop = await double.createRepository("acme", "shop", { files: { [`.github/workflows/${FILE}`]: TEXT } });
  const app = double.registerApp({
    slug: "hms",
    webhookSecret: "secret",
    permissions: { actions: "write", security_events: "write", contents: "read", metadata: "read" },
    events: [],
  });
  bot = app.botLogin;
  ({ id: installationId } = double.install(app, "acme"));
  const github = connectGitHub({
    appId: app.id,
    privateKey: app.privateKeyPem,
    baseUrl: double.url,
    now: () => Date.now(),
    observer: () => undefined,
    limits: "answers",
  });
  at = () => github.workflows(installationId, { id: shop.id, owner: "acme", name: "shop", defaultBranch: "main" });
});
afterEach(() => double.close());

const started = async (scan = "one"): Promise<number> => {
  const answer = await at().dispatch(FILE, "main", { scan });
  if (answer.kind !== "started") throw new Error(`not started: ${answer.reason}`);
  return answer.runId;
};
const botId = async (): Promise<number> => {
  const answer = await fetch(`${double.url}/users/${encodeURIComponent(bot)}`);
  return ((await answer.json()) as { id: number }).id;
};

describe("a dispatch", () => {
  test("tells which run it started, made by our bot", async () => {
    const id = await started();
    const run = await at().run(id);
    expect(run).toMatchObject({
      id,
      attempt: 1,
      title: "hms-scan one",
      headSha: double.refSha(shop, "main"),
      headBranch: "main",
      path: `.github/workflows/${FILE}`,
      event: "workflow_dispatch",
      status: "queued",
      conclusion: null,
      actorId: await botId(),
    });
    expect(await at().botId()).toBe(run?.actorId);
  });

  test("of a workflow that the default branch does not have is not installed", async () => {
    expect(await at().dispatch("other.yml", "main", {})).toEqual({
      kind: "not-installed",
      reason: "the default branch has no .github/workflows/other.yml",
    });
  });

  test("is refused with GitHub's words", async () => {
    expect(await at().dispatch(FILE, "main", { scan: "a", more: "b" })).toEqual({
      kind: "refused",
      reason: expect.stringContaining('Unexpected inputs provided: ["more"]'),
    });
    double.setWorkflowState(shop, FILE, "disabled_manually");
    expect(await at().dispatch(FILE, "main", { scan: "a" })).toMatchObject({ kind: "refused" });
  });

  test("is refused where the owner has not accepted that the App starts workflows", async () => {
    double.changeApp("hms", { permissions: { actions: "read", metadata: "read" } });
    double.acceptPermissions(installationId);
    expect(await at().dispatch(FILE, "main", { scan: "a" })).toEqual({
      kind: "refused",
      reason: "the App may not start workflows here: the permission actions=write was not accepted",
    });
  });

  test.each([
    ["connection was lost after the run had started", { dropConnection: "after" as const }, 1],
    ["server failed before it started one", { status: 502 }, 0],
  ])("whose %s can be looked for", async (_name, fault, runs) => {
    const sinceMs = Date.now();
    double.fault({ method: "POST", path: DISPATCH, ...fault });
    await expect(at().dispatch(FILE, "main", { scan: "lost" })).rejects.toMatchObject({ fault: "unavailable" });
    double.clearFaults();
    const found = await at().recent(FILE, sinceMs);
    expect(found.map(({ title }) => title)).toEqual(Array.from({ length: runs }, () => "hms-scan lost"));
  });

  test("that GitHub answers without a run's id is not known to have started one", async () => {
    double.fault({ method: "POST", path: DISPATCH, status: 204 });
    await expect(at().dispatch(FILE, "main", { scan: "a" })).rejects.toMatchObject({ fault: "unavailable" });
  });
});

test("runs of other people, and of before, are not among our recent ones", async () => {
  const own = await started();
  const other = await fetch(`${double.url}/repos/acme/shop/actions/workflows/${FILE}/dispatches`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ ref: "main", inputs: { scan: "one" } }),
  });
  expect(other.status).toBe(204);
  expect((await at().recent(FILE, Date.now() - 1000)).map(({ id }) => id)).toEqual([own]);
  expect(await at().recent(FILE, Date.now() + 3_600_000)).toEqual([]);
});

test("a run that is not there is so positively only where runs can be read at all", async () => {
  expect(await at().run(7)).toBeUndefined();
  double.uninstall(installationId);
  await expect(at().run(7)).rejects.toMatchObject({ name: "GitHubError" });
});

test("a run is cancelled; one that is over, or is no more, needs no more", async () => {
  const id = await started();
  await at().cancel(id);
  expect(await at().run(id)).toMatchObject({ status: "completed", conclusion: "cancelled" });
  await at().cancel(id);
  await at().cancel(7);
});

test("SARIF is taken, or refused with GitHub's words", async () => {
  const sha = double.refSha(shop, "main") ?? "";
  const sarif = gzipSync('{"version":"2.1.0","runs":[]}').toString("base64");
  expect(await at().uploadSarif(sha, "refs/heads/main", sarif)).toMatchObject({ kind: "taken" });
  expect(await at().uploadSarif(sha, "refs/heads/main", "bm90aGluZw==")).toMatchObject({ kind: "refused" });
  expect(await at().uploadSarif("0".repeat(40), "refs/heads/main", sarif)).toMatchObject({ kind: "refused" });
});

test("what a repository has set up: the workflow's state, and whom an environment lets in", async () => {
  expect(await at().installed(FILE)).toEqual({ state: "active" });
  double.setWorkflowState(shop, FILE, "disabled_manually");
  expect(await at().installed(FILE)).toEqual({ state: "disabled_manually" });
  expect(await at().installed("other.yml")).toBeUndefined();
  expect(await at().environment("reports")).toBeUndefined();
  double.setEnvironment(shop, "reports", {});
  expect(await at().environment("reports")).toEqual({ branches: "all" });
  double.setEnvironment(shop, "reports", { branches: "protected" });
  expect(await at().environment("reports")).toEqual({ branches: "protected" });
  double.setEnvironment(shop, "reports", { branches: ["main", "release/*"] });
  expect(await at().environment("reports")).toEqual({ branches: ["main", "release/*"] });
});
