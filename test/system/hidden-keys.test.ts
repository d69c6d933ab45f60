import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { RepositoryHandle } from "../doubles/github/github.ts";
import { plantedKey, type Stage, setStage } from "../stage/stage.ts";
import { checks, concluded, idle, inClone, metrics, newRepository, openPull, until } from "./scene.ts";

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const KEY = plantedKey();
let stage: Stage;
let repository: RepositoryHandle;
beforeAll(async () => {
  stage = await setStage();
  repository = await newRepository(stage);
});
afterAll(() => stage.close());

const push = (branch: string, files: Record<string, string | Buffer | null>, message = "Change", author = "ada") =>
  stage.github.commit(repository, branch, { files, author, message });

describe("merges", () => {
  test("a key that the base has and a merge from it brings in is not the author's", async () => {
    const pull = await openPull(stage, repository);
    await concluded(stage, pull, "success");
    await push("main", { "legacy.env": `KEY=${KEY}\n` }, "Legacy", "linus");
    const sha = await inClone(stage, repository, "ada", async ({ git }) => {
      await git("checkout", "--quiet", pull.branch);
      await git("merge", "--quiet", "--no-edit", "origin/main");
      await git("push", "--quiet", "origin", pull.branch);
      return git("rev-parse", "HEAD");
    });
    const run = await concluded(stage, { repository, sha }, "success");
    expect(run.output.title).toBe("Ready to merge");
  });

  test("a merge that itself adds a key is found, in a new file and in one that the base brings", async () => {
    for (const file of ["evil.env", "README.md"]) {
      const pull = await openPull(stage, repository);
      await push("main", { "README.md": `# shop\n\n${file}\n` }, "Words", "linus");
      const sha = await inClone(stage, repository, "ada", async ({ path, git }) => {
        await git("checkout", "--quiet", pull.branch);
        await git("merge", "--quiet", "--no-commit", "--no-ff", "origin/main");
        writeFileSync(join(path, file), `# shop\n\n${file}\nKEY=${KEY}\n`);
        await git("add", file);
        await git("commit", "--quiet", "-m", "Merge main");
        await git("push", "--quiet", "origin", pull.branch);
        return git("rev-parse", "HEAD");
      });
      await concluded(stage, { repository, sha }, "failure");
    }
  });

  test("a merge of another branch brings that branch's commits, and they are looked through", async () => {
    const pull = await openPull(stage, repository);
    await push("elsewhere", { "elsewhere.env": `KEY=${KEY}\n` }, "Elsewhere", "grace");
    const sha = await inClone(stage, repository, "ada", async ({ git }) => {
      await git("checkout", "--quiet", pull.branch);
      await git("merge", "--quiet", "--no-edit", "origin/elsewhere");
      await git("push", "--quiet", "origin", pull.branch);
      return git("rev-parse", "HEAD");
    });
    await concluded(stage, { repository, sha }, "failure");
  });

  test("a key that the base adds to a file that the author changes too is not the author's", async () => {
    const lines = Array.from({ length: 40 }, (_, at) => `line ${at}`);
    const own = await newRepository(stage, { "shared.txt": `${lines.join("\n")}\n` });
    const pull = await openPull(stage, own, {
      files: { "shared.txt": `${["changed", ...lines.slice(1)].join("\n")}\n` },
    });
    await stage.github.commit(own, "main", {
      files: { "shared.txt": `${[...lines, `KEY=${KEY}`].join("\n")}\n` },
      author: "linus",
      message: "Legacy",
    });
    const sha = await inClone(stage, own, "ada", async ({ git }) => {
      await git("checkout", "--quiet", pull.branch);
      await git("merge", "--quiet", "--no-edit", "origin/main");
      await git("push", "--quiet", "origin", pull.branch);
      return git("rev-parse", "HEAD");
    });
    await concluded(stage, { repository: own, sha }, "success");
  });

  test("a merge that throws the base's hms.yml away touches it, though no commit changes it", async () => {
    const own = await newRepository(stage, { ".github/hms.yml": "version: 1\n" });
    const pull = await openPull(stage, own);
    await concluded(stage, pull, "success");
    await stage.github.commit(own, "main", {
      files: { ".github/hms.yml": "version: 1\ngate: { mode: enforce }\n" },
      author: "linus",
      message: "Stricter",
    });
    const sha = await inClone(stage, own, "ada", async ({ git }) => {
      await git("checkout", "--quiet", pull.branch);
      await git("merge", "--quiet", "--no-edit", "--strategy", "ours", "origin/main");
      await git("push", "--quiet", "origin", pull.branch);
      return git("rev-parse", "HEAD");
    });
    const run = await concluded(stage, { repository: own, sha }, "action_required");
    expect(run.output.title).toContain("an administrator");
  });

  test("a commit that changes nothing", async () => {
    const pull = await openPull(stage, repository, { files: {}, message: "Start the build again" });
    await concluded(stage, pull, "success");
  });
});

