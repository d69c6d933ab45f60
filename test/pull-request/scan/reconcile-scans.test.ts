import { expect, onTestFinished, test } from "vitest";
import { openSqlite } from "../../../src/adapters/sqlite/engine.ts";
import { formatKey } from "../../../src/model/key.ts";
import type { ScanRun, ScanWanted, WantedScan } from "../../../src/model/scan.ts";
import { storageKey } from "../../../src/model/storage-key.ts";
import { LeaseLostError } from "../../../src/ports/run.ts";
import type { Dispatched, WorkflowRun } from "../../../src/ports/workflows.ts";
import type { ScanWorkflows } from "../../../src/pull-request/scan/deps.ts";
import { ADOPT_AFTER_MS, MISSING_RETRY_MS } from "../../../src/pull-request/scan/plan-scans.ts";
import { reconcileScans } from "../../../src/pull-request/scan/reconcile-scans.ts";
import { type LookAtScans, wantScans } from "../../../src/pull-request/scan/want-scans.ts";
import { temporaryPath } from "../../adapters/sqlite/temporary-path.ts";
import { SettableClock } from "../../contract/settable-clock.ts";

const SHA = "a".repeat(40);
const key = { kind: "scan", installationId: 1, repositoryId: 42, sha: SHA } as const;
const ref = { id: 42, owner: "acme", name: "shop", defaultBranch: "main" };
const wanted: ScanWanted = { as: "head", scans: [{ kind: "sast", tool: "semgrep", timeoutMs: 60_000 }] };

async function scene() {
  const clock = new SettableClock();
  const engine = await openSqlite({ path: temporaryPath(), clock });
  onTestFinished(() => engine.close());
  const dispatched: Record<string, string>[] = [];
  const cancelled: number[] = [];
  const uploaded: string[][] = [];
  const there = {
    answer: undefined as Dispatched | Error | undefined,
    runs: [] as WorkflowRun[],
    leaseLost: false,
    /** Kind of which GitHub does not answer. */
    silent: "",
  };
  const workflows: ScanWorkflows = {
    async dispatch(file, branch, inputs) {
      expect([file, branch]).toEqual(["hms-scan.yml", "main"]);
      dispatched.push(inputs);
      if (inputs.kind === there.silent) throw new Error("no answer");
      if (there.answer instanceof Error) throw there.answer;
      return (
        there.answer ?? {
          kind: "started",
          runId: dispatched.length,
          url: `https://github.example/${dispatched.length}`,
        }
      );
    },
    run: async (id) => there.runs.find((one) => one.id === id),
    recent: async () => there.runs,
    cancel: async (id) => void cancelled.push(id),
    async uploadSarif(sha, fullRef, sarif) {
      uploaded.push([sha, fullRef, sarif]);
      return uploaded.length === 1 ? { kind: "taken", id: "u" } : { kind: "refused", reason: "no" };
    },
  };
  const run = {
    key: formatKey(key),
    lease: { attempt: 0, causes: [] },
    async fence() {
      if (there.leaseLost) throw new LeaseLostError(formatKey(key));
    },
  };
  const pull = { kind: "pull", installationId: 1, repositoryId: 42, number: 12 } as const;
  const want = (wants: Map<string, ScanWanted>, look: LookAtScans[] = []) => wantScans(engine, pull, wants, look, run);
  await want(new Map([[SHA, wanted]]));
  return {
    ...{ clock, engine, dispatched, cancelled, uploaded, there, want },
    reconcile: () => reconcileScans({ github: { workflows: () => workflows }, engine, clock }, key, ref, run),
    state: async (kind = "sast") =>
      (await engine.records.get<ScanRun>(storageKey.scanRun(1, 42, SHA, kind)))?.value.state,
  };
}

const workflowRun = (id: number, title: string, change: Partial<WorkflowRun> = {}): WorkflowRun => ({
  ...{ id, attempt: 1, url: `https://github.example/${id}`, title, headSha: "", headBranch: "main", path: "" },
  ...{ event: "workflow_dispatch", actorId: 5, createdAtMs: 0, status: "queued", conclusion: null },
  ...change,
});

