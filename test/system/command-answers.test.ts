import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { RepositoryHandle } from "../doubles/github/github.ts";
import type { Stage } from "../stage/stage.ts";
import { type CommandScene, RULE, setCommandScene } from "./command-scene.ts";
import { answers, concluded, deliver, delivered, idle, lastPayload, metrics, until } from "./scene.ts";

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let stage: Stage;
let repository: RepositoryHandle;
let say: CommandScene["say"];
let gate: CommandScene["gate"];
let clean: CommandScene["clean"];
let leaking: CommandScene["leaking"];
beforeAll(async () => {
  ({ stage, repository, say, gate, clean, leaking } = await setCommandScene());
});
afterAll(() => stage.close());

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
    for (const admin of ["linus", "barbara"]) await say(pull, admin, `/hms override ${RULE} ${pull.sha} ${HOSTILE}`);
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
    const took = async (body: string) => {
      const began = performance.now();
      await say(pull, "mallory", body);
      return performance.now() - began;
    };
    const ordinary = Math.max(await took("x"), await took("y"));
    expect(await took(`x${"\n".repeat(60_000)}x`)).toBeLessThan(2000 + 10 * ordinary);
    const { answer } = await say(pull, "mallory", "/hms nonsense\n".repeat(4000));
    expect(answer.length).toBeLessThan(10_000);
  });
});
