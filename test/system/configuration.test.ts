import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { RepositoryHandle } from "../doubles/github/github.ts";
import { plantedKey, type Stage, setStage } from "../stage/stage.ts";
import { checks, concluded, idle, newRepository, type OpenedPull, openPull } from "./scene.ts";

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const FILE = ".github/hms.yml";
const APPROVED = "version: 1\ngate:\n  approvals:\n    count: 1\n";
const BROKEN = "version: 1\ngate:\n  mode: loud\n  aprovals: { count: 1 }\n";

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());

const onMain = (repository: RepositoryHandle, text: string | null, branch = "main") =>
  stage.github.commit(repository, branch, { files: { [FILE]: text }, author: "linus", message: "Configuration" });

/** Everything that is under way comes to its end, and the gate is still what it was. */
async function stays(pull: OpenedPull, wanted: string): Promise<void> {
  await idle(stage);
  expect(checks(stage, pull.repository, pull.sha).at(-1)?.conclusion).toBe(wanted);
}

async function annotations(
  pull: OpenedPull,
  name: string,
): Promise<{ path: string; start_line: number; message: string }[]> {
  const run = checks(stage, pull.repository, pull.sha, name).at(-1);
  const path = `/repos/${pull.repository.fullName}/check-runs/${run?.id}/annotations`;
  return (await stage.as("ada", "GET", path)).body;
}

test("no file: no approvals are asked for, no hms/config is written", async () => {
  const pull = await openPull(stage, await newRepository(stage));
  await concluded(stage, pull, "success");
  await idle(stage);
  expect(checks(stage, pull.repository, pull.sha, "hms/config")).toEqual([]);
});