describe("where a key can hide", () => {
  const blocked = async (files: Record<string, string | Buffer | null>, message?: string) => {
    const pull = await openPull(stage, repository, { files, ...(message ? { message } : {}) });
    await concluded(stage, pull, "failure");
    return pull;
  };
  const annotations = async (sha: string) => {
    const run = checks(stage, repository, sha, "hms/scan/secrets").at(-1);
    const answer = await stage.as("ada", "GET", `/repos/${repository.fullName}/check-runs/${run?.id}/annotations`);
    return (answer.body as { path: string; start_line: number }[]).map((one) => `${one.path}:${one.start_line}`);
  };

  test("in a file: annotated on its line, and GitHub refuses the merge", async () => {
    const guarded = await newRepository(stage);
    stage.github.protect(guarded, "main", { requiredChecks: [{ context: "hms/gate", appId: stage.app.id }] });
    const pull = await openPull(stage, guarded, { files: { "settings.env": `A=1\nB=2\nKEY=${KEY}\n` } });
    await concluded(stage, pull, "failure");
    await expect(stage.github.merge(guarded, pull.number, { by: "grace" })).rejects.toThrow(/hms\/gate/);
    const run = checks(stage, guarded, pull.sha, "hms/scan/secrets").at(-1);
    const answer = await stage.as("ada", "GET", `/repos/${guarded.fullName}/check-runs/${run?.id}/annotations`);
    expect(answer.body).toMatchObject([{ path: "settings.env", start_line: 3, end_line: 3 }]);
    const fixed = await openPull(stage, guarded);
    await concluded(stage, fixed, "success");
    await stage.github.merge(guarded, fixed.number, { by: "grace" });
  });

  test("in the history only: the line is gone, the block stays", async () => {
    const pull = await blocked({ "d.env": `KEY=${KEY}\n` });
    const sha = await push(pull.branch, { "d.env": "KEY=from-the-environment\n" });
    const run = await concluded(stage, { repository, sha }, "failure", "hms/scan/secrets");
    expect(run.output.summary).toContain("only in the history");
    expect(await annotations(sha)).toEqual([]);
    await concluded(stage, { repository, sha }, "failure");
    const removed = await push(pull.branch, { "d.env": null });
    await concluded(stage, { repository, sha: removed }, "failure");
  });

  test("in a commit's message", () => blocked({ "e.txt": "e\n" }, `Use ${KEY}\n\nfor now`));

  test("under a new name of the file: followed to where it stands now", async () => {
    const pull = await blocked({ "f.env": `A=1\nKEY=${KEY}\nB=2\nC=3\n` });
    const sha = await push(pull.branch, { "f.env": null, "g.env": `A=1\nKEY=${KEY}\nB=2\nC=3\n` });
    await concluded(stage, { repository, sha }, "failure");
  });

  test("in a binary file", () =>
    blocked({
      "h.bin": Buffer.concat([Buffer.alloc(2000, 0), Buffer.from(`KEY=${KEY}\n`), Buffer.from([0, 1, 2, 255])]),
    }));

  test("at the end of a file of 3 MB, which GitHub shows no patch of", () =>
    blocked({ "i.txt": `${"words and words\n".repeat(200_000)}KEY=${KEY}\n` }));

  test("in a file that is larger than what is scanned: it counts as not scanned, never as clean", async () => {
    const pull = await openPull(stage, repository, { files: { "j.txt": `${"x".repeat(79)}\n`.repeat(80_000) } });
    await concluded(stage, pull, "failure");
    expect(checks(stage, repository, pull.sha).at(-1)?.output.summary).toContain("secrets/unscanned");
  });

  test.each([
    ["a comment before it", `// secretlint-disable-next-line\nconst key = "${KEY}";\n`],
    ["a comment for the file", `/* secretlint-disable */\nconst key = "${KEY}";\n`],
    ["a comment beside it", `const key = "${KEY}"; // secretlint-disable-line\n`],
    ["other scanners' words", `key = "${KEY}" # gitleaks:allow pragma: allowlist secret nosec noqa\n`],
  ])("suppressed by %s: blocked", async (name, text) => {
    await blocked({ [`k-${name.replaceAll(" ", "-")}.js`]: text });
  });

  test("the pull request's own scanner configuration changes nothing", () =>
    blocked({
      ".secretlintrc.json": JSON.stringify({ rules: [] }),
      ".secretlintignore": "**\n",
      ".gitattributes": "*.env binary -diff linguist-generated\n",
      "l.env": `KEY=${KEY}\n`,
    }));

  test.each([
    [130, 65],
    [260, 3],
  ])("in one of %i commits", async (count, at) => {
    const branch = `many-${count}`;
    let sha = "";
    for (let i = 0; i < count; i++)
      sha = await push(branch, { [`many-${count}.env`]: i === at ? `KEY=${KEY}\n` : `N=${i}\n` }, `Commit ${i}`);
    await stage.github.openPull(repository, { head: branch, author: "ada" });
    const run = await concluded(stage, { repository, sha }, "failure");
    expect(run.output.summary).toContain("no-high-findings");
    const scan = await concluded(stage, { repository, sha }, "failure", "hms/scan/secrets");
    expect(scan.output.summary).toContain(`${count} of ${count} commits`);
  });
});

