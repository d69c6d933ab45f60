import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { RepositoryHandle } from "../doubles/github/github.ts";
import { plantedKey, type Stage } from "../stage/stage.ts";
import { type CommandScene, RULE, setCommandScene } from "./command-scene.ts";
import { concluded, idle } from "./scene.ts";

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const KEY = plantedKey();
const OTHER = "1".repeat(40);
let stage: Stage;
let repository: RepositoryHandle;
let say: CommandScene["say"];
let gate: CommandScene["gate"];
let clean: CommandScene["clean"];
let leaking: CommandScene["leaking"];
let ignored: CommandScene["ignored"];
beforeAll(async () => {
  ({ stage, repository, say, gate, clean, leaking, ignored } = await setCommandScene());
});
afterAll(() => stage.close());

const copied = (text: string) => text.replaceAll("\u200b", "");

describe("what can be asked", () => {
  test.each(["/hms help", "/hms", "/HMS Help", "  /hms help  ", "Thanks!\r\n/hms help\r\n"])("%j", async (body) => {
    const { reactions, answer } = await say(await clean(), "mallory", body);
    expect(reactions).toEqual(["+1"]);
    for (const verb of ["help", "why", "retry", "hold", "unhold", "ok-to-test", "override"])
      expect(answer).toContain(`/hms ${verb}`);
  });

  test("why: the gate's reasons, with the line to paste", async () => {
    const pull = await leaking();
    const { reactions, answer } = await say(pull, "mallory", "/hms why");
    expect(reactions).toEqual(["+1"]);
    expect(answer).toContain(RULE);
    expect(answer).toContain(`/hms override ${RULE} ${pull.sha} <reason>`);
    expect(answer).not.toContain(KEY);
    expect((await say(await clean(), "ada", "/hms why")).answer).toContain("Ready to merge");
  });

  test("retry: looks again, by the author or somebody with write access", async () => {
    const pull = await clean();
    expect(await say(pull, "ada", "/hms retry")).toEqual({ reactions: ["+1"], answer: "" });
    expect((await say(pull, "mallory", "/hms retry")).reactions).toEqual(["-1"]);
  });

  test("hold and unhold: across pushes, until somebody lifts it", async () => {
    const pull = await clean();
    expect(await say(pull, "grace", "/hms hold until the freeze ends")).toEqual({ reactions: ["+1"], answer: "" });
    expect(gate(pull)?.conclusion).toBe("action_required");
    expect(gate(pull)?.output.summary).toContain("until the freeze ends");
    const files = { "more.txt": "more\n" };
    pull.sha = await stage.github.commit(repository, pull.branch, { files, author: "ada", message: "More" });
    await concluded(stage, pull, "action_required");
    await say(pull, "linus", "/hms unhold");
    expect(gate(pull)?.conclusion).toBe("success");
    expect((await say(pull, "linus", "/hms unhold")).reactions).toEqual(["+1"]);
  });

  test("ok-to-test: names the head commit in full", async () => {
    const pull = await clean();
    expect((await say(pull, "grace", `/hms ok-to-test ${pull.sha}`)).reactions).toEqual(["+1"]);
    const { answer } = await say(pull, "grace", `/hms ok-to-test ${OTHER}`);
    expect(copied(answer)).toContain(pull.sha);
    // What is copied from an answer carries its zero-width spaces along.
    const shown = /head commit, ([0-9a-f\u200b]+)/.exec(answer)?.[1];
    expect((await say(pull, "grace", `/hms ok-to-test ${shown}`)).reactions).toEqual(["+1"]);
    expect((await say(pull, "grace", `/hms ok-to-test ${pull.sha.slice(0, 12)}`)).reactions).toEqual(["confused"]);
    expect((await say(pull, "mallory", `/hms ok-to-test ${pull.sha}`)).reactions).toEqual(["-1"]);
  });

  test("several in one comment: each is done, the answer speaks of those that were not", async () => {
    const pull = await clean();
    const { reactions, answer } = await say(pull, "grace", "/hms hold for two\r\nand\r\n/hms why\r\n/hms hodl\r\n");
    expect(reactions).toEqual(["confused"]);
    expect(answer).toContain("for two");
    expect(answer).toContain("Did you mean");
    expect(answer.match(/hms-answer/g)).toHaveLength(1);
    expect(gate(pull)?.conclusion).toBe("action_required");
    await say(pull, "grace", "/hms unhold\n/hms hold\n/hms unhold");
    expect(gate(pull)?.conclusion).toBe("success");
  });
});

