import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { RepositoryHandle } from "../doubles/github/github.ts";
import { PERMISSIONS, type Stage, setStage } from "../stage/stage.ts";
import { checks, concluded, idle, newRepository, type OpenedPull, openPull } from "./scene.ts";

vi.setConfig({ testTimeout: 40_000, hookTimeout: 40_000 });

const HMS = ".github/hms.yml";
const OWNED = "version: 1\ngate: { approvals: { code_owners: true } }\n";

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
  stage.github.createTeam("acme", "sre", { members: ["grace"] });
  stage.github.createTeam("acme", "readers", { members: ["mallory"] });
});
afterAll(() => stage.close());

const approve = (pull: OpenedPull, author: string) =>
  stage.github.review(pull.repository, pull.number, { author, state: "APPROVED" });

async function stays(pull: OpenedPull, wanted: string, saying?: string): Promise<void> {
  const gate = await concluded(stage, pull, wanted);
  await idle(stage);
  expect(checks(stage, pull.repository, pull.sha).at(-1)?.conclusion ?? "in_progress").toBe(wanted);
  if (saying) expect(gate.output?.summary?.replace(/[\\\u200b]/g, "")).toContain(saying);
}

async function pullIn(repository: RepositoryHandle, files: Record<string, string | null>, wanted = "action_required") {
  const pull = await openPull(stage, repository, { files });
  await concluded(stage, pull, wanted);
  return pull;
}

describe("code owners", () => {
  let repository: RepositoryHandle;
  beforeAll(async () => {
    repository = await newRepository(stage, {
      [HMS]: OWNED,
      CODEOWNERS:
        "* @grace\n/infra/ @acme/sre\n/docs/ @linus @mallory\n/free/\n/readers/ @acme/readers\n/other/ @globex/sre\n/mail/ m@example.com\n/own/ @ada\n",
    });
  });

  test("one of them approves: it is theirs to say", async () => {
    const pull = await pullIn(repository, { "src/a.ts": "a\n" });
    await stays(pull, "action_required", "src/a.ts needs 1 approval by grace");
    approve(pull, "linus");
    await stays(pull, "action_required");
    approve(pull, "grace");
    await concluded(stage, pull, "success");
  });

  test("a member of the team approves", async () => {
    const pull = await pullIn(repository, { "infra/a.tf": "a\n" });
    approve(pull, "linus");
    await stays(pull, "action_required", "by acme/sre");
    approve(pull, "grace");
    await concluded(stage, pull, "success");
  });

  test("every file has its own: both have to approve", async () => {
    const pull = await pullIn(repository, { "docs/a.md": "a\n", "src/b.ts": "b\n", "free/c": "c\n" });
    approve(pull, "linus");
    await stays(pull, "action_required");
    approve(pull, "grace");
    await concluded(stage, pull, "success");
  });

  test("a file that is nobody's needs nobody", async () => {
    const pull = await openPull(stage, repository, { files: { "free/a": "a\n" } });
    await concluded(stage, pull, "success");
  });

  test("a moved file is its old owner's too", async () => {
    const pull = await openPull(stage, repository, { files: { "free/moved": "# shop\n", "README.md": null } });
    await concluded(stage, pull, "action_required");
    approve(pull, "grace");
    await concluded(stage, pull, "success");
  });

  test("an owner who may not write does not count", async () => {
    const pull = await pullIn(repository, { "readers/a": "a\n" });
    approve(pull, "mallory");
    await stays(pull, "action_required");
  });

  test("the author's own files take another owner, or wait", async () => {
    const pull = await pullIn(repository, { "own/a": "a\n" });
    approve(pull, "grace");
    await stays(pull, "action_required", "by ada");
  });

  test("a team of another organisation, or an address, can be asked of nobody", async () => {
    const pull = await pullIn(repository, { "other/a": "a\n" });
    approve(pull, "grace");
    await stays(pull, "in_progress", "@globex/sre cannot be read");
    const mail = await openPull(stage, repository, { files: { "mail/a": "a\n" } });
    await stays(mail, "in_progress", "line 7 of CODEOWNERS");
  });

  test("a pull request cannot make itself its own owner", async () => {
    const pull = await pullIn(repository, { CODEOWNERS: "* @ada\n" });
    approve(pull, "grace");
    await stays(pull, "action_required", "an administrator");
    approve(pull, "linus");
    await concluded(stage, pull, "success");
  });

  test("a lax branch asks for the default branch's owners all the same, and a strict one for its own besides", async () => {
    await stage.github.commit(repository, "lax", {
      files: { CODEOWNERS: "" },
      author: "linus",
      message: "Lax",
      from: "main",
    });
    await stage.github.commit(repository, "strict", {
      files: { CODEOWNERS: "* @linus\n" },
      author: "linus",
      message: "Strict",
      from: "main",
    });
    const lax = await openPull(stage, repository, { base: "lax", files: { "src/lax.ts": "x\n" } });
    await stays(lax, "action_required", "by grace");
    approve(lax, "grace");
    await concluded(stage, lax, "success");
    const strict = await openPull(stage, repository, { base: "strict", files: { "src/strict.ts": "x\n" } });
    await concluded(stage, strict, "action_required");
    approve(strict, "grace");
    await stays(strict, "action_required", "by linus");
    approve(strict, "linus");
    await concluded(stage, strict, "success");
  });

  test("who took an owner's old login is not the owner while they may not write", async () => {
    stage.github.createUser("frances");
    const own = await newRepository(stage, { [HMS]: OWNED, CODEOWNERS: "* @frances\n" });
    stage.github.setCollaborator(own, "frances", "write");
    const pull = await pullIn(own, { a: "a\n" });
    approve(pull, "frances");
    await concluded(stage, pull, "success");
    stage.github.renameAccount("frances", "frances-allen");
    stage.github.createUser("frances");
    stage.github.comment(own, pull.number, { author: "ada", body: "/hms retry" });
    await stays(pull, "action_required", "by frances");
    approve(pull, "frances");
    await stays(pull, "action_required");
  });

  test("a changed file of owners is read at once", async () => {
    const own = await newRepository(stage, { [HMS]: OWNED });
    const pull = await openPull(stage, own, { files: { a: "a\n" } });
    await concluded(stage, pull, "success");
    await stage.github.commit(own, "main", {
      files: { "docs/CODEOWNERS": "* @grace\n" },
      author: "linus",
      message: "Owners",
    });
    await concluded(stage, pull, "action_required");
    await stage.github.commit(own, "main", {
      files: { ".github/CODEOWNERS": "[ab] @x\n" },
      author: "linus",
      message: "Broken",
    });
    await stays(pull, "in_progress", "line 1 of CODEOWNERS has a pattern that cannot be read");
  });
});

