import { expect, test } from "vitest";
import type { ScanConfig } from "../../../src/config/scan.ts";
import { SCAN_DEFAULTS } from "../../../src/config/scan-merge.ts";
import type { ScanRun, StoredScanResult } from "../../../src/model/scan.ts";
import { storageKey } from "../../../src/model/storage-key.ts";
import type { RepositoryApi } from "../../../src/ports/github.ts";
import { readScans } from "../../../src/pull-request/scan/read-scans.ts";
import { recordsInMemory } from "../records-in-memory.ts";
import { SNAPSHOT } from "../snapshot.ts";

const { pull, repository: ref } = SNAPSHOT;
const HEAD = pull.headSha;
const BASE = "b".repeat(40);
const NOW = Date.parse("2026-11-21T12:00:00Z");
const config: ScanConfig = {
  ...SCAN_DEFAULTS,
  dispatched: {
    sast: { tool: "semgrep", required: true, paths: [], failOn: ["high"], oldDebt: "ignore", timeoutMs: 60_000 },
  },
};

/** What is read where the head and its merge base were scanned at these times, by these versions of the tool. */
async function read(scanned: { sha: string; requestedAtMs: number; version: string }[], wanting = config) {
  const records = recordsInMemory();
  for (const { sha, requestedAtMs, version } of scanned) {
    const id = `${sha.slice(0, 1)}-run`;
    const digest = "d";
    const run: ScanRun = {
      ...{ id, kind: "sast", tool: "semgrep", nonceSha256: "", requestedAtMs, deadlineMs: NOW },
      state: { is: "reported", atMs: requestedAtMs, digest, findings: 0 },
    };
    const tool = { name: "semgrep", version };
    const result: StoredScanResult = { id, digest, kind: "sast", sha, tool, findings: [], notes: [] };
    await records.put(storageKey.scanRun(7, ref.id, sha, "sast"), run);
    await records.put(storageKey.scanResult(7, ref.id, sha, "sast"), result);
  }
  const api: Pick<RepositoryApi, "ref" | "compare"> = {
    ref,
    compare: async () => ({ mergeBase: BASE, files: [], complete: true, commits: [] }),
  };
  const preview = { record: undefined, wanted: false };
  return readScans({ api: api as RepositoryApi, records, installationId: 7 }, pull, wanting, preview, NOW);
}

test("a merge base that was not scanned is to be started, one that was is left alone", async () => {
  const head = { sha: HEAD, requestedAtMs: NOW, version: "1" };
  const { reports, look, wants } = await read([head]);
  expect([reports[0]?.status, look, [...wants.keys()].sort()]).toEqual(["running", [{ sha: BASE }], [BASE, HEAD]]);
  const both = await read([head, { sha: BASE, requestedAtMs: NOW - 60_000, version: "1" }]);
  expect([both.reports[0]?.status, both.look]).toEqual(["completed", []]);
});

test("a merge base that another version of the tool scanned before the head is scanned again", async () => {
  const base = { sha: BASE, requestedAtMs: NOW - 60_000, version: "1" };
  const { reports, look } = await read([{ sha: HEAD, requestedAtMs: NOW, version: "2" }, base]);
  expect(reports).toMatchObject([{ status: "running", reason: expect.stringContaining("being scanned again") }]);
  expect(look).toEqual([{ sha: BASE, again: { kind: "sast", by: "head/c-run" } }]);
});

test("nothing to attack is no matter of a workflow that would have to be installed", async () => {
  const { sast } = config.dispatched;
  const { reports } = await read([], { ...config, dispatched: sast ? { dast: { ...sast, tool: "wapiti" } } : {} });
  const reason = expect.stringContaining("nothing to attack");
  expect(reports).toEqual([{ kind: "dast", status: "unknown", sha: HEAD, reason }]);
});
