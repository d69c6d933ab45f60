import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import { openSqlite } from "../../../src/adapters/sqlite/engine.ts";
import type { ScanRun, ScanRunState, StoredScanResult } from "../../../src/model/scan.ts";
import { storageKey } from "../../../src/model/storage-key.ts";
import { httpApp } from "../../../src/portal/http.ts";
import type { ReportDeps } from "../../../src/portal/scans/deps.ts";
import { scanReportRoute } from "../../../src/portal/scans/report-route.ts";
import type { Engine } from "../../../src/ports/engine.ts";
import {
  type WorkloadClaims,
  WorkloadIdentityUnavailable,
  type WorkloadVerification,
} from "../../../src/ports/workload-identity.ts";
import { gunzipped, readSarif } from "../../../src/scan/sarif.ts";
import { temporaryPath } from "../../adapters/sqlite/temporary-path.ts";
import { SettableClock } from "../../contract/settable-clock.ts";

const [ID, SHA, NONCE] = ["1".repeat(32), "a".repeat(40), "n".repeat(43)];
const TOKEN = "aaa.bbb.ccc";
const workflow = "acme/shop/.github/workflows/hms-scan.yml@refs/heads/main";
const url = "https://github.example/runs/99";
const place = { installationId: 1, repositoryId: 42, sha: SHA, kind: "sast" } as const;
const claims: WorkloadClaims = {
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

function sarif(rule = "eval"): Buffer {
  const location = { physicalLocation: { artifactLocation: { uri: "src/a.js" }, region: { startLine: 3 } } };
  const result = { ruleId: rule, level: "error", message: { text: "It evaluates." }, locations: [location] };
  const run = {
    tool: { driver: { name: "Semgrep OSS", rules: [{ id: rule }] } },
    invocations: [{ executionSuccessful: true }],
    results: [result],
  };
  return Buffer.from(JSON.stringify({ version: "2.1.0", runs: [run] }));
}

interface Scene {
  engine: Engine;
  clock: SettableClock;
  counted: string[];
  verified: { answer: WorkloadVerification | "away" };
  send(change?: { id?: string; headers?: Record<string, string | undefined>; body?: Uint8Array }): Promise<{
    status: number;
    code: string;
    detail: string;
  }>;
  scan(): Promise<ScanRun>;
  refusals(): Promise<unknown[]>;
}

async function scene(state: ScanRunState = { is: "running", runId: 99, url }): Promise<Scene> {
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
  };
  await records.put(runKey, run);
  await records.put(storageKey.scanById(ID), place);
  await records.put(storageKey.repository(1, 42), { id: 42, owner: "acme", name: "shop", defaultBranch: "main" });
  await records.put(storageKey.scanWanted(1, 42, SHA, 12), { as: "head", scans: [] });
  const verified: Scene["verified"] = { answer: { ok: true, claims } };
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
    botId: async () => 5,
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
        body: new Uint8Array(body),
      });
      const { code = "", detail = "", result = "" } = (await response.json()) as Record<string, string>;
      return { status: response.status, code: code || result, detail };
    },
    scan: async () => (await records.get<ScanRun>(runKey))?.value as ScanRun,
    refusals: async () => (await ledger.query({ type: "scan_report_refused", limit: 50 })).map(({ data }) => data.why),
  };
}

const stored = async ({ engine }: Scene) =>
  (await engine.records.get<StoredScanResult>(storageKey.scanResult(1, 42, SHA, "sast")))?.value;

test("a report is taken once, and the very same one again changes nothing", async () => {
  const there = await scene();
  expect(await there.send()).toMatchObject({ status: 202, code: "taken" });
  const after = await there.scan();
  expect(after.state).toMatchObject({ is: "reported", findings: 1, runId: 99, url });
  expect(await stored(there)).toMatchObject({ id: ID, kind: "sast", sha: SHA, findings: [{ severity: "high" }] });
  expect((await there.engine.queue.stats()).ready).toBe(2);
  there.clock.advance(1000);
  expect(await there.send()).toMatchObject({ status: 202, code: "again" });
  expect(await there.scan()).toEqual(after);
  expect(there.counted).toEqual(["taken", "again"]);
});

