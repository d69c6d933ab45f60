import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { dieAndRestart } from "../crash/crash-stage.ts";
import type { RepositoryHandle } from "../doubles/github/github.ts";
import { plantedKey, type Stage, setStage } from "../stage/stage.ts";
import {
  type Check,
  checks,
  concluded,
  deliver,
  idle,
  lastPayload,
  newRepository,
  type OpenedPull,
  openPull,
  until,
} from "./scene.ts";

vi.setConfig({ testTimeout: 40_000, hookTimeout: 40_000 });

let stage: Stage;
let repository: RepositoryHandle;
beforeAll(async () => {
  stage = await setStage();
  repository = await newRepository(stage);
});
afterAll(() => stage.close());

type Action = { label: string; identifier: string };

/** What stands on the newest gate: the double keeps what was sent. */
async function buttons(pull: OpenedPull): Promise<{ id: number; actions: Action[] }> {
  const gate = checks(stage, pull.repository, pull.sha).at(-1) as Check;
  return { id: Number(gate.id), actions: stage.github.checkActions(pull.repository, Number(gate.id)) };
}

async function press(pull: OpenedPull, label: string, by: string): Promise<number> {
  const { id, actions } = await buttons(pull);
  const action = actions.find((one) => one.label === label);
  if (!action) throw new Error(`no button ${label} among ${actions.map((one) => one.label)}`);
  stage.github.requestCheckAction(pull.repository, id, action.identifier, by);
  return id;
}

const opened = async (at = repository) => {
  const pull = await openPull(stage, at);
  await concluded(stage, pull, "success");
  return pull;
};

/** The ledger's entries about a commit or pull request, newest last; the process holds its store alone, so it is stopped for it. */
async function ledger(types: string[]): Promise<{ type: string; data: Record<string, unknown> }[]> {
  await stage.hms.kill("SIGTERM");
  const database = new DatabaseSync(`${stage.environment.HMS_DATA_DIR}/hms.db`, { readOnly: true });
  const rows = database.prepare("SELECT type, data FROM ledger").all() as { type: string; data: string }[];
  database.close();
  await stage.restart();
  return rows.filter(({ type }) => types.includes(type)).map(({ type, data }) => ({ type, data: JSON.parse(data) }));
}

