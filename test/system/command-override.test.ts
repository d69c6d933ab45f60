import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { RepositoryHandle } from "../doubles/github/github.ts";
import type { Stage } from "../stage/stage.ts";
import { type CommandScene, RULE, setCommandScene } from "./command-scene.ts";
import { concluded, idle } from "./scene.ts";

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const OTHER = "1".repeat(40);
let stage: Stage;
let repository: RepositoryHandle;
let say: CommandScene["say"];
let gate: CommandScene["gate"];
let override: CommandScene["override"];
let clean: CommandScene["clean"];
let leaking: CommandScene["leaking"];
beforeAll(async () => {
  ({ stage, repository, say, gate, override, clean, leaking } = await setCommandScene());
});
afterAll(() => stage.close());

const copied = (text: string) => text.replaceAll("\u200b", "");

describe("override", () => {
  const line = (sha: string, rule = RULE) => `/hms override ${rule} ${sha} the key is revoked`;

  test("by two administrators who neither wrote nor pushed it: green at this commit, named; ends with the next push", async () => {
    const pull = await leaking();
    expect((await say(pull, "linus", line(pull.sha))).reactions).toEqual(["+1"]);
    expect(gate(pull)?.conclusion).toBe("failure");
    expect(gate(pull)?.output.summary).toContain("1 of 2 people");
    // Whoever says it again is still one.
    await say(pull, "linus", line(pull.sha));
    expect(gate(pull)?.conclusion).toBe("failure");
    expect((await say(pull, "barbara", line(pull.sha))).reactions).toEqual(["+1"]);
    expect(gate(pull)?.conclusion).toBe("success");
    expect(gate(pull)?.output.summary).toContain("Overridden by linus");
    expect(gate(pull)?.output.summary).toContain("Overridden by barbara");
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
    await override(pull, line(pull.sha));
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
    await override(pull, line(pull.sha));
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

  test("does not come back with the commit that it was given for", async () => {
    const pull = await leaking();
    await override(pull, line(pull.sha));
    await concluded(stage, pull, "success");
    const next = await stage.github.commit(repository, pull.branch, {
      files: { "b.txt": "b\n" },
      author: "ada",
      message: "More",
    });
    await concluded(stage, { ...pull, sha: next }, "failure");
    await stage.github.push(repository, pull.branch, pull.sha, { by: "ada", force: true });
    await concluded(stage, pull, "failure");
  });

  test("is for one base: retargeted and back, it has ended", async () => {
    const pull = await leaking();
    await override(pull, line(pull.sha));
    await concluded(stage, pull, "success");
    await stage.github.push(repository, "another", stage.github.refSha(repository, "main") ?? "", { by: "ada" });
    await stage.github.changeBase(repository, pull.number, "another");
    await concluded(stage, pull, "failure");
    await stage.github.changeBase(repository, pull.number, "main");
    await idle(stage);
    expect(gate(pull)?.conclusion).toBe("failure");
  });
});
