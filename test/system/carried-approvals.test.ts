import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { RepositoryHandle } from "../doubles/github/github.ts";
import { type Stage, setStage } from "../stage/stage.ts";
import { checks, concluded, idle, inClone, newRepository, type OpenedPull, openPull, until } from "./scene.ts";

vi.setConfig({ testTimeout: 40_000, hookTimeout: 40_000 });

const FILE = ".github/hms.yml";
const ONE = "version: 1\ngate: { approvals: { count: 1 } }\n";
const body = (name: string) =>
  ["{", "  prepare", "  one", "  two", "  check", "  three", "  four", "}"].map((line) => `${line} ${name}\n`);
const TEXT = [...body("a"), ...Array.from({ length: 12 }, (_, i) => `line ${i}\n`), ...body("a")].join("");

let stage: Stage;
let repository: RepositoryHandle;
beforeAll(async () => {
  stage = await setStage();
  repository = await newRepository(stage, { [FILE]: ONE, "cart.txt": TEXT, "logo.bin": "\0\0one" });
});
afterAll(() => stage.close());

/** Opened by ada, approved by grace at its first commit. */
async function approved(files: Record<string, string | Buffer> = {}, at = repository): Promise<OpenedPull> {
  const edited = TEXT.replace("line 6\n", "line six\n");
  const pull = await openPull(stage, at, { files: { "cart.txt": edited, ...files } });
  await concluded(stage, pull, "action_required");
  stage.github.review(at, pull.number, { author: "grace", state: "APPROVED" });
  await concluded(stage, pull, "success");
  return pull;
}

const onMain = (files: Record<string, string | Buffer>, at = repository) =>
  stage.github.commit(at, "main", { files, author: "linus", message: `Main ${Math.random()}` });

/** The button "Update branch". */
async function update(pull: OpenedPull, by = "ada"): Promise<void> {
  const path = `/repos/${pull.repository.fullName}/pulls/${pull.number}/update-branch`;
  expect((await stage.as(by, "PUT", path, {})).status).toBe(202);
  pull.sha = stage.github.refSha(pull.repository, pull.branch) ?? "";
}

async function stays(pull: OpenedPull, wanted: string): Promise<void> {
  await concluded(stage, pull, wanted);
  await idle(stage);
  expect(checks(stage, pull.repository, pull.sha).at(-1)?.conclusion).toBe(wanted);
}

async function pushed(pull: OpenedPull, work: Parameters<typeof inClone>[3], by = "ada"): Promise<void> {
  await inClone(stage, pull.repository, by, async (clone) => {
    await clone.git("checkout", "--quiet", pull.branch);
    await work(clone);
    await clone.git("push", "--quiet", "--force", "origin", pull.branch);
  });
  pull.sha = stage.github.refSha(pull.repository, pull.branch) ?? "";
}

describe("an approval stays", () => {
  test("when the base is merged in, and the gate says whose and of what", async () => {
    const pull = await approved();
    const old = pull.sha;
    await onMain({ "other.txt": "base work\n" });
    await update(pull);
    const gate = await concluded(stage, pull, "success");
    expect(gate.output?.summary).toContain("The approval by grace was given to");
    expect(gate.output?.summary?.replaceAll("\u200b", "")).toContain(old.slice(0, 7));
  });

  test("when the base moved the very lines that were changed", async () => {
    const pull = await approved();
    await onMain({ "cart.txt": `# a heading\n\n${TEXT}` });
    try {
      await update(pull);
      await concluded(stage, pull, "success");
    } finally {
      await onMain({ "cart.txt": TEXT });
    }
  });

  test("over a rebase, over a merge after it, and after a restart", async () => {
    const pull = await approved();
    await onMain({ "other.txt": `again ${Math.random()}\n` });
    await pushed(pull, async ({ git }) => void (await git("rebase", "--quiet", "origin/main")));
    await concluded(stage, pull, "success");
    await onMain({ "other.txt": `once more ${Math.random()}\n` });
    await stage.restart();
    await update(pull);
    await concluded(stage, pull, "success");
  });

  test("and the proof is asked for once", async () => {
    const pull = await approved();
    await onMain({ "other.txt": `bench ${Math.random()}\n` });
    await update(pull);
    await concluded(stage, pull, "success");
    await idle(stage);
    stage.github.requests.clear();
    const label = stage.github.requests.counts().all;
    await stage.github.addLabel(pull.repository, pull.number, "urgent", "ada");
    await until(stage, "looked at again", () => stage.github.requests.counts().all > label);
    await idle(stage);
    // What a direct push brought is looked at in its own time, and by pages.
    const asked = stage.github.requests.list().flatMap(({ path }) => (path.includes("per_page=100") ? [] : [path]));
    expect(asked.filter((path) => /\/compare\/|\/git\/trees\/|\/activity/.test(path))).toEqual([]);
  });
});

