import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { connectGitHub } from "../../src/adapters/github/github.ts";
import type { PreviewRecord, PreviewState } from "../../src/model/preview.ts";
import type { GitHub } from "../../src/ports/github.ts";
import type { Records } from "../../src/ports/records.ts";
import { tellGitHub } from "../../src/pull-request/preview/tell.ts";
import { recordsInMemory } from "../pull-request/records-in-memory.ts";
import { PERMISSIONS, type Stage, setStage } from "../stage/stage.ts";
import { answers, newRepository, type OpenedPull, openPull } from "./scene.ts";

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let stage: Stage;
let bare: Stage;
let pull: OpenedPull;
let records: Records;
let nowMs = 1_000_000;
const untold: string[] = [];

beforeAll(async () => {
  stage = await setStage({ withoutHms: true });
  const { deployments: _, ...permissions } = PERMISSIONS;
  bare = await setStage({ withoutHms: true, permissions: { ...permissions, deployments: "read" } });
});
afterAll(async () => {
  await stage.close();
  await bare.close();
});
beforeEach(async () => {
  pull = await openPull(stage, await newRepository(stage));
  records = recordsInMemory();
  untold.length = 0;
});

function connect(at: Stage): GitHub {
  return connectGitHub({
    appId: at.app.id,
    privateKey: at.app.privateKeyPem,
    baseUrl: at.environment.GITHUB_API_URL ?? "",
    limits: "answers",
    now: () => Date.now(),
    observer: () => {},
  });
}

function known(state: PreviewState, change: Partial<PreviewRecord> = {}): PreviewRecord {
  const url = "https://pr-1.preview.acme.dev";
  const at = { sinceMs: 0, activeAtMs: 0 };
  return { state, sha: pull.sha, slug: "pr-1", url, reasons: [], parts: [], made: [], ...at, ...change };
}

