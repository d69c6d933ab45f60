import { beforeEach, describe, expect, test } from "vitest";
import type { Finding, Severity } from "../../src/model/finding.ts";
import type { ChangedFile, PullRequest } from "../../src/model/pull-request.ts";
import { GitHubError, type RepositoryApi, type TreeEntry } from "../../src/ports/github.ts";
import type { Records } from "../../src/ports/records.ts";
import { scanCommits } from "../../src/pull-request/scan-commits.ts";
import type { CommitScan, CommitToScan, SecretScanner } from "../../src/scan/secrets.ts";

const HEAD = "a".repeat(40);
const PARENT = "b".repeat(40);
const MB = 1024 * 1024;
const LIMITS = { fileSize: 5 * MB, commitSize: 50 * MB };

let files: ChangedFile[];
let complete: boolean;
/** Trees by commit; a commit without one is 404. */
let trees: Map<string, Map<string, TreeEntry>>;
let blob: (sha: string) => Uint8Array;
let scan: CommitScan;
/** The scanner does not get through the head's files. */
let lost: boolean;
let scanned: CommitToScan[];
/** Routes that were asked, with what they were asked for. */
let calls: string[];
let records: Map<string, unknown>;
let running: number;
let runningMost: number;

beforeEach(() => {
  [files, complete, trees, scan, lost] = [[], true, new Map(), { findings: [], notes: [] }, false];
  blob = () => Buffer.from("text");
  [scanned, calls, records, running, runningMost] = [[], [], new Map(), 0, 0];
});