describe("who may ask", () => {
  test.each(["/hms hold", "/hms unhold", "/hms retry"])(
    "%s by somebody without rights: refused with the reason, and nothing is done",
    async (body) => {
      const pull = await clean();
      const { reactions, answer } = await say(pull, "mallory", body);
      expect(reactions).toEqual(["-1"]);
      expect(answer).toContain("write permission; mallory has read");
      expect(gate(pull)?.conclusion).toBe("success");
    },
  );

  test("unhold by a reader leaves the hold", async () => {
    const pull = await clean();
    await say(pull, "grace", "/hms hold");
    await say(pull, "mallory", "/hms unhold");
    expect(gate(pull)?.conclusion).toBe("action_required");
  });

  test("a bot: ignored", async () => {
    const pull = await clean();
    stage.github.comment(repository, pull.number, { author: stage.app.botLogin, body: "/hms hold" });
    await idle(stage);
    expect(gate(pull)?.conclusion).toBe("success");
    expect(stage.github.comments(repository, pull.number)).toMatchObject([{ reactions: [] }]);
  });
});

describe("what is no command", () => {
  test.each([
    ["in a quote", "> /hms hold\n\nno"],
    ["in a fenced block", "```\n/hms hold\n```"],
    ["in a fenced block that names its language", "```sh\n/hms hold\n```\n"],
    ["in a block fenced by tildes", "~~~\n/hms hold\n~~~"],
    ["in a block whose fence does not end with a language's name", "```\na\n```js\n/hms hold\n```"],
    ["in a block that is never closed", "```\n/hms hold"],
    ["in an indented block", "code:\n\n    /hms hold"],
    ["in a HTML comment", "<!--\n/hms hold\n-->"],
    ["in a HTML comment that is never closed", "<!--\n/hms hold"],
    ["in inline code", "try `/hms hold` some time"],
    ["in the middle of a line", "please /hms hold"],
    ["another word", "/hmsx hold"],
    ["a path", "/hms-sys/hold"],
  ])("%s: ignored", (_where, body) => ignored(body));

  test("a comment that is edited to hold one: ignored", async () => {
    const pull = await clean();
    const { id } = stage.github.comment(repository, pull.number, { author: "grace", body: "hello" });
    stage.github.editComment(repository, id, { body: "/hms hold" });
    await idle(stage);
    expect(gate(pull)?.conclusion).toBe("success");
    expect(stage.github.comments(repository, pull.number)).toMatchObject([{ reactions: [] }]);
  });

  test("a comment that is edited after it was obeyed: obeyed once, as it was", async () => {
    const pull = await clean();
    const { id } = stage.github.comment(repository, pull.number, { author: "grace", body: "/hms hold" });
    await concluded(stage, pull, "action_required");
    stage.github.editComment(repository, id, { body: "/hms unhold" });
    await idle(stage);
    expect(gate(pull)?.conclusion).toBe("action_required");
  });

  test("on an issue that is no pull request: ignored", async () => {
    const path = `/repos/${repository.fullName}/issues`;
    const { number } = (await stage.as("ada", "POST", path, { title: "An issue" })).body as { number: number };
    stage.github.comment(repository, number, { author: "grace", body: "/hms help" });
    await idle(stage);
    expect(stage.github.comments(repository, number)).toMatchObject([{ author: "grace", reactions: [] }]);
  });
});
