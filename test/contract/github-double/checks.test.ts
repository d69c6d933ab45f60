import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { buildTown, openPull, refusal, type Town } from "./town.ts";

let town: Town;
beforeEach(async () => {
  town = await buildTown();
});
afterEach(() => town.close());

const note = (line: number) => ({
  path: "src/a.ts",
  start_line: line,
  end_line: line,
  annotation_level: "warning" as const,
  message: `line ${line}`,
});
const notes = (count: number) => Array.from({ length: count }, (_, index) => note(index + 1));

describe("check runs", () => {
  it("append annotations, at most fifty a request", async () => {
    const { octokit, repo } = town;
    const { sha } = await openPull(town);
    const output = (count: number) => ({ title: "T", summary: "S", annotations: notes(count) });
    const { data: run } = await octokit.checks.create({ ...repo, name: "scan", head_sha: sha, output: output(50) });
    const { data: updated } = await octokit.checks.update({ ...repo, check_run_id: run.id, output: output(3) });
    expect(updated.output.annotations_count).toBe(53);
    const listed = await octokit.paginate(octokit.checks.listAnnotations, {
      ...repo,
      check_run_id: run.id,
      per_page: 20,
    });
    expect(listed).toHaveLength(53);
    expect(await refusal(octokit.checks.update({ ...repo, check_run_id: run.id, output: output(51) }))).toMatchObject({
      status: 422,
    });
  });

  it("refuse long texts, unknown commits, too many buttons and a completion without conclusion", async () => {
    const { octokit, repo } = town;
    const { sha } = await openPull(town);
    const create = (more: object) => refusal(octokit.checks.create({ ...repo, name: "x", head_sha: sha, ...more }));
    const action = { label: "Go", description: "Go on", identifier: "go" };
    expect(await create({ output: { title: "T", summary: "x".repeat(65_536) } })).toMatchObject({ status: 422 });
    expect(await create({ head_sha: "f".repeat(40) })).toEqual({
      status: 422,
      message: `No commit found for SHA: ${"f".repeat(40)}`,
    });
    expect(await create({ actions: [action, action, action, action] })).toMatchObject({ status: 422 });
    expect(await create({ actions: [{ ...action, label: "x".repeat(21) }] })).toMatchObject({ status: 422 });
    expect(await create({ status: "completed" })).toMatchObject({ status: 422 });
    expect(await create({})).toEqual({ status: 0, message: "was not refused" });
  });

  it("complete by a conclusion and are superseded by name", async () => {
    const { octokit, repo } = town;
    const { sha } = await openPull(town);
    const first = (await octokit.checks.create({ ...repo, name: "gate", head_sha: sha, conclusion: "failure" })).data;
    expect(first).toMatchObject({ status: "completed", conclusion: "failure", app: { slug: "hms" } });
    const second = (await octokit.checks.create({ ...repo, name: "gate", head_sha: sha, status: "in_progress" })).data;
    const latest = (await octokit.checks.listForRef({ ...repo, ref: sha })).data;
    expect(latest.check_runs.map(({ id }) => id)).toEqual([second.id]);
    const all = (await octokit.checks.listForRef({ ...repo, ref: "feature", filter: "all", check_name: "gate" })).data;
    expect(all.total_count).toBe(2);
    expect(second.pull_requests).toHaveLength(1);
  });

  it("are changed by their own App only, and made by Apps only", async () => {
    const { github, octokit, repo, octokitOf, octokitAs, alice } = town;
    const { sha } = await openPull(town);
    const { data: run } = await octokit.checks.create({ ...repo, name: "gate", head_sha: sha });
    const other = github.registerApp({
      slug: "other",
      webhookSecret: "x",
      permissions: { checks: "write" },
      events: [],
    });
    const theirs = octokitOf(other, github.install(other, "acme").id);
    expect(await refusal(theirs.checks.update({ ...repo, check_run_id: run.id, conclusion: "success" }))).toMatchObject(
      { status: 403 },
    );
    expect(await refusal(octokitAs(alice).checks.create({ ...repo, name: "gate", head_sha: sha }))).toMatchObject({
      status: 403,
    });
  });

  it("tell their App of a re-run and of a button", async () => {
    const { github, octokit, repo, shop } = town;
    const { sha } = await openPull(town);
    const actions = [{ label: "Go", description: "Go on", identifier: "go" }];
    const { data: run } = await octokit.checks.create({
      ...repo,
      name: "gate",
      head_sha: sha,
      conclusion: "action_required",
      actions,
    });
    github.rerequestCheckRun(shop, run.id, "bob");
    github.requestCheckAction(shop, run.id, "go", "bob");
    await github.rerequestCheckSuite(shop, run.check_suite?.id ?? 0, "bob");
    const kinds = (await town.hooksSettled()).map(({ event, action }) => `${event}.${action}`);
    for (const kind of [
      "check_run.created",
      "check_run.completed",
      "check_run.rerequested",
      "check_run.requested_action",
      "check_suite.requested",
      "check_suite.rerequested",
    ]) {
      expect(kinds).toContain(kind);
    }
    const pressed = town.hooks.find(({ action }) => action === "requested_action");
    expect(pressed?.body).toMatchObject({
      requested_action: { identifier: "go" },
      sender: { login: "bob" },
      check_run: { id: run.id },
    });
  });
});