const api = {
  ref: { id: 9, owner: "acme", name: "shop", defaultBranch: "main" },
  commit: async (sha: string) => ({ summary: { sha, parents: [PARENT], message: "m" }, files, complete }),
  tree: async (sha: string) => {
    calls.push(`tree ${sha}`);
    const tree = trees.get(sha);
    if (!tree) throw new GitHubError("not-found", 404, "no tree");
    return tree;
  },
  blob: async (sha: string) => {
    calls.push(`blob ${sha}`);
    return blob(sha);
  },
  file: async (path: string) => {
    calls.push(`file ${path}`);
    runningMost = Math.max(runningMost, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    return "text";
  },
} as unknown as RepositoryApi;

const scanner: SecretScanner = {
  scanCommit: async (commit) => {
    scanned.push(commit);
    return scan;
  },
  headLines: async (findings) =>
    lost ? undefined : findings.map((finding) => ({ ...finding, location: { ...finding.location, headLine: 7 } })),
  close: async () => {},
};

const store = {
  get: async (key: string) => (records.has(key) ? { key, value: records.get(key), revision: 1 } : undefined),
  put: async (key: string, value: unknown) => {
    records.set(key, JSON.parse(JSON.stringify(value)));
    return 1;
  },
} as unknown as Records;

const pull = { number: 1, headSha: HEAD, commits: 1 } as PullRequest;
const deps = { api, records: store, scanner, installationId: 3 };

function run() {
  return scanCommits(deps, pull, LIMITS);
}

function binary(path: string, change: Partial<ChangedFile> = {}): ChangedFile {
  return { path, status: "added", additions: 0, deletions: 0, blobSha: `sha-of-${path}`, ...change };
}

function finding(path: string, severity: Severity = "medium"): Finding {
  return { rule: "r", severity, message: "m", remedy: "r", location: { path, commit: HEAD }, fingerprint: path };
}

const asked = (route: string) => calls.filter((call) => call.startsWith(route));
const kept = () => [...records.keys()].filter((key) => key.startsWith("scan/"));

describe("what is remembered", () => {
  test("a scanned commit, which is not read again", async () => {
    await run();
    await run();
    expect([scanned.length, kept().length]).toEqual([1, 1]);
  });

  test("not a scan in which something failed that may work another time", async () => {
    scan = { findings: [finding("a")], notes: [], passing: true };
    await run();
    await run();
    expect([scanned.length, kept().length]).toEqual([2, 0]);
  });

  test("a list that is as long as GitHub ever makes it is something to repair, and not waited for", async () => {
    complete = false;
    files = Array.from({ length: 3_000 }, (_, at) => binary(`f${at}`, { additions: 1, patch: "@@ -0,0 +1 @@\n+x" }));
    const { report, touchesTrusted } = await scanCommits(deps, pull, LIMITS);
    expect(report).toMatchObject({
      status: "completed",
      findings: [{ rule: "secrets/unscanned", severity: "high", message: expect.stringContaining("more files than") }],
    });
    expect(touchesTrusted).toBeNull();
  });

  test("more commits than anybody lists are something to repair as well", async () => {
    const many = Array.from({ length: 5_000 }, () => ({ sha: HEAD, parents: [PARENT], message: "m" }));
    const listing = {
      ...api,
      pullCommits: async () => ({ commits: many, complete: false }),
    } as unknown as RepositoryApi;
    const { report } = await scanCommits({ ...deps, api: listing }, { ...pull, commits: 6_000 }, LIMITS);
    expect(report).toMatchObject({ status: "completed", findings: [{ rule: "secrets/unscanned" }] });
  });

  test("a pull request whose base has taken it in brings nothing, which is known", async () => {
    const range = async () => ({ commits: [], behind: 0, complete: true });
    const empty = { ...api, range } as unknown as RepositoryApi;
    const { report, touchesTrusted } = await scanCommits({ ...deps, api: empty }, { ...pull, commits: 0 }, LIMITS);
    expect(report).toMatchObject({ status: "completed", findings: [], scannedCommits: 0 });
    expect(touchesTrusted).toEqual([]);
  });

  test("a list of files that GitHub left out is not known, never clean", async () => {
    complete = false;
    expect((await run()).report.status).toBe("unknown");
    expect(kept()).toEqual([]);
  });
});

describe("blobs", () => {
  test.each([
    ["not-found", 404, true],
    ["forbidden", 403, true],
    ["refused", 422, undefined],
  ] as const)("%s: the file is unreadable", async (fault, status, passing) => {
    files = [binary("a.bin")];
    blob = () => {
      throw new GitHubError(fault, status, "no");
    };
    await run();
    const unreadable = "GitHub does not give its content";
    expect(scanned[0]?.files).toEqual([{ path: "a.bin", unreadable, ...(passing ? { passing } : {}) }]);
  });

  test("no tree is asked where patches tell everything", async () => {
    files = [binary("a", { additions: 1, patch: "@@ -0,0 +1 @@\n+a" })];
    await run();
    expect(calls).toEqual([]);
  });

  test("what lies beyond the commit's limit is not fetched", async () => {
    files = ["a", "b", "c", "d"].map((path) => binary(path));
    trees.set(
      HEAD,
      new Map([
        ["a", { sha: "a", sizeBytes: 120 * MB }],
        ["b", { sha: "b", sizeBytes: 4 }],
        ["c", { sha: "c", sizeBytes: 90 * MB }],
        ["d", { sha: "d", sizeBytes: 90 * MB }],
      ]),
    );
    // Two of 90 MB are within four times 50 MB, three are not.
    files.push(binary("e"));
    trees.get(HEAD)?.set("e", { sha: "e", sizeBytes: 90 * MB });
    blob = (sha) => (sha === "sha-of-b" ? Buffer.from("text") : claiming(90 * MB));
    await run();
    expect(asked("blob")).toEqual(["blob sha-of-b", "blob sha-of-c", "blob sha-of-d"]);
    expect(scanned[0]?.files.filter((file) => "unreadable" in file)).toEqual([
      { path: "a", unreadable: "it is larger than the 100 MB that GitHub's API gives" },
      { path: "e", unreadable: "all its files together are beyond the limit of the commit", beyondCommit: true },
    ]);
  });

  test("300 of one commit, the others are told", async () => {
    files = Array.from({ length: 302 }, (_, at) => binary(`f${at}`));
    await run();
    expect(asked("blob")).toHaveLength(300);
    expect(scanned[0]?.files.filter((file) => "unreadable" in file && file.beyondCommit)).toHaveLength(2);
  });

  test("a moved file is fetched unless its blob is the one that it was", async () => {
    const moved = { status: "renamed", previousPath: "old" } as const;
    files = [binary("same", moved), binary("changed", { ...moved, previousPath: "old2" })];
    trees.set(
      PARENT,
      new Map([
        ["old", { sha: "sha-of-same" }],
        ["old2", { sha: "another" }],
      ]),
    );
    await run();
    expect(asked("blob")).toEqual(["blob sha-of-changed"]);
    trees.clear();
    records.clear();
    await run();
    expect(asked("blob")).toHaveLength(3);
  });
});

/** A blob that claims its length without taking the memory. */
function claiming(byteLength: number): Uint8Array {
  const bytes = new Uint8Array(1).fill(65);
  return Object.defineProperty(bytes, "byteLength", { value: byteLength }) as Uint8Array;
}

describe("where findings stand in the head", () => {
  test("asked once per head and file, four at a time", async () => {
    scan.findings = Array.from({ length: 10 }, (_, at) => finding(`f${at}`));
    const first = await run();
    expect(asked("file")).toHaveLength(10);
    expect(runningMost).toBe(4);
    expect(await run()).toEqual({ ...first, head: undefined });
    expect(asked("file")).toHaveLength(10);
    expect(first.report).toMatchObject({ findings: scan.findings.map(() => ({ location: { headLine: 7 } })) });
  });

  test("a file that the scanner did not get through is asked again", async () => {
    scan.findings = [finding("a")];
    lost = true;
    expect((await run()).report).toMatchObject({ findings: [finding("a")] });
    lost = false;
    expect((await run()).report).toMatchObject({ findings: [{ location: { headLine: 7 } }] });
  });

  test("only of the 50 files with the worst findings, and the rest is told", async () => {
    scan.findings = [...Array.from({ length: 60 }, (_, at) => finding(`f${at}`)), finding("z", "critical")];
    const { report } = await run();
    expect(asked("file")).toHaveLength(50);
    expect(calls).toContain("file z");
    expect(report).toMatchObject({
      notes: ["11 more files with findings were not compared with the head; their findings count all the same."],
    });
    if (report.status === "completed") expect(report.findings).toHaveLength(61);
  });
});