describe("an approval goes", () => {
  test("when the same push also brings content", async () => {
    const pull = await approved();
    pull.sha = await stage.github.commit(repository, pull.branch, {
      files: { "more.txt": "x\n" },
      author: "ada",
      message: "More",
    });
    await stays(pull, "action_required");
  });

  test("when a merge of the base changes something itself", async () => {
    const pull = await approved();
    await onMain({ "other.txt": `evil ${Math.random()}\n` });
    await pushed(pull, async ({ git, path }) => {
      await git("merge", "--no-commit", "--no-ff", "origin/main");
      appendFileSync(join(path, "cart.txt"), "evil\n");
      await git("add", "-A");
      await git("commit", "--quiet", "-m", "Merge main");
    });
    await stays(pull, "action_required");
  });

  test("when a merge leaves out what the base did", async () => {
    const pull = await approved();
    await onMain({ "other.txt": `kept out ${Math.random()}\n` });
    await pushed(
      pull,
      async ({ git }) => void (await git("merge", "--quiet", "-s", "ours", "-m", "Merge", "origin/main")),
    );
    await stays(pull, "action_required");
  });

  test("when the same lines are put into another function that looks alike", async () => {
    const at = (place: "first" | "last") => {
      const index = place === "first" ? TEXT.indexOf("  check a") : TEXT.lastIndexOf("  check a");
      return `${TEXT.slice(0, index)}  allow a\n${TEXT.slice(index + "  check a\n".length)}`;
    };
    const pull = await approved({ "cart.txt": at("first") });
    await pushed(pull, async ({ git, path }) => {
      writeFileSync(join(path, "cart.txt"), at("last"));
      await git("commit", "--quiet", "--amend", "-am", "Moved");
    });
    await stays(pull, "action_required");
  });

  test("when a file becomes executable, or a link", async () => {
    const pull = await approved({ "run.sh": "cart.txt" });
    await pushed(pull, async ({ git }) => {
      await git("update-index", "--chmod=+x", "run.sh");
      await git("commit", "--quiet", "--amend", "-m", "Executable");
    });
    await stays(pull, "action_required");
    stage.github.review(repository, pull.number, { author: "grace", state: "APPROVED" });
    await concluded(stage, pull, "success");
    await pushed(pull, async ({ git }) => {
      const blob = await git("rev-parse", "HEAD:run.sh");
      await git("update-index", "--cacheinfo", `120000,${blob},run.sh`);
      await git("commit", "--quiet", "--amend", "-m", "Link");
    });
    await stays(pull, "action_required");
  });

  test("when a binary file is another", async () => {
    const pull = await approved({ "logo.bin": Buffer.from("\0\0two") });
    await pushed(pull, async ({ git, path }) => {
      writeFileSync(join(path, "logo.bin"), "\0\0two!");
      await git("commit", "--quiet", "--amend", "-am", "Other");
    });
    await stays(pull, "action_required");
  });

  test("when part of the change was moved into the base first", async () => {
    const pull = await approved({ "part.txt": "part\n" });
    await onMain({ "part.txt": "part\n" });
    await update(pull);
    await stays(pull, "action_required");
  });

  test("when the pull request goes into another branch", async () => {
    const name = `release-${Math.random()}`;
    await stage.github.commit(repository, name, { files: {}, author: "linus", message: "Release", from: "main" });
    const pull = await approved();
    await stage.github.changeBase(repository, pull.number, name, "ada");
    await idle(stage);
    await stage.github.commit(repository, name, { files: { "r.txt": "r\n" }, author: "linus", message: "On it" });
    await update(pull);
    await stays(pull, "action_required");
  });

  test("when the approver updates the branch, or had pushed what they approved", async () => {
    const pull = await approved();
    await onMain({ "other.txt": `by grace ${Math.random()}\n` });
    await update(pull, "grace");
    await stays(pull, "action_required");
    const other = await openPull(stage, repository);
    other.sha = await stage.github.commit(repository, other.branch, {
      files: { "hers.txt": "hers\n" },
      author: "grace",
      message: "Hers",
    });
    await concluded(stage, other, "action_required");
    stage.github.review(repository, other.number, { author: "grace", state: "APPROVED" });
    await stays(other, "action_required");
    await onMain({ "other.txt": `by ada ${Math.random()}\n` });
    await update(other, "ada");
    await stays(other, "action_required");
  });

  test("where the configuration lets none stay", async () => {
    const strict = await newRepository(stage, {
      [FILE]: "version: 1\ngate: { approvals: { count: 1, carry: never } }\n",
      "cart.txt": TEXT,
    });
    const pull = await approved({}, strict);
    await onMain({ "other.txt": "base work\n" }, strict);
    await update(pull);
    await stays(pull, "action_required");
  });
});