test("the key that all these pull requests leak is printed nowhere", async () => {
  const pull = await openPull(stage, repository, { files: { "z.env": `KEY=${KEY}\n` }, message: `Use ${KEY}` });
  stage.github.comment(repository, pull.number, { author: "ada", body: "/hms why" });
  await until(stage, "an answer", () => stage.github.comments(repository, pull.number).length === 2);
  await idle(stage);
  // Everything that was written to GitHub comes back as an event, but for annotations and comments' bodies of ours.
  const written = stage.github
    .deliveries(stage.app)
    .filter((one) => one.event === "check_run" || one.event === "issue_comment")
    .map((one) => one.body);
  expect(written.length).toBeGreaterThan(50);
  const runs = written.flatMap((body) => (JSON.parse(body) as { check_run?: { id: number } }).check_run?.id ?? []);
  for (const id of new Set(runs)) {
    const answer = await stage.as("ada", "GET", `/repos/${repository.fullName}/check-runs/${id}/annotations`);
    written.push(JSON.stringify(answer.body));
  }
  written.push(JSON.stringify(stage.github.comments(repository, pull.number)));
  expect(written.filter((text) => text.includes(KEY))).toEqual([]);
  expect(stage.hms.output()).not.toContain(KEY);
  expect(await metrics(stage)).not.toContain(KEY);
  const dataDir = stage.environment.HMS_DATA_DIR ?? "";
  const files = readdirSync(dataDir).map((name) => join(dataDir, name));
  expect(files.some((file) => file.endsWith(".db"))).toBe(true);
  for (const file of files) expect(readFileSync(file).includes(KEY), file).toBe(false);
});
