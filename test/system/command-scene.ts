import { expect } from "vitest";
import type { RepositoryHandle } from "../doubles/github/github.ts";
import { plantedKey, type Stage, setStage } from "../stage/stage.ts";
import { answers, checks, concluded, idle, newRepository, type OpenedPull, openPull } from "./scene.ts";

/** The rule that the repository of these tests lets maintainers override. */
export const RULE = "no-high-findings";

/** A stage on which commands are said, and what the tests of commands ask of it. */
export interface CommandScene {
  stage: Stage;
  repository: RepositoryHandle;
  /** Says it and waits until nothing is left to do. */
  say(pull: OpenedPull, author: string, body: string): Promise<{ reactions: string[]; answer: string }>;
  /** Two administrators who had nothing to do with it, as what was found of secrets takes, each say the line. */
  override(pull: OpenedPull, line: string): Promise<void>;
  gate(pull: OpenedPull): ReturnType<typeof checks>[number] | undefined;
  /** A pull request that is green. */
  clean(): Promise<OpenedPull>;
  /** A pull request that is red for a key. */
  leaking(): Promise<OpenedPull>;
  /** Nothing was executed, answered or reacted to. */
  ignored(body: string, author?: string): Promise<void>;
}

export async function setCommandScene(): Promise<CommandScene> {
  const stage = await setStage();
  const repository = await newRepository(stage, {
    ".github/hms.yml": `version: 1\ngate:\n  overrides:\n    - { rule: ${RULE}, permission: maintain }\n`,
  });
  const scene: CommandScene = {
    stage,
    repository,
    async say(pull, author, body) {
      const before = answers(stage, pull).length;
      const { id } = stage.github.comment(pull.repository, pull.number, { author, body });
      await idle(stage);
      const said = stage.github.comments(pull.repository, pull.number).find((one) => one.id === id);
      return {
        reactions: said?.reactions.map((one) => one.content) ?? [],
        answer: answers(stage, pull).slice(before).join("\n---\n"),
      };
    },
    async override(pull, line) {
      for (const author of ["linus", "barbara"]) await scene.say(pull, author, line);
    },
    gate: (pull) => checks(stage, pull.repository, pull.sha).at(-1),
    async clean() {
      const pull = await openPull(stage, repository);
      await concluded(stage, pull, "success");
      return pull;
    },
    async leaking() {
      const pull = await openPull(stage, repository, { files: { "a.env": `KEY=${plantedKey()}\n` } });
      await concluded(stage, pull, "failure");
      return pull;
    },
    async ignored(body, author = "grace") {
      const pull = await scene.clean();
      expect(await scene.say(pull, author, body)).toEqual({ reactions: [], answer: "" });
      expect(scene.gate(pull)?.conclusion).toBe("success");
    },
  };
  return scene;
}
