import { expect, test } from "vitest";
import type { PreviewRecord, PreviewState } from "../../../src/model/preview.ts";
import type { PullRequest } from "../../../src/model/pull-request.ts";
import type { ScanRun, ScanRunState, StoredScanResult } from "../../../src/model/scan.ts";
import { storageKey } from "../../../src/model/storage-key.ts";
import type { RepositoryApi } from "../../../src/ports/github.ts";
import { memoryRecords } from "../../../src/pull-request/memory-records.ts";
import { readScans } from "../../../src/pull-request/scan/read-scans.ts";
import { configured } from "./configured.ts";

const [HEAD, BASE] = ["a".repeat(40), "b".repeat(40)];
const NOW = 1_000_000;
const pull = { number: 12, headSha: HEAD, baseSha: BASE } as PullRequest;
const api = {
  ref: { id: 42, owner: "acme", name: "shop", defaultBranch: "main" },
  compare: async () => ({ mergeBase: BASE, files: [], complete: true }),
} as unknown as RepositoryApi;

const reported = { is: "reported", atMs: NOW, digest: "d", findings: 0 } as const;

async function read(preview: PreviewState, scan: { state: ScanRunState; tool?: string } | undefined) {
  const records = memoryRecords();
  const target = "https://a.example";
  if (scan) {
    const run: ScanRun = {
      ...{ id: "1", kind: "dast", tool: "wapiti", target, nonceSha256: "", requestedAtMs: 0, deadlineMs: NOW + 1 },
      ...scan,
    };
    const result: StoredScanResult = {
      ...{ id: "1", digest: "d", kind: "dast", sha: HEAD, tool: { name: "wapiti" }, findings: [], notes: [] },
    };
    await records.put(storageKey.scanRun(1, 42, HEAD, "dast"), run);
    await records.put(storageKey.scanResult(1, 42, HEAD, "dast"), result);
  }
  const record = { state: preview, sha: HEAD, url: target, made: [] } as unknown as PreviewRecord;
  const config = configured("{ dast: { tool: wapiti } }");
  return readScans({ api, records, installationId: 1 }, pull, config, { record, wanted: true }, NOW);
}

test.each<[string, PreviewState, { state: ScanRunState; tool?: string } | undefined, string, boolean]>([
  ["it is attacked once it is healthy", "healthy", undefined, "running", true],
  ["before, nothing is started", "provisioning", undefined, "running", false],
  ["what was found counts", "healthy", { state: reported }, "completed", true],
  ["also while the preview sleeps", "sleeping", { state: reported }, "completed", false],
  ["also when it is gone", "gone", { state: reported }, "completed", false],
  ["what another tool found does not", "sleeping", { state: reported, tool: "zap" }, "running", false],
  ["a scan that failed waits for the preview", "sleeping", { state: { is: "failed", reason: "x" } }, "running", false],
  ["an attack that makes it falter goes on", "degraded", { state: { is: "running" } }, "running", true],
  ["but none is started then", "degraded", { state: { is: "failed", reason: "x" } }, "running", false],
  ["one ends when the preview goes", "sleeping", { state: { is: "running" } }, "running", false],
])("of a preview: %s", async (_, preview, scan, status, isWanted) => {
  const { reports, wants } = await read(preview, scan);
  expect(reports.map((report) => [report.kind, report.status])).toEqual([["dast", status]]);
  expect(wants.has(HEAD)).toBe(isWanted);
});

test("where there is none to attack: said so, and nobody is sent to look for a workflow", async () => {
  const deps = { api, records: memoryRecords(), installationId: 1 };
  const nothing = { record: undefined, wanted: false };
  const { reports } = await readScans(deps, pull, configured("{ dast: { tool: wapiti } }"), nothing, NOW);
  expect(reports).toEqual([
    { kind: "dast", status: "unknown", sha: HEAD, reason: expect.stringMatching(/no previews.*starts by itself/) },
  ]);
});
