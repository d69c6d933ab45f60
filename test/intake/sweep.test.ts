import { pino } from "pino";
import { describe, expect, test } from "vitest";
import {
  reconcileInstallation,
  reconcileRepository,
  type SweepDeps,
  sweepInstallations,
} from "../../src/intake/sweep.ts";
import { GitHubError } from "../../src/ports/github.ts";

const SHOP = { id: 42, owner: "acme", name: "shop", defaultBranch: "main" };

/** A sweep over what GitHub lists and what is remembered; `enqueued` and `put` fill up. */
function sweep(world: {
  installations?: { id: number; owner: string; suspended: boolean }[];
  repositories?: (typeof SHOP)[];
  open?: number[] | GitHubError;
  tracked?: Record<string, unknown>;
  allowedOwners?: string[];
}) {
  const enqueued: string[] = [];
  const put = new Map<string, unknown>();
  const openPulls = async () => {
    if (world.open instanceof GitHubError) throw world.open;
    return (world.open ?? []).map((number) => ({ number }));
  };
  const deps = {
    github: {
      installations: async () => world.installations ?? [],
      repositories: async () => world.repositories ?? [],
      repository: () => ({ openPulls }),
    },
    engine: {
      queue: { enqueue: async (key: string) => void enqueued.push(key) },
      records: {
        put: async (key: string, value: unknown) => void put.set(key, value),
        list: async () => Object.entries(world.tracked ?? {}).map(([key, value]) => ({ key, value, revision: 1 })),
      },
    },
    allowedOwners: world.allowedOwners ?? [],
    log: pino({ enabled: false }),
  } as unknown as SweepDeps;
  return { deps, enqueued, put };
}

const installation = (id: number, owner: string, suspended = false) => ({ id, owner, suspended });

test("all installations that are neither suspended nor of others", async () => {
  const installations = [installation(1, "Acme"), installation(2, "acme", true), installation(3, "initech")];
  const all = sweep({ installations });
  await sweepInstallations(all.deps);
  expect(all.enqueued).toEqual(["installation/1", "installation/3"]);
  const some = sweep({ installations, allowedOwners: ["acme"] });
  await sweepInstallations(some.deps);
  expect(some.enqueued).toEqual(["installation/1"]);
});

test("every repository, under the name that it has now", async () => {
  const repositories = [SHOP, { ...SHOP, id: 43, owner: "initech" }];
  const { deps, enqueued, put } = sweep({ repositories, allowedOwners: ["acme"] });
  expect(await reconcileInstallation(deps, { kind: "installation", installationId: 7 })).toEqual({ kind: "done" });
  expect(enqueued).toEqual(["repository/7/42"]);
  expect([...put]).toEqual([["repository/7/42", SHOP]]);
});

describe("the pull requests of a repository", () => {
  const key = { kind: "repository", installationId: 7, repositoryId: 42 } as const;
  const tracked = {
    "pull/7/42/1": { state: "open" },
    "pull/7/42/2": { state: "closed" },
    "pull/7/42/3": { state: "open" },
  };

  test("those that are open, and those that we believe open: a list without them proves nothing", async () => {
    const { deps, enqueued } = sweep({ open: [3, 4], tracked });
    await reconcileRepository(deps, key, SHOP);
    expect(enqueued.sort()).toEqual(["pull/7/42/1", "pull/7/42/3", "pull/7/42/4"]);
  });

  test("an error is passed on, so that the key is tried again", async () => {
    const { deps, enqueued } = sweep({ open: new GitHubError("not-found", 404, "gone or hidden"), tracked });
    await expect(reconcileRepository(deps, key, SHOP)).rejects.toThrow("gone or hidden");
    expect(enqueued).toEqual([]);
  });
});
