import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { PreviewWish } from "../../src/model/preview.ts";
import type { RepositoryHandle } from "../doubles/github/github.ts";
import { type Stage, setStage } from "../stage/stage.ts";
import { answers, checks, concluded, idle, newRepository, type OpenedPull, openPull } from "./scene.ts";

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const PREVIEW = "preview:\n  components: [{ name: web, path: deploy/web }]\n  when: { paths: [deploy/] }\n";
let stage: Stage;
let repository: RepositoryHandle;
let strict: RepositoryHandle;
beforeAll(async () => {
  stage = await setStage();
  repository = await newRepository(stage, { ".github/hms.yml": `version: 1\n${PREVIEW}` });
  strict = await newRepository(stage, { ".github/hms.yml": `version: 1\n${PREVIEW}  required: true\n` });
});
afterAll(() => stage.close());

async function say(pull: OpenedPull, author: string, body: string): Promise<{ reactions: string[]; answer: string }> {
  const before = answers(stage, pull).length;
  const { id } = stage.github.comment(pull.repository, pull.number, { author, body });
  await idle(stage);
  const said = stage.github.comments(pull.repository, pull.number).find((one) => one.id === id);
  return {
    reactions: said?.reactions.map((one) => one.content) ?? [],
    answer: answers(stage, pull)
      .slice(before)
      .join("\n---\n")
      .replaceAll(/[\u200b\\]/g, ""),
  };
}

async function clean(at = repository): Promise<OpenedPull> {
  const pull = await openPull(stage, at);
  await concluded(stage, pull, "success");
  return pull;
}

/** What people asked for, and what the ledger says of it; the process holds its store alone, so it is stopped for it. */
async function written(pull: OpenedPull): Promise<{ wish: PreviewWish | undefined; actions: string[] }> {
  await stage.hms.kill("SIGTERM");
  const database = new DatabaseSync(`${stage.environment.HMS_DATA_DIR}/hms.db`, { readOnly: true });
  const key = `${stage.installationId}/${pull.repository.id}/${pull.number}`;
  const records = database.prepare("SELECT * FROM records WHERE key = ?").all(`preview-wish/${key}`);
  const events = database.prepare("SELECT data FROM ledger WHERE type = 'command' AND subject = ?").all(`pull/${key}`);
  database.close();
  await stage.restart();
  const value = records[0]?.value;
  return {
    wish: value === undefined ? undefined : (JSON.parse(String(value)) as PreviewWish),
    actions: events.map(({ data }) => (JSON.parse(String(data)) as { action?: string }).action ?? ""),
  };
}

describe("what can be asked of a preview", () => {
  test("each of the five by somebody who may write, with what happens next; the last one holds", async () => {
    const pull = await clean();
    for (const [asked, next] of [
      ["up", "A preview of"],
      ["down", "is removed with all its data"],
      ["sleep", "goes to sleep"],
      ["wake", "wakes up"],
      ["extend 24h", "stays until"],
      ["extend 1h", "stays until"],
    ] as const) {
      const { reactions, answer } = await say(pull, "grace", `/hms preview ${asked}`);
      expect([asked, reactions]).toEqual([asked, ["+1"]]);
      expect(answer).toContain(next);
      // No cluster is declared here.
      expect(answer).toContain("previews are off");
    }
    const { wish, actions } = await written(pull);
    expect(wish).toMatchObject({
      wanted: { what: "down", by: "grace", sha: pull.sha },
      sleep: { what: "wake", by: "grace" },
    });
    const extended = wish?.extended;
    // The shorter time that was asked for later takes nothing away.
    expect((extended?.untilMs ?? 0) - (extended?.atMs ?? 0)).toBe(24 * 3_600_000);
    expect(actions).toEqual(["up", "down", "sleep", "wake", "extend", "extend"]);
  });

  test("two in one comment: the second holds, also when it is said again", async () => {
    const pull = await clean();
    await say(pull, "grace", "/hms preview up\n/hms preview down");
    expect((await written(pull)).wish?.wanted?.what).toBe("down");
  });

  test.each([
    ["/hms preview", "It says what to do"],
    ["/hms preview dwon", "Did you mean /hms preview down"],
    ["/hms preview extend", "from 1m to 30d"],
    ["/hms preview extend 31d", "from 1m to 30d"],
    ["/hms preview extend 1h now", "from 1m to 30d"],
    ["/hms preveiw up", "Did you mean /hms preview"],
  ])("%s is told apart", async (line, problem) => {
    const { reactions, answer } = await say(await clean(), "grace", line);
    expect(reactions).toEqual(["confused"]);
    expect(answer).toContain(problem);
  });

  test("nobody without write access starts or ends anything, the author of a fork's pull request neither", async () => {
    const fork = await stage.github.fork(repository, "mallory", "shop-of-mallory");
    const sha = await stage.github.commit(fork, "offer", { files: { a: "a\n" }, author: "mallory", message: "Offer" });
    const { number } = await stage.github.openPull(repository, { head: "mallory:offer", author: "mallory" });
    const pull = { repository, number, branch: "offer", sha };
    await concluded(stage, pull, "success");
    for (const action of ["up", "down", "sleep", "wake", "extend 1h"])
      expect((await say(pull, "mallory", `/hms preview ${action}`)).reactions).toEqual(["-1"]);
    // Nor does a wish of somebody who may replace the look at the very commit.
    const { answer } = await say(pull, "grace", "/hms preview up");
    expect(answer).toContain(`/hms ok-to-test ${sha}`);
    expect((await written(pull)).actions).toEqual(["up"]);
  });

  test("where there are none, or the pull request is closed", async () => {
    const other = await clean(await newRepository(stage));
    expect((await say(other, "grace", "/hms preview up")).answer).toContain("This repository has no previews");
    const pull = await clean();
    await stage.as("grace", "PATCH", `/repos/acme/${repository.name}/pulls/${pull.number}`, { state: "closed" });
    await idle(stage);
    expect((await say(pull, "grace", "/hms preview down")).answer).toContain("Its preview goes by itself");
  });
});

describe("a required preview", () => {
  const rows = (pull: OpenedPull) => {
    const output = checks(stage, pull.repository, pull.sha).at(-1)?.output;
    return `${output?.title}\n${output?.summary}\n${output?.text}`;
  };

  test("without a cluster: the gate waits for the operator and says so", async () => {
    const pull = await openPull(stage, strict, { files: { "deploy/web/a.yaml": "a: 1\n" } });
    await concluded(stage, pull, "action_required");
    expect(rows(pull)).toContain("preview-healthy");
    expect(rows(pull)).toContain("the operator of HMS-SYS");
  });

  test("a change of nothing previewed needs none", async () => {
    await clean(strict);
  });

  test("a draft, a label, a wish: none of them lifts it", async () => {
    const pull = await openPull(stage, strict, { files: { "deploy/web/b.yaml": "b: 1\n" } });
    await concluded(stage, pull, "action_required");
    await say(pull, "grace", "/hms preview down");
    await idle(stage);
    expect(checks(stage, strict, pull.sha).at(-1)?.conclusion).not.toBe("success");
    expect(rows(pull)).toContain("preview-healthy");
  });
});
