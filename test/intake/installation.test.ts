import { pino } from "pino";
import { beforeEach, describe, expect, test } from "vitest";
import { openSqlite } from "../../src/adapters/sqlite/engine.ts";
import { lackingOf, reconcileInstallation } from "../../src/intake/installation.ts";
import type { SweepDeps } from "../../src/intake/sweep.ts";
import type { Outcome } from "../../src/model/outcome.ts";
import { storageKey } from "../../src/model/storage-key.ts";
import type { Engine } from "../../src/ports/engine.ts";
import { GitHubError } from "../../src/ports/github.ts";
import type { InstallationFacts, InstallationState, RepositoryState } from "../../src/ports/life-cycle.ts";
import { temporaryPath } from "../adapters/sqlite/temporary-path.ts";
import { drain } from "../contract/queue-bench.ts";
import { SettableClock } from "../contract/settable-clock.ts";

const ID = 7;
const SHOP = { id: 42, owner: "acme", name: "shop", defaultBranch: "main" };
const ACTIVE: InstallationFacts = { id: ID, owner: "acme", suspended: false, permissions: { checks: "write" } };

let clock: SettableClock;
let engine: Engine;
let deps: SweepDeps;
let world: {
  facts: InstallationFacts | undefined;
  listed: InstallationFacts[];
  repositories: (typeof SHOP & { archived?: boolean })[];
  byId: (typeof SHOP & { archived?: boolean }) | undefined;
  asked: Record<string, string>;
  forgotten: number;
};

beforeEach(async () => {
  clock = new SettableClock();
  engine = await openSqlite({ path: temporaryPath(), clock });
  world = {
    facts: ACTIVE,
    listed: [ACTIVE],
    repositories: [SHOP],
    byId: undefined,
    asked: { checks: "write" },
    forgotten: 0,
  };
  deps = {
    github: {
      installations: async () => world.listed,
      repositories: async () => world.repositories,
      lifeCycle: {
        installation: async () => world.facts,
        repository: async () => world.byId,
        asked: async () => world.asked,
        forget: () => world.forgotten++,
      },
    },
    engine,
    allowedOwners: ["acme"],
    clock,
    log: pino({ enabled: false }),
    revision: () => "bundle",
    startedAtMs: clock.now(),
    listed: new Map(),
    installationsCounted: () => undefined,
  } as unknown as SweepDeps;
  return () => engine.close();
});

const look = (): Promise<Outcome> => reconcileInstallation(deps, { kind: "installation", installationId: ID });
const state = async () => (await engine.records.get<InstallationState>(storageKey.installationState(ID)))?.value;
const repository = async () =>
  (await engine.records.get<RepositoryState>(storageKey.repositoryState(ID, SHOP.id)))?.value;
const told = async () =>
  (await engine.ledger.query({ stream: `installation/${ID}`, limit: 50 })).map((entry) => entry.type).reverse();

test("active: every repository of an allowed owner under the name that it has now, but none that is archived", async () => {
  world.repositories = [SHOP, { ...SHOP, id: 43, owner: "initech" }, { ...SHOP, id: 44, archived: true }];
  expect(await look()).toEqual({ kind: "done" });
  expect(await drain(engine.queue)).toEqual([`repository/${ID}/42`]);
  expect((await engine.records.get(storageKey.repository(ID, 42)))?.value).toEqual(SHOP);
  expect((await engine.records.get(storageKey.repository(ID, 44)))?.value).toEqual({ ...SHOP, id: 44 });
  expect(await state()).toMatchObject({ status: "active", owner: "acme", lacking: [] });
  await look();
  expect(await told()).toEqual(["installation_state"]);
});

describe("resting", () => {
  test.each<[string, Partial<InstallationFacts>]>([
    ["suspended", { suspended: true }],
    ["quarantined", { owner: "initech" }],
  ])("%s: no key has a turn, until it is active again; then everything is read", async (status, change) => {
    await look();
    await drain(engine.queue);
    await engine.queue.enqueue(`pull/${ID}/42/1`);
    world.facts = { ...ACTIVE, ...change };
    await look();
    expect(await state()).toMatchObject({ status });
    clock.advance(3_600_000);
    expect(await drain(engine.queue)).toEqual([]);
    expect(world.forgotten).toBe(1);
    world.facts = ACTIVE;
    await look();
    expect((await drain(engine.queue)).sort()).toEqual([`pull/${ID}/42/1`, `repository/${ID}/42`]);
    expect(await engine.records.get(storageKey.reread(ID, 42))).toBeDefined();
    expect(await told()).toEqual(["installation_state", "installation_state", "installation_state"]);
  });
});