describe("required checks", () => {
  const gate = "hms/gate";

  it("pinned to an App block until that App passes them", async () => {
    const { github, octokit, octokitOf, repo, shop, app } = town;
    const { sha, number } = await openPull(town);
    github.protect(shop, "main", { requiredChecks: [{ context: gate, appId: app.id }] });
    const merge = () => refusal(octokit.pulls.merge({ ...repo, pull_number: number }));
    const expected = { status: 405, message: `Required status check "${gate}" is expected.` };
    expect(await merge()).toEqual(expected);
    const other = github.registerApp({
      slug: "other",
      webhookSecret: "x",
      permissions: { checks: "write", statuses: "write" },
      events: [],
    });
    const theirs = octokitOf(other, github.install(other, "acme").id);
    await theirs.checks.create({ ...repo, name: gate, head_sha: sha, conclusion: "success" });
    await theirs.repos.createCommitStatus({ ...repo, sha, context: gate, state: "success" });
    expect(await merge()).toEqual(expected);
    await octokit.checks.create({ ...repo, name: gate, head_sha: sha, conclusion: "failure" });
    expect(await merge()).toEqual({ status: 405, message: `Required status check "${gate}" is failing.` });
    await octokit.checks.create({ ...repo, name: gate, head_sha: sha, status: "in_progress" });
    expect(await merge()).toMatchObject({ status: 405 });
    await octokit.checks.create({ ...repo, name: gate, head_sha: sha, conclusion: "success" });
    expect((await octokit.pulls.merge({ ...repo, pull_number: number })).data.merged).toBe(true);
  });

  it.each(["neutral", "skipped"] as const)("are passed by %s", async (conclusion) => {
    const { github, octokit, repo, shop, app } = town;
    const { sha, number } = await openPull(town);
    github.protectByRuleset(shop, "main", { requiredChecks: [{ context: gate, appId: app.id }] });
    expect(await refusal(octokit.pulls.merge({ ...repo, pull_number: number }))).toMatchObject({
      status: 405,
      message: expect.stringContaining(`Required status check "${gate}" is expected.`),
    });
    await octokit.checks.create({ ...repo, name: gate, head_sha: sha, conclusion });
    expect((await octokit.pulls.merge({ ...repo, pull_number: number })).data.merged).toBe(true);
  });

  it("belong to the commit: one commit in two pull requests shares them", async () => {
    const { github, octokit, repo, shop, app } = town;
    const { sha, number } = await openPull(town);
    await github.commit(shop, "lax", { files: { "lax.txt": "l\n" }, author: "alice", message: "Lax" });
    await github.openPull(shop, { head: "feature", base: "lax", author: "bob" });
    github.protect(shop, "main", { requiredChecks: [{ context: gate, appId: app.id }] });
    const { data: run } = await octokit.checks.create({ ...repo, name: gate, head_sha: sha, conclusion: "success" });
    expect(run.pull_requests).toHaveLength(2);
    expect((await octokit.pulls.merge({ ...repo, pull_number: number })).data.merged).toBe(true);
  });

  it("count approvals, want the branch up to date, and let administrators by only if told so", async () => {
    const { github, octokit, octokitAs, repo, shop, alice, bob } = town;
    const { number } = await openPull(town);
    github.protect(shop, "main", { reviews: 1, requiredChecks: [], enforceAdmins: true });
    const merge = (client: typeof octokit) => refusal(client.pulls.merge({ ...repo, pull_number: number }));
    expect(await merge(octokitAs(alice))).toMatchObject({
      status: 405,
      message: expect.stringContaining("At least 1 approving review"),
    });
    github.review(shop, number, { author: "carol", state: "APPROVED" });
    expect((await merge(octokitAs(bob))).status).toBe(405);
    github.review(shop, number, { author: "alice", state: "APPROVED" });
    expect((await merge(octokitAs(bob))).status).toBe(0);
    const second = await openPull(town, "second");
    github.protect(shop, "main", { strict: true, requiredChecks: [{ context: gate }] });
    await octokit.checks.create({ ...repo, name: gate, head_sha: second.sha, conclusion: "success" });
    const late = await openPull(town, "late");
    await github.commit(shop, "main", { files: { "moved.txt": "m\n" }, author: "alice", message: "Moved" });
    expect(await refusal(octokit.pulls.merge({ ...repo, pull_number: second.number }))).toMatchObject({
      status: 405,
      message: expect.stringContaining("not up to date"),
    });
    expect((await octokitAs(alice).pulls.merge({ ...repo, pull_number: late.number })).data.merged).toBe(true);
  });
});