test("what is wanted is started once, however often it is looked at", async () => {
  const { reconcile, dispatched, state, there } = await scene();
  there.runs = [workflowRun(1, "", { status: "in_progress" })];
  await reconcile();
  expect(await state()).toMatchObject({ is: "queued", runId: 1 });
  await reconcile();
  await reconcile();
  expect(await state()).toMatchObject({ is: "running", runId: 1 });
  expect(dispatched).toHaveLength(1);
  expect(dispatched[0]).toMatchObject({ kind: "sast", tool: "semgrep", sha: SHA, base: "", target: "" });
});

test("an answer that is lost: the run is found in GitHub's list, and not started again", async () => {
  const { reconcile, dispatched, state, there } = await scene();
  there.answer = new Error("lost");
  await expect(reconcile()).rejects.toThrow("lost");
  expect(await state()).toEqual({ is: "starting" });
  there.answer = undefined;
  there.runs = [
    workflowRun(9, `hms-scan sast ${SHA} ${"f".repeat(32)}`),
    workflowRun(8, `hms-scan sast ${SHA} ${dispatched[0]?.scan}`),
  ];
  await reconcile();
  expect(await state()).toMatchObject({ is: "queued", runId: 8 });
  expect(dispatched).toHaveLength(1);
});

test("one that never came to be is started anew, once it would be in the list, under another id", async () => {
  const { reconcile, dispatched, state, there, clock } = await scene();
  there.answer = new Error("lost");
  await expect(reconcile()).rejects.toThrow("lost");
  there.answer = undefined;
  await reconcile();
  expect(dispatched).toHaveLength(1);
  clock.advance(ADOPT_AFTER_MS);
  await reconcile();
  expect(await state()).toMatchObject({ is: "queued", runId: 2 });
  expect(new Set(dispatched.map(({ scan }) => scan)).size).toBe(2);
  expect(new Set(dispatched.map(({ nonce }) => nonce)).size).toBe(2);
});

test("a lease that is lost writes nothing to GitHub", async () => {
  const { reconcile, dispatched, there } = await scene();
  there.leaseLost = true;
  await expect(reconcile()).rejects.toThrow(LeaseLostError);
  expect(dispatched).toEqual([]);
});

test("nobody wants it any more: its run is cancelled; somebody does again: another one is started", async () => {
  const { reconcile, dispatched, cancelled, state, want } = await scene();
  await reconcile();
  await want(new Map());
  await reconcile();
  expect([cancelled, (await state())?.is]).toEqual([[1], "cancelled"]);
  await want(new Map([[SHA, wanted]]));
  await reconcile();
  expect([dispatched.length, (await state())?.is]).toEqual([2, "queued"]);
});

test("one that reported is made again where a pull request finds it too old, and once", async () => {
  const { reconcile, dispatched, state, want, engine } = await scene();
  await reconcile();
  const runKey = storageKey.scanRun(1, 42, SHA, "sast");
  const run = (await engine.records.get<ScanRun>(runKey))?.value;
  await engine.records.put(runKey, { ...run, state: { is: "reported", atMs: 0, digest: "d", findings: 0 } });
  const wants = new Map([[SHA, wanted]]);
  await want(wants, [{ sha: "b".repeat(40), again: { kind: "sast", by: "head/1" } }]);
  await reconcile();
  expect(dispatched).toHaveLength(1);
  for (let time = 0; time < 2; time++) await want(wants, [{ sha: SHA, again: { kind: "sast", by: "head/1" } }]);
  await reconcile();
  expect([dispatched.length, (await state())?.is]).toEqual([2, "queued"]);
  await reconcile();
  expect(dispatched).toHaveLength(2);
});

test("at its deadline it is given up, and its run cancelled", async () => {
  const { reconcile, cancelled, state, there, clock, dispatched } = await scene();
  there.runs = [workflowRun(1, "")];
  await reconcile();
  clock.advance(60_000);
  await reconcile();
  await reconcile();
  expect([cancelled, (await state())?.is, dispatched.length]).toEqual([[1], "timed-out", 1]);
});

