import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openSqlite } from "../../src/adapters/sqlite/engine.ts";
import { actOnIntents } from "../../src/commands/act.ts";
import type { CommandDeps } from "../../src/commands/authorise.ts";
import { DEFAULTS } from "../../src/config/schema.ts";
import type { CheckerInput } from "../../src/model/checker-input.ts";
import type { RepositoryRef } from "../../src/model/pull-request.ts";
import { storageKey } from "../../src/model/storage-key.ts";
import type { Engine } from "../../src/ports/engine.ts";
import type { GitHub } from "../../src/ports/github.ts";
import type { Run } from "../../src/ports/run.ts";

const KEY = { kind: "pull", installationId: 7, repositoryId: 42, number: 12 } as const;
const REF: RepositoryRef = { id: 42, owner: "acme", name: "shop", defaultBranch: "main" };
const PULL = {
  number: 12,
  state: "open",
  headSha: "a".repeat(40),
  headRef: "f",
  baseRef: "main",
  labels: [],
  author: { login: "ada", type: "User" },
};
const run: Run = { key: "pull/7/42/12", lease: { attempt: 0, causes: [] }, fence: async () => {} };

let directory: string;
let engine: Engine;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "hms-act-"));
  engine = await openSqlite({ path: join(directory, "hms.db"), clock: { now: () => 1 } });
});
afterEach(async () => {
  await engine.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Carries out so many comments; the checker fails on the one with the failing verb while `failing` says so. */
async function commented(...bodies: string[]) {
  const failing = { verb: undefined as string | undefined };
  const intent = (commentId: number, body: string) => ({
    id: `comment/${commentId}`,
    key: run.key,
    kind: "comment" as const,
    body,
    commentId,
    sender: { login: "grace", id: 2, type: "User" },
    // GitHub dates them by the second.
    askedAtMs: 1_000,
    seenAtMs: 1_000,
  });
  const intents = bodies.map((body, at) => intent(at + 1, body));
  await engine.queue.accept({
    delivery: { id: "d", event: "issue_comment", receivedAtMs: 1 },
    keys: [run.key],
    intents,
    records: [],
  });
  const api = {
    ref: REF,
    pull: async () => PULL,
    permission: async () => "write",
    react: async () => {},
    comment: async () => {},
  };
  const deps: CommandDeps = {
    github: { repository: () => api } as unknown as GitHub,
    engine,
    clock: { now: () => 1 },
    configuration: { read: async () => ({ valid: true, config: DEFAULTS }) },
    checker: {
      revision: () => "sha256:x",
      async evaluate(input: CheckerInput) {
        if (input.command?.verb === failing.verb) throw new Error("no rule for this");
        return { verdict: { allow: true, deny: [], waiting: [], warn: [] }, bundleRevision: "sha256:x" };
      },
    },
  };

  return {
    act: async (verb?: string) => {
      failing.verb = verb;
      return actOnIntents(deps, KEY, REF, run);
    },
    hold: async () => (await engine.records.get<{ by: string; reason: string }>(storageKey.hold(7, 42, 12)))?.value,
    open: async () => (await engine.queue.intents(run.key)).map(({ id }) => id),
  };
}

test("a request that cannot be judged stays, and keeps neither the others nor the judgement waiting", async () => {
  const { act, hold, open } = await commented("/hms why", "/hms hold the audit");
  const answer = await act("why");
  expect(await hold()).toMatchObject({ by: "grace", reason: "the audit" });
  await expect(answer()).rejects.toThrow("no rule for this");
  expect(await open()).toEqual(["comment/1"]);
});

test("an unhold that is tried again does not lift a hold that was asked for after it", async () => {
  const { act, hold, open } = await commented("/hms unhold", "/hms hold the audit");
  await expect((await act("unhold"))()).rejects.toThrow("no rule for this");
  expect(await open()).toEqual(["comment/1"]);
  await (await act())();
  expect(await open()).toEqual([]);
  expect(await hold()).toMatchObject({ reason: "the audit" });
});

test("an unhold waits for the hold before it, so that what was asked last is what is", async () => {
  const { act, hold, open } = await commented("/hms hold first", "/hms unhold");
  await expect((await act("hold"))()).rejects.toThrow("no rule for this");
  expect(await open()).toEqual(["comment/1", "comment/2"]);
  await (await act())();
  expect(await open()).toEqual([]);
  expect(await hold()).toBeUndefined();
});