describe("uninstalled", () => {
  test("GitHub's 404 and a list without it: its keys go, its records stay", async () => {
    await look();
    await engine.queue.enqueue(`pull/${ID}/42/1`);
    world.facts = undefined;
    world.listed = [];
    await look();
    expect(await state()).toMatchObject({ status: "uninstalled", owner: "acme" });
    await engine.queue.pause(ID, 0);
    expect(await drain(engine.queue)).toEqual([]);
    expect((await engine.records.get(storageKey.repository(ID, 42)))?.value).toEqual(SHOP);
  });

  test.each(["listed", "an error"])("a 404 alone is not enough (%s)", async (what) => {
    await look();
    await engine.queue.enqueue(`pull/${ID}/42/1`);
    world.facts = undefined;
    if (what === "an error")
      deps.github.installations = async () => {
        throw new GitHubError("unavailable", 502, "no");
      };
    await expect(look()).rejects.toThrow();
    expect(await state()).toMatchObject({ status: "active" });
    expect(await drain(engine.queue)).toContain(`pull/${ID}/42/1`);
  });
});

test("permissions that are lacking are told once, and heal once they are accepted", async () => {
  world.asked = { checks: "write", members: "read" };
  await look();
  await look();
  expect(await state()).toMatchObject({ status: "permissions-lacking", lacking: ["members: read"] });
  expect(await told()).toEqual(["installation_state"]);
  await drain(engine.queue);
  world.facts = { ...ACTIVE, permissions: world.asked };
  await look();
  expect(await state()).toMatchObject({ status: "active" });
  expect(world.forgotten).toBe(1);
  expect(await engine.records.get(storageKey.reread(ID, 42))).toBeDefined();
});

test.each<[Record<string, string>, Record<string, string>, string[]]>([
  [{ checks: "write" }, { checks: "read" }, []],
  [{ checks: "read" }, { checks: "write" }, ["checks: write"]],
  [{}, { members: "read", checks: "write" }, ["checks: write", "members: read"]],
  [{ administration: "admin" }, { administration: "write" }, []],
])("granted %j, asked %j", (granted, asked, lacking) => {
  expect(lackingOf(granted, asked)).toEqual(lacking);
});

describe("a repository that is listed no more", () => {
  beforeEach(async () => {
    await look();
    await drain(engine.queue);
    await engine.queue.enqueue(`pull/${ID}/42/1`, { notBeforeMs: clock.now() + 1e9 });
    await engine.records.put(storageKey.hold(ID, 42, 1), { by: "ada" });
    await engine.records.put(storageKey.organisationFile(ID), {});
    world.repositories = [];
  });
  const keys = async () => (await engine.queue.stats()).delayed;

  test.each<[string, typeof SHOP | undefined, boolean]>([
    ["deleted", undefined, true],
    ["transferred", { ...SHOP, owner: "initech" }, false],
    ["removed", SHOP, true],
  ])("%s, seen twice with a minute in between: its keys end", async (status, byId, keeps) => {
    world.byId = byId;
    expect(await look()).toEqual({ kind: "requeue", afterMs: 60_000 });
    clock.advance(59_999);
    expect(await look()).toMatchObject({ kind: "requeue" });
    expect(await repository()).toMatchObject({ status: "unlisted" });
    expect(await keys()).toBe(1);
    clock.advance(1);
    expect(await look()).toEqual({ kind: "done" });
    expect(await repository()).toMatchObject({ status, name: "acme/shop" });
    expect(await keys()).toBe(0);
    expect((await engine.records.get(storageKey.hold(ID, 42, 1))) !== undefined).toBe(keeps);
    expect(await engine.records.get(storageKey.organisationFile(ID))).toBeDefined();
    expect(await told()).toEqual(["installation_state", `repository_${status}`]);
    await look();
    expect(await told()).toHaveLength(2);
  });

  test.each([
    ["not to be found", undefined, true],
    ["another owner's", { ...SHOP, name: ".github", owner: "initech" }, false],
  ])("the organisation's configuration, in a repository that is %s", async (_what, byId, stays) => {
    world.repositories = [{ ...SHOP, name: ".github" }];
    await look();
    world.repositories = [];
    world.byId = byId;
    await look();
    clock.advance(60_000);
    expect(await look()).toEqual({ kind: "done" });
    expect((await engine.records.get(storageKey.organisationFile(ID))) !== undefined).toBe(stays);
  });

  test("another answer the second time proves nothing yet", async () => {
    await look();
    clock.advance(60_000);
    world.byId = { ...SHOP, owner: "initech" };
    expect(await look()).toMatchObject({ kind: "requeue" });
    expect(await repository()).toMatchObject({ status: "unlisted" });
    expect(await keys()).toBe(1);
  });

  test("an error is no answer", async () => {
    await look();
    clock.advance(60_000);
    deps.github.lifeCycle.repository = async () => {
      throw new GitHubError("unavailable", 502, "no");
    };
    await expect(look()).rejects.toThrow();
    expect(await keys()).toBe(1);
  });

  test("listed again: forgotten, and read anew", async () => {
    await look();
    world.repositories = [SHOP];
    await look();
    expect(await repository()).toBeUndefined();
    expect(await drain(engine.queue)).toEqual([`repository/${ID}/42`]);
    expect(await engine.records.get(storageKey.reread(ID, 42))).toBeDefined();
  });
});