test("a missing workflow is asked for once for all commits, and again later or when it was merged", async () => {
  const { reconcile, dispatched, state, there, clock, engine } = await scene();
  there.answer = { kind: "not-installed", reason: "the default branch has none" };
  await reconcile();
  await reconcile();
  expect([dispatched.length, await state()]).toMatchObject([1, { is: "not-installed" }]);
  clock.advance(MISSING_RETRY_MS);
  await reconcile();
  expect(dispatched).toHaveLength(2);
  await engine.records.put(storageKey.scanWorkflow(1, 42), {});
  there.answer = undefined;
  await reconcile();
  expect([dispatched.length, (await state())?.is]).toEqual([3, "queued"]);
});

test("where another commit has just found it missing, nobody looks before that counts no more", async () => {
  const { reconcile, dispatched, there, clock, engine } = await scene();
  there.answer = { kind: "not-installed", reason: "the default branch has none" };
  expect(await reconcile()).toEqual({ kind: "requeue", afterMs: MISSING_RETRY_MS });
  clock.advance(MISSING_RETRY_MS);
  await engine.records.put(storageKey.scanWorkflow(1, 42), { missingAtMs: clock.now() - 1_000, reason: "none" });
  expect(await reconcile()).toEqual({ kind: "requeue", afterMs: MISSING_RETRY_MS - 1_000 });
  clock.advance(MISSING_RETRY_MS - 1_000);
  await reconcile();
  expect(dispatched).toHaveLength(2);
});

test("a scan that cannot be started holds up no other, and is tried again", async () => {
  const { reconcile, state, there, want } = await scene();
  const scans = ["sast", "iac"].map((kind) => ({ kind, tool: "sarif", timeoutMs: 60_000 }) as WantedScan);
  await want(new Map([[SHA, { as: "head", scans }]]));
  there.silent = "sast";
  await expect(reconcile()).rejects.toThrow("no answer");
  expect([await state(), await state("iac")]).toMatchObject([{ is: "starting" }, { is: "queued" }]);
});

test("a wish that a failure kept from being settled starts one scan, and not one at each try", async () => {
  const { reconcile, dispatched, there, want, engine, state } = await scene();
  const scans = ["sast", "iac"].map((kind) => ({ kind, tool: "sarif", timeoutMs: 60_000 }) as WantedScan);
  await want(new Map([[SHA, { as: "head", scans }]]));
  for (const { kind } of scans) await engine.records.put(storageKey.scanAgain(1, 42, SHA, kind), { by: "comment/1" });
  there.silent = "iac";
  there.runs = [workflowRun(1, "")];
  await expect(reconcile()).rejects.toThrow("no answer");
  const key = storageKey.scanRun(1, 42, SHA, "sast");
  const run = (await engine.records.get<ScanRun>(key))?.value;
  await engine.records.put(key, { ...run, state: { is: "reported", atMs: 0, digest: "d", findings: 0 } });
  await reconcile();
  expect((await state())?.is).toBe("reported");
  expect(dispatched.filter(({ kind }) => kind === "sast")).toHaveLength(1);
});

test("the nonce is nowhere but in the run's inputs", async () => {
  const { reconcile, dispatched, engine } = await scene();
  await reconcile();
  const nonce = dispatched[0]?.nonce ?? "";
  expect(nonce.length).toBeGreaterThan(40);
  const everything = JSON.stringify([await engine.records.list(""), await engine.ledger.query({ limit: 100 })]);
  expect(everything).not.toContain(nonce);
  expect(everything).toContain(dispatched[0]?.scan);
});

test("a report that waits for code scanning is given to it once, whatever it says", async () => {
  const { reconcile, uploaded, engine } = await scene();
  for (const ref of ["refs/pull/12/head", "refs/pull/13/head"]) {
    await engine.records.put(storageKey.scanUpload(1, 42, SHA, "sast"), { id: "1", ref, sarif: "H4sI" });
    await reconcile();
    await reconcile();
  }
  expect(uploaded).toEqual([
    [SHA, "refs/pull/12/head", "H4sI"],
    [SHA, "refs/pull/13/head", "H4sI"],
  ]);
  const told = await engine.ledger.query({ type: "scan_uploaded", limit: 9 });
  expect(told.map(({ data }) => data.result).sort()).toEqual(["refused", "taken"]);
});
