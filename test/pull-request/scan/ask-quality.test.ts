import { expect, onTestFinished, test } from "vitest";
import { openSqlite } from "../../../src/adapters/sqlite/engine.ts";
import { formatKey } from "../../../src/model/key.ts";
import type { ScanRun, ScanWanted, StoredScanResult } from "../../../src/model/scan.ts";
import { storageKey } from "../../../src/model/storage-key.ts";
import type { QualityLook, QualityServer } from "../../../src/ports/quality-server.ts";
import { LeaseLostError } from "../../../src/ports/run.ts";
import type { ScanWorkflows } from "../../../src/pull-request/scan/deps.ts";
import { MISSING_RETRY_MS } from "../../../src/pull-request/scan/plan-scans.ts";
import { reconcileScans } from "../../../src/pull-request/scan/reconcile-scans.ts";
import { wantScans } from "../../../src/pull-request/scan/want-scans.ts";
import { temporaryPath } from "../../adapters/sqlite/temporary-path.ts";
import { SettableClock } from "../../contract/settable-clock.ts";
import { GATE_OK, issueOf } from "../../doubles/sonarqube/sonarqube.ts";

const SHA = "a".repeat(40);
const TIMEOUT_MS = 30 * 60_000;
const key = { kind: "scan", installationId: 1, repositoryId: 42, sha: SHA } as const;
const ref = { id: 42, owner: "acme", name: "shop", defaultBranch: "main" };
const wanted: ScanWanted = {
  as: "head",
  scans: [{ kind: "quality", tool: "sonarqube", timeoutMs: TIMEOUT_MS, target: "shop" }],
};
const NOT_YET: QualityLook = { is: "not-yet", reason: "SonarQube has not analysed this commit yet." };
const analysed = (change: object = {}): QualityLook => ({
  is: "analysed",
  pages: [{ paging: { total: 1 }, issues: [issueOf("shop", "src/a.js")] }],
  gate: GATE_OK,
  revision: SHA,
  url: "https://sonar.example/dashboard?id=shop",
  ...change,
});

async function scene(server: "connected" | "none" = "connected") {
  const clock = new SettableClock();
  const engine = await openSqlite({ path: temporaryPath(), clock });
  onTestFinished(() => engine.close());
  const asked: Parameters<QualityServer["look"]>[0][] = [];
  const there = { look: NOT_YET, keys: ["shop"], leaseLost: false };
  const never = async (): Promise<never> => {
    throw new Error("GitHub has nothing to do with it");
  };
  const workflows: ScanWorkflows = { dispatch: never, run: never, recent: never, cancel: never, uploadSarif: never };
  const run = {
    key: formatKey(key),
    lease: { attempt: 0, causes: [] },
    async fence() {
      if (there.leaseLost) throw new LeaseLostError(formatKey(key));
    },
  };
  const pull = { kind: "pull", installationId: 1, repositoryId: 42, number: 12 } as const;
  const want = (wants: Map<string, ScanWanted>) => wantScans(engine, pull, wants, [], run);
  await want(new Map([[SHA, wanted]]));
  const quality = {
    bound: {
      get projects() {
        return [{ repositories: ["acme/shop"], keys: there.keys }];
      },
    },
    server: {
      async look(about: Parameters<QualityServer["look"]>[0]) {
        asked.push(about);
        return there.look;
      },
      access: never,
    },
  };
  const github = { workflows: () => workflows };
  const connected = server === "connected" ? { quality } : {};
  return {
    ...{ clock, engine, asked, there, want },
    reconcile: () => reconcileScans({ github, engine, clock, ...connected }, key, ref, run),
    scan: async () => (await engine.records.get<ScanRun>(storageKey.scanRun(1, 42, SHA, "quality")))?.value,
    result: async () =>
      (await engine.records.get<StoredScanResult>(storageKey.scanResult(1, 42, SHA, "quality")))?.value,
  };
}

test("an analysis is awaited by asking once a minute, and taken once it is there", async () => {
  const { reconcile, scan, result, asked, there, clock } = await scene();
  expect(await reconcile()).toEqual({ kind: "requeue", afterMs: 60_000 });
  expect(await scan()).toMatchObject({ state: { is: "running" }, waits: NOT_YET.is === "not-yet" && NOT_YET.reason });
  expect(asked).toEqual([{ project: "shop", sha: SHA, pulls: [12], announced: undefined }]);
  there.look = analysed();
  clock.advance(60_000);
  expect(await reconcile()).toEqual({ kind: "done" });
  const taken = await scan();
  expect(taken?.state).toMatchObject({ is: "reported", findings: 1 });
  expect(await result()).toMatchObject({ id: taken?.id, digest: taken?.state.is === "reported" && taken.state.digest });
  await reconcile();
  expect(asked).toHaveLength(2);
});

