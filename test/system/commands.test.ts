import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { RepositoryHandle } from "../doubles/github/github.ts";
import { plantedKey, type Stage, setStage } from "../stage/stage.ts";
import {
  answers,
  checks,
  concluded,
  deliver,
  delivered,
  idle,
  lastPayload,
  metrics,
  newRepository,
  type OpenedPull,
  openPull,
  until,
} from "./scene.ts";

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const KEY = plantedKey();
const RULE = "no-high-findings";
const OTHER = "1".repeat(40);

let stage: Stage;
let repository: RepositoryHandle;
beforeAll(async () => {
  stage = await setStage();
  repository = await newRepository(stage, {
    ".github/hms.yml": `version: 1\ngate:\n  overrides:\n    - { rule: ${RULE}, permission: maintain }\n`,
  });
});
afterAll(() => stage.close());

/** Says it and waits until nothing is left to do. */
async function say(pull: OpenedPull, author: string, body: string): Promise<{ reactions: string[]; answer: string }> {
  const before = answers(stage, pull).length;
  const { id } = stage.github.comment(pull.repository, pull.number, { author, body });
  await idle(stage);
  const said = stage.github.comments(pull.repository, pull.number).find((one) => one.id === id);
  return {
    reactions: said?.reactions.map((one) => one.content) ?? [],
    answer: answers(stage, pull).slice(before).join("\n---\n"),
  };
}

const copied = (text: string) => text.replaceAll("\u200b", "");

const gate = (pull: OpenedPull) => checks(stage, pull.repository, pull.sha).at(-1);

async function clean(): Promise<OpenedPull> {
  const pull = await openPull(stage, repository);
  await concluded(stage, pull, "success");
  return pull;
}

async function leaking(): Promise<OpenedPull> {
  const pull = await openPull(stage, repository, { files: { "a.env": `KEY=${KEY}\n` } });
  await concluded(stage, pull, "failure");
  return pull;
}

/** Nothing was executed, answered or reacted to. */
async function ignored(body: string, author = "grace"): Promise<void> {
  const pull = await clean();
  expect(await say(pull, author, body)).toEqual({ reactions: [], answer: "" });
  expect(gate(pull)?.conclusion).toBe("success");
}

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