describe("a broken file", () => {
  test("on the default branch: hms/config and the gate fail and say why; repaired, open pull requests pass", async () => {
    const repository = await newRepository(stage, { [FILE]: BROKEN });
    const pull = await openPull(stage, repository);
    const gate = await concluded(stage, pull, "failure");
    expect(gate.output.summary).toContain("valid-configuration");
    const config = await concluded(stage, pull, "failure", "hms/config");
    expect(config.output.title).toContain("2 problems");
    expect(config.output.summary).toContain("line 3");
    expect(config.output.summary).toContain("did you mean");
    await onMain(repository, "version: 1\n");
    await concluded(stage, pull, "success");
  });

  test("nobody can override it", async () => {
    const repository = await newRepository(stage, {
      [FILE]: `${BROKEN}  overrides: [{ rule: valid-configuration, permission: write }]\n`,
    });
    const pull = await openPull(stage, repository);
    await concluded(stage, pull, "failure");
    stage.github.comment(repository, pull.number, {
      author: "linus",
      body: `/hms override valid-configuration ${pull.sha} it is only a typing mistake`,
    });
    await stays(pull, "failure");
  });

  test("in a pull request: annotated on its lines, while the default branch's text stays in force", async () => {
    const repository = await newRepository(stage, { [FILE]: "version: 1\n" });
    const pull = await openPull(stage, repository, { files: { [FILE]: BROKEN } });
    await concluded(stage, pull, "failure", "hms/config");
    expect(await annotations(pull, "hms/config")).toMatchObject([
      { path: FILE, start_line: 3, message: expect.stringContaining("column 9") },
      { path: FILE, start_line: 4, message: expect.stringContaining("column 3") },
    ]);
    // Not the broken text judges, but the valid one, by which an administrator is awaited.
    const gate = await concluded(stage, pull, "action_required");
    expect(gate.output.title).toContain("an administrator");
    const other = await openPull(stage, repository);
    await concluded(stage, other, "success");
    expect(checks(stage, repository, other.sha, "hms/config")).toEqual([]);
  });

  test("that is hostile, or no YAML at all, is only broken", async () => {
    const repository = await newRepository(stage, { [FILE]: "version: 1\n" });
    for (const text of [
      `a: &a [x,x]\nb: [*a,*a]\n`,
      `${"[".repeat(5000)}`,
      "version: 1\ngate: !!js/function 'function(){}'\n",
      "\u0000\u0001",
      "version: 1\n__proto__: { gate: { mode: shadow } }\n",
    ]) {
      await onMain(repository, text);
      const pull = await openPull(stage, repository);
      await concluded(stage, pull, "failure");
    }
  });

  test("what it quotes is neither a mention nor markup", async () => {
    const repository = await newRepository(stage, {
      [FILE]: 'version: 1\n"@grace ![x](http://evil.example/a.png) <img src=x>": 1\ngate: { mode: "@ada `#1`" }\n',
    });
    const pull = await openPull(stage, repository);
    const { output } = await concluded(stage, pull, "failure", "hms/config");
    expect(output.summary).not.toMatch(/@(?:grace|ada)/);
    expect(output.summary).not.toMatch(/(?<!\\)!(?<!\\)\[x/);
    expect(output.summary).not.toMatch(/(?<!\\)<img/);
    expect(output.summary).toContain("grace");
  });
});

describe("who decides", () => {
  test("a pull request that touches hms.yml waits for an administrator; a writer's approval is not enough", async () => {
    const repository = await newRepository(stage, { [FILE]: "version: 1\n" });
    const pull = await openPull(stage, repository, { files: { [FILE]: "version: 1\ngate: { mode: shadow }\n" } });
    await concluded(stage, pull, "action_required");
    stage.github.review(repository, pull.number, { author: "grace", state: "APPROVED" });
    await stays(pull, "action_required");
    stage.github.review(repository, pull.number, { author: "linus", state: "APPROVED" });
    const gate = await concluded(stage, pull, "success");
    expect(gate.name).toBe("hms/gate");
    expect(checks(stage, repository, pull.sha, "hms/gate-shadow")).toEqual([]);
  });

  test.each([[".github/hms-waivers.yml"], [".github/workflows/hms-scan.yml"], [".github/hms-scan/semgrep/rules.yml"]])(
    "so does one that adds %s",
    async (path) => {
      const pull = await openPull(stage, await newRepository(stage), { files: { [path]: "x: 1\n" } });
      await concluded(stage, pull, "action_required");
    },
  );

  test("so does one that deletes or renames hms.yml; one that puts it back as it was does not", async () => {
    const repository = await newRepository(stage, { [FILE]: "version: 1\n" });
    await concluded(stage, await openPull(stage, repository, { files: { [FILE]: null } }), "action_required");
    const moved = { [FILE]: null, "old-hms.yml": "version: 1\n" };
    await concluded(stage, await openPull(stage, repository, { files: moved }), "action_required");
    const pull = await openPull(stage, repository, { files: { [FILE]: "version: 1\n# more\n" } });
    await concluded(stage, pull, "action_required");
    const files = { [FILE]: "version: 1\n", "more.txt": "x\n" };
    pull.sha = await stage.github.commit(repository, pull.branch, { files, author: "ada", message: "Put it back" });
    await concluded(stage, pull, "success");
  });

  test("changed on the default branch: open pull requests are judged again, by the new text", async () => {
    const repository = await newRepository(stage);
    const pulls = [await openPull(stage, repository), await openPull(stage, repository)];
    for (const pull of pulls) await concluded(stage, pull, "success");
    await onMain(repository, APPROVED);
    for (const pull of pulls) await concluded(stage, pull, "action_required");
    await onMain(repository, null);
    for (const pull of pulls) await concluded(stage, pull, "success");
  });

  test("merged through a pull request: the same", async () => {
    const repository = await newRepository(stage);
    const waits = await openPull(stage, repository);
    await concluded(stage, waits, "success");
    const change = await openPull(stage, repository, { files: { [FILE]: APPROVED } });
    await concluded(stage, change, "action_required");
    await stage.github.merge(repository, change.number, { by: "linus" });
    await concluded(stage, waits, "action_required");
  });

  test("the default branch's text, whatever the branch that the pull request targets says", async () => {
    const repository = await newRepository(stage, { [FILE]: APPROVED });
    await onMain(repository, "version: 1\ngate: { mode: shadow }\n", "release");
    const pull = await openPull(stage, repository, { base: "release" });
    await concluded(stage, pull, "action_required");
    await idle(stage);
    expect(checks(stage, repository, pull.sha, "hms/gate-shadow")).toEqual([]);
  });
});

describe("shadow", () => {
  test("writes hms/gate-shadow and no hms/gate; enforced, the gate comes", async () => {
    const repository = await newRepository(stage, { [FILE]: "version: 1\ngate: { mode: shadow }\n" });
    const pull = await openPull(stage, repository, { files: { "a.env": `KEY=${plantedKey()}\n` } });
    await concluded(stage, pull, "failure", "hms/gate-shadow");
    await idle(stage);
    expect(checks(stage, repository, pull.sha)).toEqual([]);
    await onMain(repository, "version: 1\n");
    await concluded(stage, pull, "failure");
    const shadow = await concluded(stage, pull, "failure", "hms/gate-shadow");
    expect(shadow.output.title).toBe("The gate is enforced: see hms/gate");
  });

  test("says what it would do; a green gate from before does not stay green", async () => {
    const repository = await newRepository(stage, { [FILE]: "version: 1\n" });
    const pull = await openPull(stage, repository);
    await concluded(stage, pull, "success");
    await onMain(repository, "version: 1\ngate: { mode: shadow, approvals: { count: 1 } }\n");
    const shadow = await concluded(stage, pull, "action_required", "hms/gate-shadow");
    expect(shadow.output.title).toMatch(/^Shadow: would be waiting/);
    const gate = await concluded(stage, pull, "action_required");
    expect(gate.output.title).toBe("Shadow mode: this check decides nothing any more");
    stage.github.review(repository, pull.number, { author: "grace", state: "APPROVED" });
    const ready = await concluded(stage, pull, "success", "hms/gate-shadow");
    expect(ready.output.title).toBe("Shadow: would be ready to merge");
    await stays(pull, "action_required");
    await onMain(repository, "version: 1\n");
    await concluded(stage, pull, "success");
  });
});
