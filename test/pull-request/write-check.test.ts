import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openSqlite } from "../../src/adapters/sqlite/engine.ts";
import type { Engine } from "../../src/ports/engine.ts";
import { type CheckRunContent, GitHubError, type RepositoryApi } from "../../src/ports/github.ts";
import { LeaseLostError, type Run } from "../../src/ports/run.ts";
import type { CheckContent } from "../../src/pull-request/at-commit.ts";
import { RENEW_AFTER_MS, writeCheck } from "../../src/pull-request/write-check.ts";

const SHA = "b".repeat(40);

/** GitHub's check runs as far as they matter here: creation, replacement of the output, annotations that only append. */
class CheckRuns {
  runs: { id: number; externalId: string; state: CheckRunContent["state"]; title: string; annotations: number }[] = [];
  /** What happens to the next writes: the answer is lost after the effect, or the call never arrives. */
  faults: ("lost" | "refused")[] = [];
  writes = 0;

  api(): RepositoryApi {
    return {
      ref: { id: 9, owner: "acme", name: "shop", defaultBranch: "main" },
      createCheckRun: async (content: CheckRunContent) => {
        const fault = this.#next();
        const annotations = Math.min(content.annotations?.length ?? 0, 50);
        const run = {
          id: this.runs.length + 1,
          externalId: content.externalId,
          state: content.state,
          title: content.title,
          annotations,
        };
        this.runs.push(run);
        this.#lose(fault);
        return { id: run.id, externalId: run.externalId, annotations };
      },
      updateCheckRun: async (id: number, content: CheckRunContent) => {
        const fault = this.#next();
        const run = this.runs.find((one) => one.id === id);
        if (!run) throw new GitHubError("not-found", 404, "no such run");
        Object.assign(run, { state: content.state, title: content.title });
        run.annotations += content.annotations?.length ?? 0;
        this.#lose(fault);
      },
      ownCheckRuns: async () =>
        [...this.runs].reverse().map(({ id, externalId, annotations }) => ({ id, externalId, annotations })),
    } as unknown as RepositoryApi;
  }

  #next(): "lost" | "refused" | undefined {
    this.writes++;
    const fault = this.faults.shift();
    if (fault === "refused") throw new GitHubError("unavailable", 502, "refused");
    return fault;
  }

  #lose(fault: string | undefined): void {
    if (fault === "lost") throw new GitHubError("unavailable", 0, "answer lost");
  }
}

let directory: string;
let engine: Engine;
let github: CheckRuns;
const run: Run = { key: "commit", lease: { attempt: 0, causes: [] }, fence: async () => {} };

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "hms-write-check-"));
  engine = await openSqlite({ path: join(directory, "hms.db"), clock: { now: () => Date.now() } });
  github = new CheckRuns();
});
afterEach(async () => {
  await engine.close();
  rmSync(directory, { recursive: true, force: true });
});

function content(title: string, more: Partial<CheckContent> = {}): CheckContent {
  return {
    name: "hms/gate",
    sha: SHA,
    state: { status: "completed", conclusion: "failure" },
    title,
    summary: "",
    ...more,
  };
}
const annotations = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    path: "a",
    start_line: i + 1,
    end_line: i + 1,
    annotation_level: "failure" as const,
    title: "t",
    message: "m",
  }));
const write = (wanted: CheckContent, nowMs = 0, by: Run = run) =>
  writeCheck({ api: github.api(), records: engine.records, run: by, installationId: 1, nowMs }, wanted);

describe("one run, whatever happened to the last call", () => {
  test("the same content is written once", async () => {
    expect(await write(content("a"))).toBe(true);
    expect(await write(content("a"))).toBe(false);
    expect(github.writes).toBe(1);
  });

  test("an answer that was lost is looked up, not posted again", async () => {
    github.faults = ["lost"];
    await expect(write(content("a"))).rejects.toThrow("answer lost");
    await write(content("a"));
    expect(github.runs).toHaveLength(1);
  });

  test("a call that never arrived is made again", async () => {
    github.faults = ["refused"];
    await expect(write(content("a"))).rejects.toThrow("refused");
    await write(content("a"));
    expect(github.runs.map((one) => one.title)).toEqual(["a"]);
  });

  test("other content after a lost answer replaces it in place", async () => {
    github.faults = ["lost"];
    await expect(write(content("a"))).rejects.toThrow();
    await write(content("b", { state: { status: "completed", conclusion: "success" } }));
    expect(github.runs).toMatchObject([{ title: "b", state: { conclusion: "success" } }]);
  });

  test("a lost update is repeated", async () => {
    await write(content("a"));
    github.faults = ["lost"];
    await expect(write(content("b"))).rejects.toThrow();
    await write(content("b"));
    expect(github.runs.map((one) => one.title)).toEqual(["b"]);
  });
});

describe("annotations only append", () => {
  test("all of them arrive, 50 at a time", async () => {
    await write(content("a", { annotations: annotations(120) }));
    expect(github.runs).toMatchObject([{ annotations: 120 }]);
    expect(github.writes).toBe(3);
  });

  test.each([0, 1, 2])("and none twice when answer %i is lost", async (at) => {
    github.faults = [...Array.from({ length: at }, () => undefined as never), "lost"];
    const wanted = content("a", { annotations: annotations(120) });
    await expect(write(wanted)).rejects.toThrow("answer lost");
    await write(wanted);
    expect(github.runs).toMatchObject([{ annotations: 120 }]);
  });

  test("what was in progress is completed with them, also when an answer is lost", async () => {
    await write(content("waiting", { state: { status: "in_progress" } }));
    github.faults = [undefined as never, "lost"];
    const wanted = content("found", { annotations: annotations(70) });
    await expect(write(wanted)).rejects.toThrow("answer lost");
    await write(wanted);
    expect(github.runs).toMatchObject([{ title: "found", state: { status: "completed" }, annotations: 70 }]);
  });

  test("another set is a new run of the same name", async () => {
    await write(content("a", { annotations: annotations(3) }));
    await write(content("b", { annotations: annotations(2) }));
    await write(content("clean"));
    expect(github.runs.map((one) => [one.title, one.annotations])).toEqual([
      ["a", 3],
      ["b", 2],
      ["clean", 0],
    ]);
  });
});

test("a completed run does not run again: a new one takes its place", async () => {
  await write(content("a"));
  await write(content("b", { state: { status: "in_progress" } }));
  await write(content("c"));
  expect(github.runs.map((one) => one.title)).toEqual(["a", "c"]);
});

test("what is in progress is written again before GitHub calls it stale", async () => {
  const waiting = content("waiting", { state: { status: "in_progress" } });
  await write(waiting, 0);
  expect(await write(waiting, RENEW_AFTER_MS - 1)).toBe(false);
  expect(await write(waiting, RENEW_AFTER_MS)).toBe(true);
  expect(github.runs).toHaveLength(1);
});

test("who lost the lease writes nothing", async () => {
  const late: Run = {
    ...run,
    fence: async () => {
      throw new LeaseLostError("commit");
    },
  };
  await expect(write(content("a"), 0, late)).rejects.toThrow(LeaseLostError);
  expect(github.writes).toBe(0);
});