test("what never comes times out, with what was said last", async () => {
  const { reconcile, scan, there, clock } = await scene();
  there.look = { is: "not-yet", reason: "SonarQube does not answer." };
  await reconcile();
  clock.advance(TIMEOUT_MS);
  await reconcile();
  expect((await scan())?.state).toEqual({
    is: "timed-out",
    reason: "No report came within 30 minutes. SonarQube does not answer.",
  });
});

test.each<[string, QualityLook, string]>([
  ["refuses", { is: "refused", reason: "No." }, "not-installed"],
  ["has too much", { is: "unusable", reason: "Too much." }, "failed"],
  ["speaks of another commit", analysed({ revision: "b".repeat(40) }), "failed"],
  ["gives no gate", analysed({ gate: null }), "failed"],
  ["gives a gate that is not computed", analysed({ gate: { projectStatus: { status: "NONE" } } }), "failed"],
  ["gives no list", analysed({ pages: [] }), "failed"],
  ["gives part of a list", analysed({ pages: [{ paging: { total: 2 }, issues: [] }] }), "failed"],
])("a server that %s is no pass", async (_name, look, state) => {
  const { reconcile, scan, result, there } = await scene();
  there.look = look;
  await reconcile();
  expect((await scan())?.state.is).toBe(state);
  expect(await result()).toBeUndefined();
});

test("what is refused is asked again after ten minutes, not before", async () => {
  const { reconcile, scan, asked, there, clock } = await scene();
  there.look = { is: "refused", reason: "No." };
  expect(await reconcile()).toEqual({ kind: "requeue", afterMs: MISSING_RETRY_MS });
  await reconcile();
  clock.advance(MISSING_RETRY_MS - 1);
  await reconcile();
  expect(asked).toHaveLength(1);
  clock.advance(1);
  there.look = analysed();
  await reconcile();
  expect((await scan())?.state.is).toBe("reported");
});

test("a project that the operator does not give is not asked for, nor where there is no server", async () => {
  const { reconcile, scan, asked, there } = await scene();
  there.keys = ["cart"];
  await reconcile();
  expect(asked).toEqual([]);
  expect((await scan())?.state).toMatchObject({ is: "not-installed", reason: expect.stringContaining("project shop") });
  const none = await scene("none");
  await none.reconcile();
  expect((await none.scan())?.state).toMatchObject({
    is: "not-installed",
    reason: expect.stringContaining("connected"),
  });
});

test("the announcement of the project is handed on, and no other", async () => {
  const { reconcile, asked, engine } = await scene();
  const announced = { pullRequest: "12", analysedAtMs: 5 };
  await engine.records.put(storageKey.qualityAnnounced(SHA, "cart"), announced);
  await reconcile();
  await engine.records.put(storageKey.qualityAnnounced(SHA, "shop"), announced);
  await reconcile();
  expect(asked.map((about) => about.announced)).toEqual([undefined, announced]);
});

test("asked again by somebody, the answer of before holds no more", async () => {
  const { reconcile, scan, there, engine } = await scene();
  there.look = analysed();
  await reconcile();
  const first = await scan();
  await engine.records.put(storageKey.scanAgain(1, 42, SHA, "quality"), { by: "comment/1" });
  there.look = NOT_YET;
  await reconcile();
  expect(await scan()).toMatchObject({ askedBy: "comment/1", state: { is: "running" } });
  expect((await scan())?.id).not.toBe(first?.id);
});

test("nothing is written without the lease, and nothing is asked for what nobody wants", async () => {
  const { reconcile, scan, asked, there, want } = await scene();
  there.leaseLost = true;
  await expect(reconcile()).rejects.toThrow(LeaseLostError);
  expect(await scan()).toBeUndefined();
  there.leaseLost = false;
  await reconcile();
  await want(new Map());
  await reconcile();
  expect((await scan())?.state.is).toBe("cancelled");
  expect(asked).toHaveLength(1);
});