describe("hold and its lifting", () => {
  test("by somebody who may write: held, lifted, held again", async () => {
    const pull = await opened();
    await press(pull, "Hold", "grace");
    const held = await concluded(stage, pull, "action_required");
    expect(held.output?.title).toContain("grace");
    await press(pull, "Lift the hold", "linus");
    await concluded(stage, pull, "success");
    await press(pull, "Hold", "grace");
    await concluded(stage, pull, "action_required");
  });

  test("by somebody who may not: nothing but a line in the ledger", async () => {
    const pull = await opened();
    await press(pull, "Hold", "mallory");
    await idle(stage);
    expect(checks(stage, repository, pull.sha).map((run) => run.conclusion)).toEqual(["success"]);
    await press(pull, "Hold", "ada");
    await concluded(stage, pull, "action_required");
    await press(pull, "Lift the hold", "mallory");
    await idle(stage);
    expect(checks(stage, repository, pull.sha).at(-1)?.conclusion).toBe("action_required");
    const refused = (await ledger(["button_refused"])).map(({ data }) => data);
    expect(refused).toMatchObject([
      { button: "hold", by: "mallory", permission: "read", why: expect.stringContaining("takes write permission") },
      { button: "unhold", by: "mallory" },
    ]);
  });

  test("twice in one state is once; what was pressed in a state that is no more does nothing", async () => {
    const pull = await opened();
    const { id, actions } = await buttons(pull);
    const hold = actions.find((one) => one.label === "Hold")?.identifier ?? "";
    stage.github.requestCheckAction(repository, id, hold, "grace");
    stage.github.requestCheckAction(repository, id, hold, "grace");
    await concluded(stage, pull, "action_required");
    const pressed = lastPayload(stage, "check_run", "requested_action");
    await press(pull, "Lift the hold", "grace");
    await concluded(stage, pull, "success");
    // The same again, as another person's press that came late, and as a delivery that somebody kept.
    await deliver(stage, "check_run", {
      ...pressed,
      sender: { ...(pressed.sender as unknown as object), login: "linus", id: 1 },
    });
    await deliver(stage, "check_run", pressed);
    await idle(stage);
    expect(checks(stage, repository, pull.sha).at(-1)?.conclusion).toBe("success");
    const all = await ledger(["command", "button_overtaken"]);
    const mine = all.filter(({ data }) => data.sha === pull.sha);
    expect(mine.map(({ type, data }) => [type, data.verb ?? data.button])).toEqual([
      ["command", "hold"],
      ["command", "unhold"],
      ["button_overtaken", "hold"],
    ]);
  });

  test("on a commit that is the head no more: nothing", async () => {
    // A green gate is taken back when its commit is left, and its buttons with it; this one is not.
    const pull = await openPull(stage, repository, { files: { "a.ini": `aws_access_key_id = ${plantedKey()}\n` } });
    await concluded(stage, pull, "failure");
    const before = { ...pull };
    pull.sha = await stage.github.commit(repository, pull.branch, {
      files: { "b.txt": "b\n" },
      author: "ada",
      message: "More",
    });
    await concluded(stage, pull, "failure");
    const { title } = (checks(stage, repository, pull.sha).at(-1) as Check).output;
    await press(before, "Hold", "grace");
    await idle(stage);
    expect(checks(stage, repository, pull.sha).at(-1)?.output.title).toBe(title);
  });

  test("by an app: nothing", async () => {
    const pull = await opened();
    await press(pull, "Hold", "grace");
    await concluded(stage, pull, "action_required");
    const pressed = lastPayload(stage, "check_run", "requested_action");
    await press(pull, "Lift the hold", "grace");
    await concluded(stage, pull, "success");
    const bot = { ...(pressed.sender as unknown as object), login: "helper[bot]", type: "Bot" };
    expect(await deliver(stage, "check_run", { ...pressed, sender: bot })).toMatchObject({ result: "ignored" });
  });

  test("on a fork's pull request, of which GitHub names none in its check run", async () => {
    const own = await newRepository(stage);
    const fork = await stage.github.fork(own, "mallory");
    const sha = await stage.github.commit(fork, "offer", { files: { a: "a\n" }, author: "mallory", message: "Offer" });
    const { number } = await stage.github.openPull(own, { head: "mallory:offer", author: "mallory" });
    const pull = { repository: own, number, branch: "offer", sha };
    await concluded(stage, pull, "success");
    await press(pull, "Hold", "grace");
    await concluded(stage, pull, "action_required");
    await press(pull, "Look again", "mallory");
    await until(stage, "a new run", () => checks(stage, own, sha).length > 1);
    stage.github.rerequestCheckRun(own, Number(checks(stage, own, sha).at(-1)?.id), "grace");
    await until(stage, "one more", () => checks(stage, own, sha).length > 2);
  });
});

describe("looking again", () => {
  const runs = (pull: OpenedPull) => checks(stage, repository, pull.sha).length;

  test("by the gate's own button, as often as it is pressed", async () => {
    const pull = await opened();
    for (const more of [1, 2, 3]) {
      await press(pull, "Look again", "ada");
      await until(stage, `run ${more + 1}`, () => runs(pull) === more + 1);
      await concluded(stage, pull, "success");
    }
  });

  test("by GitHub's button and by the whole suite, by those who may", async () => {
    const pull = await opened();
    const gate = checks(stage, repository, pull.sha).at(-1);
    stage.github.rerequestCheckRun(repository, Number(gate?.id), "mallory");
    await idle(stage);
    expect(runs(pull)).toBe(1);
    stage.github.rerequestCheckRun(repository, Number(gate?.id), "grace");
    await until(stage, "a second run", () => runs(pull) === 2);
    await idle(stage);
    const suite = gate?.check_suite?.id ?? 0;
    await stage.github.rerequestCheckSuite(repository, Number(suite), "mallory");
    await idle(stage);
    expect(runs(pull)).toBe(2);
    await stage.github.rerequestCheckSuite(repository, Number(suite), "grace");
    await until(stage, "a third run", () => runs(pull) === 3);
  });
});

test.each(["records.put before", "records.put after", "ledger.append after"])(
  "killed at %s, between the press and its end: it is done once all the same",
  async (at) => {
    const pull = { ...(await opened(stage.repository)) };
    const on = at.startsWith("ledger")
      ? '"verb":"hold"'
      : `hold/${stage.installationId}/${stage.repository.id}/${pull.number}`;
    await dieAndRestart(stage, { at, on }, () => void press(pull, "Hold", "grace"));
    await concluded(stage, pull, "action_required");
    const done = (await ledger(["command"])).filter(({ data }) => data.sha === pull.sha);
    expect(done).toHaveLength(1);
  },
);
