import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { onTestFinished } from "vitest";
import { openSqlite } from "../../../src/adapters/sqlite/engine.ts";
import type { ScanRun, ScanRunState, StoredScanResult } from "../../../src/model/scan.ts";
import { storageKey } from "../../../src/model/storage-key.ts";
import { httpApp } from "../../../src/portal/http.ts";
import type { ReportDeps } from "../../../src/portal/scans/deps.ts";
import { scanReportRoute } from "../../../src/portal/scans/report-route.ts";
import type { Engine } from "../../../src/ports/engine.ts";
import { GitHubError } from "../../../src/ports/github.ts";
import {
  type WorkloadClaims,
  WorkloadIdentityUnavailable,
  type WorkloadVerification,
} from "../../../src/ports/workload-identity.ts";
import { gunzipped, readSarif } from "../../../src/scan/sarif.ts";
import { temporaryPath } from "../../adapters/sqlite/temporary-path.ts";
import { SettableClock } from "../../contract/settable-clock.ts";

export const [ID, SHA, NONCE] = ["1".repeat(32), "a".repeat(40), "n".repeat(43)];
export const TOKEN = "aaa.bbb.ccc";
export const workflow = "acme/shop/.github/workflows/hms-scan.yml@refs/heads/main";
export const url = "https://github.example/runs/99";
export const place = { installationId: 1, repositoryId: 42, sha: SHA, kind: "sast" } as const;
export const claims: WorkloadClaims = {
  subject: "",
  tokenId: "",
  repository: "acme/shop",
  repositoryId: 42,
  repositoryOwnerId: 7,
  ref: "refs/heads/main",
  refType: "branch",
  sha: SHA,
  workflowRef: workflow,
  jobWorkflowRef: workflow,
  runId: 99,
  runAttempt: 1,
  actorId: 5,
  eventName: "workflow_dispatch",
  runnerEnvironment: "github-hosted",
  expiresAtMs: 0,
};

export function sarif(rule = "eval"): Buffer {
  const location = { physicalLocation: { artifactLocation: { uri: "src/a.js" }, region: { startLine: 3 } } };
  const result = { ruleId: rule, level: "error", message: { text: "It evaluates." }, locations: [location] };
  const run = {
    tool: { driver: { name: "Semgrep OSS", rules: [{ id: rule }] } },
    invocations: [{ executionSuccessful: true }],
    results: [result],
  };
  return Buffer.from(JSON.stringify({ version: "2.1.0", runs: [run] }));
}

export interface Scene {
  engine: Engine;
  clock: SettableClock;
  counted: string[];
  verified: { answer: WorkloadVerification | "away" };
  /** What the cluster says of the Job. */
  jobs: { at: "running" | "not-running" | "unseen" };
  github: { away: boolean };
  send(change?: {
    id?: string;
    headers?: Record<string, string | undefined>;
    body?: Uint8Array | ReadableStream<Uint8Array>;
  }): Promise<{
    status: number;
    code: string;
    detail: string;
  }>;
  scan(): Promise<ScanRun>;
  refusals(): Promise<unknown[]>;
}

export async function scene(
  state: ScanRunState = { is: "running", runId: 99, url },
  asJob: Pick<ScanRun, "on" | "job"> = {},
): Promise<Scene> {
  const clock = new SettableClock();
  const engine = await openSqlite({ path: temporaryPath(), clock });
  onTestFinished(() => engine.close());
  const { records, ledger } = engine;
  const runKey = storageKey.scanRun(1, 42, SHA, "sast");
  const run: ScanRun = {
    id: ID,
    kind: "sast",
    tool: "semgrep",
    nonceSha256: createHash("sha256").update(NONCE).digest("hex"),
    requestedAtMs: clock.now(),
    deadlineMs: clock.now() + 60_000,
    state,
    ...asJob,
  };
  await records.put(runKey, run);
  await records.put(storageKey.scanById(ID), place);
  await records.put(storageKey.repository(1, 42), { id: 42, owner: "acme", name: "shop", defaultBranch: "main" });
  await records.put(storageKey.scanWanted(1, 42, SHA, 12), { as: "head", scans: [] });
  const verified: Scene["verified"] = { answer: { ok: true, claims } };
  const jobs: Scene["jobs"] = { at: "running" };
  const github: Scene["github"] = { away: false };
  const counted: string[] = [];
  const deps: ReportDeps = {
    engine,
    clock,
    audience: "https://hms.example",
    identity: {
      async verify() {
        if (verified.answer === "away") throw new WorkloadIdentityUnavailable("away");
        return verified.answer;
      },
    },
    jobAt: async () => jobs.at,
    botId: async () => {
      if (github.away) throw new GitHubError("unavailable", 502, "away");
      return 5;
    },
    read: (bytes, context) =>
      readSarif(gunzipped(bytes, { packedBytes: 1_000_000, unpackedBytes: 5_000_000, ratio: 100 }), context),
    counted: (result) => counted.push(result),
  };
  const app = httpApp([scanReportRoute(deps)], async () => undefined, {
    publicUrl: "https://hms.example",
    now: () => clock.now(),
    failed(error) {
      throw error;
    },
  });
  return {
    engine,
    clock,
    counted,
    verified,
    jobs,
    github,
    async send({ id = ID, headers = {}, body = gzipSync(sarif()) } = {}) {
      const all: Record<string, string | undefined> = {
        authorization: `Bearer ${TOKEN}`,
        "hms-scan-nonce": NONCE,
        "hms-scan-sha": SHA,
        "hms-scan-outcome": "completed",
        "content-type": "application/sarif+json",
        "content-encoding": "gzip",
        ...headers,
      };
      const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
      const response = await app.request(`/api/v1/scans/${id}/report`, {
        method: "POST",
        headers: Object.fromEntries(given),
        body: body instanceof Uint8Array ? new Uint8Array(body) : body,
        duplex: "half",
      });
      const { code = "", detail = "", result = "" } = (await response.json()) as Record<string, string>;
      return { status: response.status, code: code || result, detail };
    },
    scan: async () => (await records.get<ScanRun>(runKey))?.value as ScanRun,
    refusals: async () => (await ledger.query({ type: "scan_report_refused", limit: 50 })).map(({ data }) => data.why),
  };
}

export const stored = async ({ engine }: Scene) =>
  (await engine.records.get<StoredScanResult>(storageKey.scanResult(1, 42, SHA, "sast")))?.value;
