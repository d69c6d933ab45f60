import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { RegisteredApp, RepositoryHandle } from "../doubles/github/github.ts";
import { type Stage, setStage } from "../stage/stage.ts";
import { checks, concluded, idle, newRepository, type OpenedPull } from "./scene.ts";

vi.setConfig({ testTimeout: 40_000, hookTimeout: 40_000 });

const FILE = ".github/hms.yml";
const BOTS =
  "version: 1\ngate: { approvals: { count: 1, bots: [{ app: dependabot, count: 0 }, { app: renovate, count: 1 }] } }\n";

let stage: Stage;
let repository: RepositoryHandle;
const apps = new Map<string, RegisteredApp>();
beforeAll(async () => {
  stage = await setStage();
  repository = await newRepository(stage, { [FILE]: BOTS });
  for (const slug of ["dependabot", "renovate", "depfu"]) {
    const app = stage.github.registerApp({
      slug,
      webhookSecret: "x",
      permissions: { contents: "write", pull_requests: "write" },
      events: [],
    });
    stage.github.install(app, "acme");
    apps.set(slug, app);
  }
});
afterAll(() => stage.close());

let numbered = 0;

/** A pull request that an App opened, of one commit that it pushed itself. */
async function byApp(slug: string, at = repository): Promise<OpenedPull> {
  const author = apps.get(slug)?.botLogin ?? "";
  const branch = `${slug}/bump-${++numbered}`;
  const sha = await stage.github.commit(at, branch, {
    files: { "package.json": `${numbered}\n` },
    author,
    message: "Bump",
    from: "main",
  });
  const { number } = await stage.github.openPull(at, { head: branch, author });
  return { repository: at, number, branch, sha };
}

async function stays(pull: OpenedPull, wanted: string): Promise<void> {
  await concluded(stage, pull, wanted);
  await idle(stage);
  expect(checks(stage, pull.repository, pull.sha).at(-1)?.conclusion).toBe(wanted);
}

test("an App's own pull request takes the number that is its own", async () => {
  await concluded(stage, await byApp("dependabot"), "success");
  await stays(await byApp("renovate"), "action_required");
  await stays(await byApp("depfu"), "action_required");
});

test("a push by a person on top ends that, and so does a second commit", async () => {
  const pull = await byApp("dependabot");
  await concluded(stage, pull, "success");
  pull.sha = await stage.github.commit(repository, pull.branch, {
    files: { "x.txt": "x\n" },
    author: "ada",
    message: "On top",
  });
  await stays(pull, "action_required");
  stage.github.review(repository, pull.number, { author: "grace", state: "APPROVED" });
  await concluded(stage, pull, "success");
  const author = apps.get("dependabot")?.botLogin ?? "";
  pull.sha = await stage.github.commit(repository, pull.branch, { files: { "y.txt": "y\n" }, author, message: "More" });
  await stays(pull, "action_required");
});

test("a person in an App's name, or an App where none is named, is treated like people", async () => {
  stage.github.createUser("dependabot");
  stage.github.setCollaborator(repository, "dependabot", "write");
  const sha = await stage.github.commit(repository, "mine", {
    files: { a: "a\n" },
    author: "dependabot",
    message: "A",
    from: "main",
  });
  const { number } = await stage.github.openPull(repository, { head: "mine", author: "dependabot" });
  await stays({ repository, number, branch: "mine", sha }, "action_required");
  const plain = await newRepository(stage, { [FILE]: "version: 1\ngate: { approvals: { count: 1 } }\n" });
  await stays(await byApp("dependabot", plain), "action_required");
});