describe("rules for paths", () => {
  test("as many of the team as they say, and none for other files", async () => {
    const repository = await newRepository(stage, {
      [HMS]:
        "version: 1\ngate:\n  approvals:\n    paths:\n      - { paths: [/infra/, '*.tf'], teams: [acme/sre], users: [linus], count: 2 }\n",
    });
    const other = await openPull(stage, repository, { files: { "src/a.ts": "a\n" } });
    await concluded(stage, other, "success");
    const pull = await pullIn(repository, { "deep/main.tf": "a\n" });
    approve(pull, "grace");
    await stays(pull, "action_required", "deep/main.tf needs 2 approvals by acme/sre or linus");
    approve(pull, "linus");
    await concluded(stage, pull, "success");
    stage.github.removeTeamMember("acme", "sre", "grace");
    try {
      stage.github.comment(repository, pull.number, { author: "ada", body: "/hms retry" });
      await concluded(stage, pull, "action_required");
    } finally {
      stage.github.addTeamMember("acme", "sre", "grace");
    }
  });
});

test("an App that may not read members: nobody can be told, so the gate waits", async () => {
  const { members: _, ...permissions } = PERMISSIONS as Record<string, never>;
  const blind = await setStage({ permissions, files: { [HMS]: OWNED, CODEOWNERS: "* @acme/sre\n" } });
  try {
    blind.github.createTeam("acme", "sre", { members: ["grace"] });
    const pull = await openPull(blind, blind.repository);
    await concluded(blind, pull, "action_required");
    blind.github.review(blind.repository, pull.number, { author: "grace", state: "APPROVED" });
    const gate = await concluded(blind, pull, "in_progress");
    expect(gate.output?.summary?.replace(/[\\\u200b]/g, "")).toContain("who belongs to @acme/sre cannot be read");
  } finally {
    await blind.close();
  }
});