test("a second report that differs is refused, whatever it says", async () => {
  const there = await scene();
  await there.send();
  const before = await stored(there);
  expect(await there.send({ body: gzipSync(sarif("another")) })).toMatchObject({ status: 409, code: "scan-reported" });
  const failed = { "hms-scan-outcome": "failed", "content-encoding": undefined };
  const body = Buffer.from(JSON.stringify({ reason: "no" }));
  expect(await there.send({ headers: failed, body })).toMatchObject({ status: 409 });
  expect(await stored(there)).toEqual(before);
  expect((await there.scan()).state.is).toBe("reported");
});

describe("refused, and nothing has changed", () => {
  const wrong = (why: "malformed" | "signature" | "expired" | "audience" | "issuer"): WorkloadVerification => ({
    ok: false,
    why,
  });
  const claiming = (change: Partial<WorkloadClaims>): WorkloadVerification => ({
    ok: true,
    claims: { ...claims, ...change },
  });

  test.each<[string, number, string, WorkloadVerification]>([
    ["alg none, a wrong key", 401, "scan-token", wrong("signature")],
    ["expired, replayed later", 401, "scan-token", wrong("expired")],
    ["a wrong audience", 401, "scan-token", wrong("audience")],
    ["another issuer", 401, "scan-token", wrong("issuer")],
    ["no token at all", 401, "scan-token", wrong("malformed")],
    ["another repository", 403, "scan-claims", claiming({ repositoryId: 43 })],
    ["another workflow", 403, "scan-claims", claiming({ workflowRef: workflow.replace("hms-scan", "ci") })],
    ["another branch", 403, "scan-claims", claiming({ ref: "refs/heads/feature" })],
    ["another run", 403, "scan-claims", claiming({ runId: 98 })],
    ["another attempt", 403, "scan-claims", claiming({ runAttempt: 2 })],
    ["another actor", 403, "scan-claims", claiming({ actorId: 6 })],
    ["another event", 403, "scan-claims", claiming({ eventName: "push" })],
  ])("%s", async (_, status, code, answer) => {
    const there = await scene();
    there.verified.answer = answer;
    expect(await there.send()).toMatchObject({ status, code });
    expect((await there.scan()).state.is).toBe("running");
    expect(await stored(there)).toBeUndefined();
    const why = status === 401 ? "wrong-token" : "wrong-claim";
    expect([await there.refusals(), there.counted]).toEqual([[why], [why]]);
  });

  test.each<[string, number, string, Record<string, string | undefined>]>([
    ["a wrong nonce", 403, "scan-claims", { "hms-scan-nonce": "m".repeat(43) }],
    ["a wrong commit", 403, "scan-claims", { "hms-scan-sha": "b".repeat(40) }],
    ["no nonce", 400, "scan-report-malformed", { "hms-scan-nonce": undefined }],
    ["a short commit", 400, "scan-report-malformed", { "hms-scan-sha": "aaaaaaa" }],
    ["another outcome", 400, "scan-report-malformed", { "hms-scan-outcome": "skipped" }],
    ["not packed", 400, "scan-report-malformed", { "content-encoding": undefined }],
    ["no token", 401, "scan-token", { authorization: undefined }],
    ["another scheme", 401, "scan-token", { authorization: `Basic ${TOKEN}` }],
    ["too much is announced", 413, "too-large", { "content-length": String(11 * 1024 * 1024) }],
  ])("%s", async (_, status, code, headers) => {
    const there = await scene();
    expect(await there.send({ headers })).toMatchObject({ status, code });
    expect((await there.scan()).state.is).toBe("running");
    expect(await stored(there)).toBeUndefined();
  });

  test("no such scan, or one whose place another took", async () => {
    const there = await scene();
    expect(await there.send({ id: "2".repeat(32) })).toMatchObject({ status: 404, code: "scan-unknown" });
    expect(await there.send({ id: "../../x" })).toMatchObject({ status: 404 });
    await there.engine.records.put(storageKey.scanById("2".repeat(32)), place);
    expect(await there.send({ id: "2".repeat(32) })).toMatchObject({ status: 404, code: "scan-unknown" });
    expect((await there.scan()).state.is).toBe("running");
  });

  test("the issuer is away: nothing is decided", async () => {
    const there = await scene();
    there.verified.answer = "away";
    expect(await there.send()).toMatchObject({ status: 503, code: "scan-busy" });
    expect((await there.scan()).state.is).toBe("running");
    expect(await there.refusals()).toEqual([]);
  });

  test("the run is not known yet", async () => {
    const there = await scene({ is: "starting" });
    expect(await there.send()).toMatchObject({ status: 503, code: "scan-busy" });
    expect((await there.scan()).state).toEqual({ is: "starting" });
  });

  test.each(["failed", "timed-out", "cancelled", "not-installed"] as const)("the scan is over: %s", async (is) => {
    const there = await scene({ is, reason: "because" });
    expect(await there.send()).toMatchObject({ status: 409, code: "scan-over" });
    expect((await there.scan()).state).toEqual({ is, reason: "because" });
  });

  test("it comes after its deadline, though nobody has looked", async () => {
    const there = await scene();
    there.clock.advance(60_000);
    expect(await there.send()).toMatchObject({ status: 409, code: "scan-over" });
    expect(await stored(there)).toBeUndefined();
  });
});

