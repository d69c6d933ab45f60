import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { reconcileRepository, type SweepDeps, sweepInstallations } from "../../src/intake/sweep.ts";
import { GitHubError } from "../../src/ports/github.ts";

const NOW = Date.UTC(2026, 0, 1);
const SHOP = { id: 42, owner: "acme", name: "shop", defaultBranch: "main" };

/** A sweep over what GitHub lists and what is remembered; `enqueued` and `put` fill up. */
function sweep(world: {
  installations?: { id: number; owner: string; suspended: boolean }[];
  open?: (number | { number: number; updatedAt: string })[] | GitHubError;
  tracked?: Record<string, unknown>;
  parked?: string[];
  allowedOwners?: string[];
}) {
  const enqueued: string[] = [];
  const put = new Map<string, unknown>();
  const openPulls = async () => {
    if (world.open instanceof GitHubError) throw world.open;
    return (world.open ?? []).map((pull) => ({
      ...(typeof pull === "number" ? { number: pull, updatedAt: "then" } : pull),
      labels: [],
    }));
  };
  const deps = {
    github: {
      installations: async () => world.installations ?? [],
      repository: () => ({ openPulls }),
    },
    engine: {
      queue: {
        enqueue: async (key: string) => void enqueued.push(key),
        parked: async () => (world.parked ?? []).map((key) => ({ key, reason: "", parkedAtMs: 0 })),
      },
      records: {
        put: async (key: string, value: unknown) => void put.set(key, value),
        get: async (key: string) => (put.has(key) ? { key, value: put.get(key), revision: 1 } : undefined),
        delete: async (key: string) => void put.delete(key),
        list: async () => Object.entries(world.tracked ?? {}).map(([key, value]) => ({ key, value, revision: 1 })),
      },
    },
    allowedOwners: world.allowedOwners ?? [],
    clock: { now: () => NOW },
    revision: () => "bundle",
    startedAtMs: NOW,
    listed: new Map(),
    log: pino({ enabled: false }),
  } as unknown as SweepDeps;
  return { deps, enqueued, put };
}

const installation = (id: number, owner: string, suspended = false) => ({ id, owner, suspended });

test("all installations that GitHub lists, and those that we know: what they are is found out one by one", async () => {
  const installations = [installation(1, "Acme"), installation(2, "acme", true), installation(3, "initech")];
  const tracked = {
    "installation-state/1": { installationId: 1, status: "active" },
    "installation-state/4": { installationId: 4, status: "active" },
    "installation-state/5": { installationId: 5, status: "uninstalled" },
  };
  const { deps, enqueued } = sweep({ installations, tracked });
  await sweepInstallations(deps);
  expect(enqueued).toEqual(["installation/1", "installation/2", "installation/3", "installation/4"]);
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

  test("once: what has not changed since is not read again, unless that is asked for", async () => {
    const world = { open: [{ number: 1, updatedAt: "then" }], tracked };
    const { deps, enqueued, put } = sweep(world);
    const next = async () => {
      enqueued.length = 0;
      await reconcileRepository(deps, key, SHOP);
      return [...enqueued];
    };
    expect(await next()).toEqual(["pull/7/42/1", "pull/7/42/3"]);
    // Believed open, but not on the list.
    expect(await next()).toEqual(["pull/7/42/3"]);
    world.open = [{ number: 1, updatedAt: "now" }];
    expect(await next()).toEqual(["pull/7/42/1", "pull/7/42/3"]);
    put.set("reread/7/42", { delivery: "d" });
    expect(await next()).toEqual(["pull/7/42/1", "pull/7/42/3"]);
    expect(put.has("reread/7/42")).toBe(false);
    expect(await next()).toEqual(["pull/7/42/3"]);
  });

  test("what was parked is tried again, of this repository only", async () => {
    const { deps, enqueued } = sweep({ parked: ["pull/7/42/9", "pull/7/43/9", "pull/8/42/9", "commit/7/42/aa"] });
    await reconcileRepository(deps, key, SHOP);
    expect(enqueued.sort()).toEqual(["commit/7/42/aa", "pull/7/42/9"]);
  });

  test("an error is passed on, so that the key is tried again", async () => {
    const { deps, enqueued } = sweep({ open: new GitHubError("not-found", 404, "gone or hidden"), tracked });
    await expect(reconcileRepository(deps, key, SHOP)).rejects.toThrow("gone or hidden");
    expect(enqueued).toEqual([]);
  });
});
