import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Stage, setStage } from "../stage/stage.ts";
import { answers, checks, concluded, gauge, idle, metrics, newRepository, openPull, until } from "./scene.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 });

const TOKEN = "an-operator-token-of-the-stage-0123456789";
interface Operated {
  status: string;
  next?: string;
  pausedUntilMs?: number;
  missing: { name: string; status: string }[];
  limits?: { quota?: { limit: number; remaining: number } };
}

let stage: Stage;
beforeEach(async () => {
  stage = await setStage({
    environment: {
      HMS_RESYNC_INTERVAL: "2s",
      HMS_ALLOWED_OWNERS: "acme,acme-labs,acme-new",
      HMS_OPERATOR_TOKEN: TOKEN,
    },
  });
  await idle(stage);
});
afterEach(() => stage.close());

/** What operators are told of installations. */
async function told(): Promise<Operated[]> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const answer = await fetch(`${stage.hms.url}/api/v1/installations`, { headers });
  return ((await answer.json()) as { items: { operated: Operated }[] }).items.map((one) => one.operated);
}
async function installations(status: string): Promise<void> {
  await until(
    stage,
    `an installation is ${status}`,
    async () => gauge(await metrics(stage), `hms_installations{status="${status}"}`) === 1,
  );
  const found = (await told()).find((one) => one.status === status);
  expect([status, found?.next !== undefined]).toEqual([status, !["active", "uninstalled"].includes(status)]);
  expect(found?.pausedUntilMs !== undefined).toBe(["suspended", "quarantined", "uninstalled"].includes(status));
}
/** Calls made with an installation's token, or for one, since the log was cleared. */
const work = () => stage.github.requests.list().filter((call) => /^\/(repos|repositories)\//.test(call.path));

test("uninstalled: shown, its keys leave the queue, and a new installation starts clean", async () => {
  const repository = await newRepository(stage);
  const pull = await openPull(stage, repository);
  await concluded(stage, pull, "success");
  stage.github.comment(repository, pull.number, { author: "grace", body: "/hms hold until Monday" });
  await concluded(stage, pull, "action_required");
  await idle(stage);
  stage.github.uninstall(stage.installationId);
  await installations("uninstalled");
  stage.github.requests.clear();
  await idle(stage);
  const text = await metrics(stage);
  for (const state of ["ready", "leased", "delayed", "parked"])
    expect([state, gauge(text, `hms_queue_keys{state="${state}"}`)]).toEqual([state, 0]);
  expect(work()).toEqual([]);
  stage.github.install(stage.app, "acme");
  // Nothing of the old installation holds.
  await concluded(stage, pull, "success");
  await installations("active");
});

test("suspended: nothing is asked for it; unsuspended, what happened meanwhile is found", async () => {
  const repository = await newRepository(stage);
  await concluded(stage, await openPull(stage, repository), "success");
  await idle(stage);
  stage.github.suspend(stage.installationId);
  await installations("suspended");
  const pull = await openPull(stage, repository);
  stage.github.requests.clear();
  await until(stage, "a sweep", () => stage.github.requests.list({ path: /^\/app\/installations/ }).length > 1);
  expect(work()).toEqual([]);
  expect(stage.github.requests.list({ path: /access_tokens/ })).toEqual([]);
  stage.github.unsuspend(stage.installationId);
  await concluded(stage, pull, "success");
  await installations("active");
});

test("a GitHub that answers 404 and 403 for everything of the App: nothing is taken for uninstalled", async () => {
  const repository = await newRepository(stage);
  const pull = await openPull(stage, repository);
  await concluded(stage, pull, "success");
  await idle(stage);
  for (const status of [404, 403]) {
    stage.github.fault({ path: /^\/app\/installations\/\d+/, status, body: { message: "Not Found" } });
    stage.github.fault({ path: /^\/repos\//, status, body: { message: "Not Found" } });
    const pushed = stage.github.commit(repository, pull.branch, {
      files: { a: `${status}` },
      author: "ada",
      message: "A",
    });
    const sha = await pushed;
    await until(stage, "it was asked", () => stage.github.requests.list({ status }).length > 2);
    stage.github.clearFaults();
    await concluded(stage, { repository, sha }, "success");
  }
  expect(stage.hms.output()).not.toContain('"to":"uninstalled"');
});

test("a permission that was not accepted: told once with its name, and healed once it is", async () => {
  const repository = await newRepository(stage);
  const { permissions } = { permissions: { contents: "read", issues: "read", pull_requests: "write" } as const };
  stage.github.uninstall(stage.installationId);
  const { id } = stage.github.install(stage.app, "acme", { permissions });
  const pull = await openPull(stage, repository);
  await until(stage, "it is told", () => /"permission":"checks=write"/.test(stage.hms.output()));
  await installations("permissions-lacking");
  expect(stage.hms.output()).toContain("checks: write");
  stage.github.acceptPermissions(id);
  await concluded(stage, pull, "success");
  expect(stage.hms.output().split('"permission":"checks=write"').length - 1).toBe(1);
  await installations("active");
});

test("renamed repository and organisation: the same pull requests go on, by redirect and by their new names", async () => {
  const repository = await newRepository(stage);
  const pull = await openPull(stage, repository);
  await concluded(stage, pull, "success");
  stage.github.setWebhookUrl(stage.app.slug, undefined);
  const renamed = stage.github.renameRepository(repository, "store");
  const sha = await stage.github.commit(renamed, pull.branch, { files: { b: "b" }, author: "ada", message: "B" });
  await concluded(stage, { repository: renamed, sha }, "success");
  stage.github.setWebhookUrl(stage.app.slug, `${stage.hms.url}/api/github/webhooks`);
  stage.github.renameAccount("acme", "acme-new");
  const after = { ...renamed, owner: "acme-new", fullName: "acme-new/store" };
  const again = await stage.github.commit(after, pull.branch, { files: { c: "c" }, author: "ada", message: "C" });
  await concluded(stage, { repository: after, sha: again }, "success");
  await idle(stage);
  stage.github.requests.clear();
  const last = await stage.github.commit(after, pull.branch, { files: { d: "d" }, author: "ada", message: "D" });
  await concluded(stage, { repository: after, sha: last }, "success");
  expect(work().filter((call) => call.path.includes("acme/") || call.status === 301)).toEqual([]);
});

test("transferred to an owner that is not allowed: nothing is written any more; to an allowed one: it starts clean", async () => {
  const repository = await newRepository(stage, {}, "traded");
  const pull = await openPull(stage, repository);
  await concluded(stage, pull, "success");
  stage.github.comment(repository, pull.number, { author: "grace", body: "/hms hold" });
  await concluded(stage, pull, "action_required");
  await idle(stage);
  for (const owner of ["initech", "acme-labs"]) {
    stage.github.createOrg(owner);
    stage.github.install(stage.app, owner);
  }
  await idle(stage);
  const fullName = stage.github.transferRepository(repository, "initech");
  const there = { ...repository, owner: "initech", fullName };
  const sha = await stage.github.commit(there, pull.branch, { files: { e: "e" }, author: "ada", message: "E" });
  stage.github.comment(there, pull.number, { author: "ada", body: "/hms why" });
  await installations("quarantined");
  await idle(stage);
  expect(checks(stage, there, sha)).toEqual([]);
  expect(answers(stage, { ...pull, repository: there })).toEqual([]);
  const home = { ...repository, owner: "acme-labs", fullName: stage.github.transferRepository(there, "acme-labs") };
  await concluded(stage, { repository: home, sha }, "success");
});

test("deleted and archived: no error for ever, and everything else goes on", async () => {
  const doomed = await newRepository(stage, {}, "doomed");
  const old = await newRepository(stage, {}, "old");
  for (const repository of [doomed, old]) await concluded(stage, await openPull(stage, repository), "success");
  stage.github.deleteRepository(doomed);
  await stage.as("linus", "PATCH", `/repos/${old.fullName}`, { archived: true });
  await until(stage, "operators are told that it is missed", async () =>
    (await told()).some(({ missing }) => missing.some(({ name }) => name === doomed.fullName)),
  );
  const [only] = await told();
  expect(only?.limits?.quota?.remaining).toBeLessThan(only?.limits?.quota?.limit ?? 0);
  await idle(stage);
  stage.github.requests.clear();
  const repository = await newRepository(stage);
  await concluded(stage, await openPull(stage, repository), "success");
  expect(stage.github.requests.list({ path: new RegExp(`repos/${old.fullName}/`) })).toEqual([]);
});