/** Cuts the run off before the write of that number, or after it when its answer is lost. */
class Cut {
  #left: number;
  readonly #lost: boolean;
  constructor(after: number, lost: boolean) {
    this.#left = after;
    this.#lost = lost;
  }
  async write<T>(effect: () => Promise<T>): Promise<T> {
    const now = this.#left-- === 0;
    if (now && !this.#lost) throw new Error("cut off");
    const done = await effect();
    if (now) throw new Error("cut off");
    return done;
  }
}

async function tell(record: PreviewRecord, comment: string | undefined, cut = new Cut(-1, false), at = stage) {
  const github = connect(at);
  const ref = { id: pull.repository.id, owner: "acme", name: pull.repository.name, defaultBranch: "main" };
  const api = github.repository(at.installationId, ref);
  const real = github.previewDeployments(at.installationId, ref);
  await tellGitHub(
    {
      github: {
        previewDeployments: () => ({
          own: (environment) => real.own(environment),
          create: (one) => cut.write(() => real.create(one)),
          addStatus: (id, status) => cut.write(() => real.addStatus(id, status)),
          updateComment: (id, body) => cut.write(() => real.updateComment(id, body)),
        }),
      },
      engine: { records },
      clock: { now: () => nowMs },
      untold: (what) => untold.push(what),
    },
    { kind: "preview", installationId: at.installationId, repositoryId: ref.id, number: pull.number },
    {
      ref,
      ownComments: (number) => api.ownComments(number),
      comment: (number, body) => cut.write(() => api.comment(number, body)),
    },
    record,
    { comment, logUrl: "https://hms.acme.dev/previews/1" },
    { fence: async () => {} },
  );
}

interface Shown {
  id: number;
  sha: string;
  environment: string;
  transient_environment: boolean;
  production_environment: boolean;
}

/** Deployments of the pull request as a person reads them, newest first, each with the states that it went through. */
async function shown(): Promise<(Shown & { states: string[]; last: Record<string, string> | undefined })[]> {
  const path = `/repos/acme/${pull.repository.name}/deployments`;
  const { body } = await stage.as("linus", "GET", path);
  return Promise.all(
    (body as Shown[]).map(async (one) => {
      const statuses = (await stage.as("linus", "GET", `${path}/${one.id}/statuses`)).body as Record<string, string>[];
      return { ...one, states: statuses.map(({ state = "" }) => state).reverse(), last: statuses[0] };
    }),
  );
}

describe("a preview on GitHub", () => {
  test("its environment, from the queue to its end, with the address while it is healthy", async () => {
    for (const state of ["queued", "provisioning", "healthy", "healthy", "gone"] as const) {
      await tell(known(state), `It is ${state}.`);
      if (state !== "healthy") continue;
      const [now] = await shown();
      expect(now).toMatchObject({ transient_environment: true, production_environment: false, sha: pull.sha });
      expect(now?.last).toMatchObject({ environment_url: "https://pr-1.preview.acme.dev", state: "success" });
    }
    expect(await shown()).toMatchObject([
      { environment: `preview/pr-${pull.number}`, states: ["queued", "in_progress", "success", "inactive"] },
    ]);
    expect(answers(stage, pull)).toEqual([expect.stringContaining("It is gone.")]);
  });

  test("a push ends the deployment of the commit before", async () => {
    await tell(known("healthy"), "one");
    const before = pull.sha;
    pull.sha = await stage.github.commit(pull.repository, pull.branch, {
      files: { b: "b" },
      author: "ada",
      message: "B",
    });
    await tell(known("provisioning"), "two");
    expect(await shown()).toMatchObject([
      { sha: pull.sha, states: ["in_progress"] },
      { sha: before, states: ["success", "inactive"] },
    ]);
    expect(answers(stage, pull)).toEqual([expect.stringContaining("two")]);
  });

  test("what is not known is no success, what never ran is no deployment", async () => {
    await tell(known("blocked"), undefined);
    await tell(known("disabled"), undefined);
    expect(await shown()).toEqual([]);
    await tell(known("healthy"), undefined);
    await tell(known("healthy", { unknown: "timed out" }), undefined);
    expect(await shown()).toMatchObject([{ states: ["success", "in_progress"] }]);
    expect(answers(stage, pull)).toEqual([]);
  });

  test("long and odd reasons are cut to what GitHub takes", async () => {
    const reasons = [{ cause: "sync" as const, message: `a\u0000b ${"🐛".repeat(200)}`, awaits: "people" as const }];
    await tell(known("failed", { reasons }), undefined);
    const description = (await shown())[0]?.last?.description ?? "";
    expect(description.startsWith("Failed: a b 🐛")).toBe(true);
    expect(description.length).toBeLessThanOrEqual(140);
    expect(description.isWellFormed()).toBe(true);
  });

  test.each([
    [0, false],
    [0, true],
    [1, false],
    [1, true],
    [2, false],
    [2, true],
  ])("cut off at write %i (answer lost: %s): one deployment and one comment in the end", async (after, lost) => {
    await expect(tell(known("provisioning"), "text", new Cut(after, lost))).rejects.toThrow("cut off");
    await tell(known("provisioning"), "text");
    await tell(known("healthy"), "text");
    const [one, ...more] = await shown();
    expect(more).toEqual([]);
    expect(one?.states.at(-1)).toBe("success");
    expect(answers(stage, pull)).toHaveLength(1);
  });

  test("made before a crash and closed since: it is not left active", async () => {
    await expect(tell(known("provisioning"), undefined, new Cut(0, true))).rejects.toThrow("cut off");
    await tell(known("gone"), undefined);
    expect(await shown()).toMatchObject([{ states: ["inactive"] }]);
  });
});

describe("the comment", () => {
  const remove = async () => {
    const mine = stage.github.comments(pull.repository, pull.number).find((one) => one.author === stage.app.botLogin);
    const path = `/repos/acme/${pull.repository.name}/issues/comments/${mine?.id}`;
    expect((await stage.as("linus", "DELETE", path)).status).toBe(204);
  };

  test("one that a person deleted comes back with the next push", async () => {
    await tell(known("provisioning"), "one");
    await remove();
    await tell(known("healthy"), "two");
    await tell(known("degraded"), "three");
    expect(answers(stage, pull)).toEqual([]);
    pull.sha = await stage.github.commit(pull.repository, pull.branch, {
      files: { b: "b" },
      author: "ada",
      message: "B",
    });
    await tell(known("provisioning"), "four");
    expect(answers(stage, pull)).toEqual([expect.stringContaining("four")]);
  });

  test("somebody else's with our marker is not touched", async () => {
    const body = "mine\n\n<!-- hms-preview -->";
    stage.github.comment(pull.repository, pull.number, { author: "mallory", body });
    await tell(known("healthy"), "ours");
    const all = stage.github.comments(pull.repository, pull.number).map((one) => one.body);
    expect(all).toEqual([body, expect.stringContaining("ours")]);
  });
});

test("a permission that nobody accepted yet is told once, and the comment stands all the same", async () => {
  pull = await openPull(bare, await newRepository(bare));
  await tell(known("healthy"), "one", undefined, bare);
  await tell(known("healthy"), "one", undefined, bare);
  await tell(known("degraded"), "two", undefined, bare);
  expect(untold).toEqual(["deployment"]);
  expect(answers(bare, pull)).toEqual([expect.stringContaining("two")]);
  bare.github.changeApp(bare.app, { permissions: PERMISSIONS });
  bare.github.acceptPermissions(bare.installationId);
  nowMs += 3_600_001;
  await tell(known("degraded"), "two", undefined, bare);
  expect((await bare.as("linus", "GET", `/repos/acme/${pull.repository.name}/deployments`)).body).toHaveLength(1);
});