describe("override", () => {
  const line = (sha: string, rule = RULE) => `/hms override ${rule} ${sha} the key is revoked`;

  test("by an administrator who neither wrote nor pushed it: green at this commit, named; ends with the next push", async () => {
    const pull = await leaking();
    expect((await say(pull, "linus", line(pull.sha))).reactions).toEqual(["+1"]);
    expect(gate(pull)?.conclusion).toBe("success");
    expect(gate(pull)?.output.summary).toContain("Overridden by linus");
    expect(gate(pull)?.output.summary).toContain("the key is revoked");
    const files = { "more.txt": "more\n" };
    const sha = await stage.github.commit(repository, pull.branch, { files, author: "ada", message: "More" });
    await concluded(stage, { repository, sha }, "failure");
  });

  test.each([
    ["the author", "ada", RULE, "-1"],
    ["somebody with less than the policy asks for", "grace", RULE, "-1"],
    ["a reader", "mallory", RULE, "-1"],
    ["an administrator, for a rule that is not listed", "linus", "no-critical-findings", "-1"],
    ["an administrator, for a rule that is not known", "linus", "no-such-rule", "-1"],
    ["an administrator, for what is no rule's name", "linus", "../../x", "confused"],
  ])("by %s: refused with the reason", async (_who, login, rule, reaction) => {
    const pull = await leaking();
    const { reactions, answer } = await say(pull, login, line(pull.sha, rule));
    expect(reactions).toEqual([reaction]);
    expect(answer.length).toBeGreaterThan(20);
    expect(gate(pull)?.conclusion).toBe("failure");
  });

  test("of another commit, a short one, or without a reason: refused", async () => {
    const pull = await leaking();
    expect(copied((await say(pull, "linus", line(OTHER))).answer)).toContain(pull.sha);
    expect((await say(pull, "linus", line(pull.sha.slice(0, 10)))).reactions).toEqual(["confused"]);
    expect((await say(pull, "linus", `/hms override ${RULE} ${pull.sha}`)).answer).toContain("reason");
    expect(gate(pull)?.conclusion).toBe("failure");
  });

  test("by the last pusher: refused, administrator or not", async () => {
    const pull = await leaking();
    const files = { "more.txt": "more\n" };
    pull.sha = await stage.github.commit(repository, pull.branch, { files, author: "linus", message: "More" });
    await concluded(stage, pull, "failure");
    expect((await say(pull, "linus", line(pull.sha))).reactions).toEqual(["-1"]);
    expect(gate(pull)?.conclusion).toBe("failure");
  });

  test("by somebody who is no administrator any more: counts no longer when it is looked at again", async () => {
    const pull = await leaking();
    await say(pull, "linus", line(pull.sha));
    expect(gate(pull)?.conclusion).toBe("success");
    stage.github.setCollaborator(repository, "linus", "write");
    try {
      await say(pull, "ada", "/hms retry");
      expect(gate(pull)?.conclusion).toBe("failure");
    } finally {
      stage.github.setCollaborator(repository, "linus", "admin");
    }
  });

  test("of one pull request does not lift another's with the same commit", async () => {
    const pull = await leaking();
    await stage.github.push(repository, "release", stage.github.refSha(repository, "main") ?? "", { by: "linus" });
    await stage.github.openPull(repository, { head: pull.branch, base: "release", author: "ada" });
    await idle(stage);
    await say(pull, "linus", line(pull.sha));
    expect(gate(pull)?.conclusion).toBe("failure");
    expect(gate(pull)?.output.summary).toContain("Overridden by linus");
  });

  test("a hold is not overridden", async () => {
    const pull = await clean();
    await say(pull, "grace", "/hms hold");
    expect((await say(pull, "linus", line(pull.sha, "hold"))).reactions).toEqual(["-1"]);
    expect(gate(pull)?.conclusion).toBe("action_required");
  });

  test("a label of that name grants nothing", async () => {
    const pull = await leaking();
    await stage.github.addLabel(repository, pull.number, `hms/override-${RULE}`, "ada");
    await idle(stage);
    expect(gate(pull)?.conclusion).toBe("failure");
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

describe("answered, not executed", () => {
  test.each([
    ["/hms hodl", "/hms hold"],
    ["/hms unhlod", "/hms unhold"],
    ["/hms ok-to-tset", "/hms ok-to-test"],
    ["/hms overide x", "/hms override"],
    ["/hms hlep", "/hms help"],
  ])("%s: did you mean %s?", async (body, meant) => {
    const pull = await clean();
    const { reactions, answer } = await say(pull, "grace", body);
    expect(reactions).toEqual(["confused"]);
    expect(answer.replaceAll("\\", "")).toContain(`Did you mean ${meant}`);
    expect(gate(pull)?.conclusion).toBe("success");
  });

  test("a verb of a later version says so; one that is none points at the list", async () => {
    const pull = await clean();
    expect((await say(pull, "grace", "/hms promote production")).answer).toContain("not in this version");
    expect((await say(pull, "grace", "/hms xyzzy")).answer.replaceAll("\\", "")).toContain("/hms help");
  });

  test("older than ten minutes when it is first seen", async () => {
    const pull = await clean();
    const first = async (minutesAgo: number) => {
      const { id } = stage.github.comment(repository, pull.number, { author: "grace", body: "a comment" });
      await idle(stage);
      const payload = lastPayload(stage, "issue_comment", "created") as Record<string, object>;
      const created = new Date(Date.now() - minutesAgo * 60_000).toISOString();
      const comment = { ...payload.comment, body: "/hms hold", created_at: created };
      expect(comment).toMatchObject({ id });
      await deliver(stage, "issue_comment", { ...payload, comment });
      await idle(stage);
    };
    await first(11);
    expect(gate(pull)?.conclusion).toBe("success");
    expect(answers(stage, pull).at(-1)).toContain("more than ten minutes");
    await first(9);
    expect(gate(pull)?.conclusion).toBe("action_required");
    expect(answers(stage, pull)).toHaveLength(1);
  });

  test("on a closed pull request: refused, but for help and why", async () => {
    const pull = await clean();
    await stage.github.closePull(repository, pull.number);
    const { reactions, answer } = await say(pull, "grace", "/hms hold");
    expect(reactions).toEqual(["-1"]);
    expect(answer).toContain("closed");
    expect((await say(pull, "grace", "/hms help")).reactions).toEqual(["+1"]);
    await stage.github.reopenPull(repository, pull.number);
    await idle(stage);
    expect(gate(pull)?.conclusion).toBe("success");
  });
});

describe("once", () => {
  test("the delivery of a comment doubled: one answer", async () => {
    const pull = await clean();
    await idle(stage);
    stage.github.holdDeliveries(stage.app);
    stage.github.comment(repository, pull.number, { author: "ada", body: "/hms why" });
    await new Promise((resolve) => setImmediate(resolve));
    stage.github.releaseDeliveries(stage.app, (waiting) => waiting.flatMap((one) => [one, one, one]));
    await idle(stage);
    const asked = stage.github.deliveries(stage.app).findLast((one) => one.body.includes('"body":"/hms why"'));
    expect(await deliver(stage, "issue_comment", asked?.body ?? "")).toMatchObject({ result: "accepted" });
    await idle(stage);
    expect(answers(stage, pull)).toHaveLength(1);
    expect(delivered(await metrics(stage), "issue_comment", "duplicate")).toBeGreaterThanOrEqual(2);
  });

  test("the answer to our comment is lost on the way: still one", async () => {
    const pull = await clean();
    const mark = stage.hms.output().length;
    const undo = stage.github.fault({
      method: "POST",
      path: /\/issues\/\d+\/comments$/,
      dropConnection: "after",
      times: 1,
    });
    try {
      stage.github.comment(repository, pull.number, { author: "ada", body: "/hms why" });
      await until(stage, "the loss is noticed", () => stage.hms.output().slice(mark).includes("will be tried again"));
      expect(answers(stage, pull)).toHaveLength(1);
      await until(stage, "it was tried again", async () =>
        (await metrics(stage)).includes('hms_queue_keys{state="delayed"} 0'),
      );
      await idle(stage);
      expect(answers(stage, pull)).toHaveLength(1);
      const [comment] = stage.github.comments(repository, pull.number);
      expect(comment?.reactions.map((one) => one.content)).toEqual(["+1"]);
    } finally {
      undo();
    }
  });

  test("the comment is gone before it can be answered: what was asked is done, and nothing is tried for ever", async () => {
    const pull = await clean();
    await idle(stage);
    stage.github.holdDeliveries(stage.app);
    const { id } = stage.github.comment(repository, pull.number, { author: "grace", body: "/hms hold\n/hms why" });
    stage.github.deleteComment(repository, id);
    await new Promise((resolve) => setImmediate(resolve));
    stage.github.releaseDeliveries(stage.app);
    await concluded(stage, pull, "action_required");
    await idle(stage);
    expect(await metrics(stage)).toContain('hms_queue_keys{state="delayed"} 0');
  });
});

describe("what people write stays text", () => {
  const HOSTILE =
    "@grace @acme/sre #1 acme/shop#1 ![x](http://evil.example/a.png) [y](javascript:alert(1)) <img src=x onerror=alert(1)> </details> | a | b | ``` **bold** https://evil.example \u202egnp.exe";
  const neutral = (text: string): void => {
    // The one place where it may stand as it is are backticks, where GitHub makes nothing of it.
    const spoken = text.replace(/(?<!`)(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, "");
    expect(spoken).not.toMatch(/@(?:grace|acme)/);
    expect(spoken).not.toMatch(/(?<!\\)<(?:img|\/details)/);
    expect(spoken).not.toMatch(/(?<!\\)\[[xy](?<!\\)\]\(/);
    expect(spoken).not.toContain("https://evil.example");
    expect(spoken).not.toContain("\u202e");
    expect(spoken).not.toMatch(/(?:^|\s)#1\b/);
  };

  test("in a hold's reason", async () => {
    const pull = await clean();
    await say(pull, "grace", `/hms hold ${HOSTILE}`);
    const output = gate(pull)?.output;
    expect(gate(pull)?.conclusion).toBe("action_required");
    expect(output?.summary).toContain("bold");
    neutral(output?.summary ?? "");
    neutral(output?.text ?? "");
    expect(output?.title).not.toContain("evil");
    const { answer } = await say(pull, "ada", "/hms why");
    expect(answer).toContain("bold");
    neutral(answer.replace(/<!-- hms-answer .*-->/, ""));
    // One row for the rule: what was written did not make more of the table.
    expect(output?.summary?.split("\n").filter((row) => row.startsWith("| ⏳"))).toHaveLength(1);
  });

  test("in an override's reason", async () => {
    const pull = await leaking();
    await say(pull, "linus", `/hms override ${RULE} ${pull.sha} ${HOSTILE}`);
    expect(gate(pull)?.conclusion).toBe("success");
    expect(gate(pull)?.output.summary).toContain("bold");
    neutral(gate(pull)?.output.summary ?? "");
  });

  test("in a line that is quoted back", async () => {
    const pull = await clean();
    const { answer } = await say(pull, "mallory", `/hms ${HOSTILE}`);
    expect(answer).toContain("no such command");
    neutral(answer.replace(/<!-- hms-answer .*-->/, ""));
  });

  test("a comment of 60,000 empty lines, or of a thousand commands, keeps nobody waiting", async () => {
    const pull = await clean();
    const began = performance.now();
    await say(pull, "mallory", `x${"\n".repeat(60_000)}x`);
    expect(performance.now() - began).toBeLessThan(3000);
    const { answer } = await say(pull, "mallory", "/hms nonsense\n".repeat(4000));
    expect(answer.length).toBeLessThan(10_000);
  });
});