describe("a report that is not whole fails the scan and names the place", () => {
  test.each<[string, number, Uint8Array]>([
    ["no gzip", 400, sarif()],
    ["cut off", 400, gzipSync(sarif()).subarray(0, 80)],
    ["no JSON", 400, gzipSync("{")],
    ["no SARIF", 400, gzipSync("{}")],
    ["without results", 400, gzipSync(sarif().toString().replace('"results"', '"other"'))],
    ["of another tool", 400, gzipSync(sarif().toString().replace("Semgrep OSS", "my own"))],
    ["a bomb", 413, gzipSync(Buffer.alloc(4_000_000, " "))],
  ])("%s", async (_, status, body) => {
    const there = await scene();
    const answer = await there.send({ body });
    expect(answer).toMatchObject({ status, code: status === 413 ? "too-large" : "scan-report-refused" });
    expect(answer.detail).not.toBe("");
    expect((await there.scan()).state).toMatchObject({ is: "failed", reason: expect.stringContaining("refused"), url });
    expect(await stored(there)).toBeUndefined();
    // It is not mended by another: a new scan is.
    expect(await there.send()).toMatchObject({ status: 409, code: "scan-over" });
  });
});

test("the run says that its tool failed", async () => {
  const there = await scene();
  const headers = { "hms-scan-outcome": "failed", "content-encoding": undefined };
  const send = (body: string) => there.send({ headers, body: Buffer.from(body) });
  expect(await send("x".repeat(3000))).toMatchObject({ status: 413 });
  expect(await send("[]")).toMatchObject({ status: 400, code: "scan-report-malformed" });
  expect(await send('{"reason":7}')).toMatchObject({ status: 400 });
  expect((await there.scan()).state.is).toBe("running");
  expect(await send('{"reason":"semgrep ended with 2"}')).toMatchObject({ status: 202, code: "failed" });
  expect((await there.scan()).state).toMatchObject({ is: "failed", reason: "The scan failed: semgrep ended with 2" });
});

test("a token's holder does not have us read without end", async () => {
  const there = await scene({ is: "reported", atMs: 0, digest: "d", findings: 0, runId: 99, url });
  const statuses: number[] = [];
  for (let request = 0; request < 12; request++) statuses.push((await there.send()).status);
  expect(statuses.slice(0, 10)).toEqual(Array(10).fill(409));
  expect(statuses.slice(10)).toEqual([429, 429]);
  there.clock.advance(10 * 60_000);
  expect((await there.send()).status).toBe(409);
});
