import { beforeEach, expect, test } from "vitest";
import { type LintFile, type LintOutcome, lintAgents } from "../../../src/agents/lint.ts";
import type { CommitTree, RepositoryApi, TreeEntry } from "../../../src/ports/github.ts";
import { scanAgents } from "../../../src/pull-request/scan/scan-agents.ts";
import { recordsInMemory } from "../records-in-memory.ts";

const SHA = "a".repeat(40);
const BASE = "b".repeat(40);
const CONFIG = "global_settings: {}\npc2_services: []\n";

let tree: CommitTree;
let blobs: Map<string, string>;
let read: string[];
let records: ReturnType<typeof recordsInMemory>;

beforeEach(() => {
  [tree, blobs, read, records] = [new Map<string, TreeEntry>(), new Map(), [], recordsInMemory()];
  tree.whole = true;
});

function put(path: string, text: string, entry: Partial<TreeEntry> = {}): void {
  const sha = `${path}-blob`;
  blobs.set(sha, text);
  tree.set(path, { sha, mode: "100644", sizeBytes: text.length, ...entry });
}

const api = {
  ref: { id: 7, owner: "acme", name: "web" },
  tree: async () => tree,
  blob: async (sha: string) => {
    read.push(sha);
    return Buffer.from(blobs.get(sha) ?? "");
  },
} as unknown as RepositoryApi;

const scan = (sha = SHA, look: Partial<Parameters<typeof scanAgents>[3]> = {}) =>
  scanAgents({ api, records, installationId: 1 }, sha, ["agents/"], {
    nowMs: 0,
    blobs: new Map(),
    lint: here,
    ...look,
  });

/** In this thread. */
async function here(files: readonly LintFile[], known: ReadonlySet<string>): Promise<LintOutcome> {
  return { ok: true, lint: lintAgents(files, known) };
}

/** Rules and paths of what was found; the reason where nothing is known. */
async function found(): Promise<string[]> {
  const scanned = await scan();
  if (!scanned.ok) return [scanned.why];
  return scanned.findings.map(({ rule, location }) => `${rule} ${location.path}`);
}

test("a configuration that becomes a link to what is not looked at does not lose its findings in silence", async () => {
  put("agents/startup.yaml", CONFIG);
  expect(await found()).toEqual(["agents/no-agents agents/startup.yaml"]);
  records = recordsInMemory();
  put("agents/startup.yaml", "../elsewhere.txt", { mode: "120000" });
  expect(await found()).toEqual(["agents/unread agents/startup.yaml"]);
});

test.each([
  ["../agents/startup.yaml", []],
  ["startup.yaml", []],
  ["/agents/startup.yaml", ["agents/unread agents/link.yaml"]],
  ["link.yaml", ["agents/unread agents/link.yaml"]],
  ["../../agents/startup.yaml", ["agents/unread agents/link.yaml"]],
])("a link to %s", async (target, unread) => {
  put("agents/startup.yaml", CONFIG);
  put("agents/link.yaml", target, { mode: "120000" });
  expect(await found()).toEqual([...unread, "agents/no-agents agents/startup.yaml"]);
});

test("one file that is far too large is a finding, the others are looked at", async () => {
  put("agents/startup.yaml", CONFIG);
  put("agents/huge.json", "", { sizeBytes: 3 * 1024 * 1024 });
  expect(await found()).toEqual(["agents/unread agents/huge.json", "agents/no-agents agents/startup.yaml"]);
});

test("too many files: not known, with what to do", async () => {
  for (let number = 0; number <= 500; number++) put(`agents/m${number}.py`, "");
  expect(await found()).toEqual([
    expect.stringMatching(/more than 500 such files; name fewer under scan.agents.paths/),
  ]);
  expect(read).toEqual([]);
});

test("what two commits have in common is read once, and a commit is looked at once", async () => {
  put("agents/startup.yaml", CONFIG);
  put("agents/a.py", "");
  const blobs = new Map();
  await scan(SHA, { blobs });
  put("agents/b.py", "");
  await scan(BASE, { blobs });
  await scan(SHA);
  expect(read.sort()).toEqual(["agents/a.py-blob", "agents/b.py-blob", "agents/startup.yaml-blob"]);
});

test("a lint that does not come to an end is not repeated at every look, and is tried again later", async () => {
  put("agents/startup.yaml", CONFIG);
  let tries = 0;
  const lint = async () => {
    tries++;
    return { ok: false as const, why: "it took longer than 60 s" };
  };
  const minutes = 60_000;
  const failed = { ok: false, why: expect.stringContaining("longer than 60 s"), untilMs: 30 * minutes };
  expect(await scan(SHA, { lint })).toEqual(failed);
  expect(await scan(SHA, { lint, nowMs: 29 * minutes })).toEqual(failed);
  expect([tries, read.length]).toEqual([1, 1]);
  expect(await scan(SHA, { nowMs: 30 * minutes })).toMatchObject({ ok: true });
});
