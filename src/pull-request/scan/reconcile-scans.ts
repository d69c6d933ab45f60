import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { sha256Hex } from "../../model/canonical-json.ts";
import type { Outcome } from "../../model/outcome.ts";
import type { RepositoryRef } from "../../model/pull-request.ts";
import { SCAN_WORKFLOW, type ScanPlace, type ScanRun, type ScanWanted, type WantedScan } from "../../model/scan.ts";
import { storageKey } from "../../model/storage-key.ts";
import type { RecordEntry } from "../../ports/records.ts";
import { LeaseLostError, type Run } from "../../ports/run.ts";
import { afterJobLook } from "./after-job-look.ts";
import { askAgain, startAsking } from "./ask-quality.ts";
import type { ScanDeps } from "./deps.ts";
import { rememberFirstSeen } from "./first-seen.ts";
import { lookAtJob } from "./job-runner.ts";
import { leaveScans, startAsJob } from "./job-scans.ts";
import {
  ADOPT_AFTER_MS,
  afterLook,
  isAsked,
  lookAtScansInMs,
  MISSING_RETRY_MS,
  planScans,
  type ScanStep,
} from "./plan-scans.ts";
import { uploadScans } from "./upload-scans.ts";
import { put, type ScanKey, type Scene, tellReports, write } from "./write-run.ts";

/** Record `storageKey.scanWorkflow`: the repository's workflow was not there when it was last tried. */
interface MissingWorkflow {
  missingAtMs?: number;
  reason?: string;
}

/** Whether there is room for another scan of the kind. */
type Carried = "freed" | undefined;

/** Characters of what GitHub says. */
const REASON_MAX = 300;
/** Ends that free the place for another scan, and then its start. */
const PASSES = 3;

/**
 * One commit's scans that run elsewhere: what is wanted → what is started, looked at, ended. Everything comes from records and GitHub, and what is
 * about to be started is written down before, so that each run may be cut off anywhere.
 */
export async function reconcileScans(deps: ScanDeps, key: ScanKey, ref: RepositoryRef, run: Run): Promise<Outcome> {
  const { records } = deps.engine;
  const { installationId, repositoryId, sha } = key;
  const at = [installationId, repositoryId, sha] as const;
  const workflows = deps.github.workflows(installationId, ref);
  for (let pass = 1; ; pass++) {
    const wanted = await records.list<ScanWanted>(storageKey.scansWanted(...at));
    const runs = await records.list<ScanRun>(storageKey.scanRuns(...at));
    const asked = await records.list<{ by: string }>(storageKey.scansAgain(...at));
    const missing = await missingWorkflow(deps, key);
    const steps = planScans({
      wanted: wanted.map(({ value }) => value.scans),
      runs: runs.map(({ value }) => value),
      missingUntilMs: missing?.untilMs,
      again: new Map(asked.map((entry) => [kindOf(entry.key), entry.value.by])),
      nowMs: deps.clock.now(),
    });
    const wanting = wanted.map((entry) => Number(entry.key.slice(entry.key.lastIndexOf("/") + 1)));
    const scene: Scene = { deps, key, ref, workflows, run, wanting };
    if (pass === 1) {
      await tellReports(scene, runs);
      const [all, known] = [wanted.map(({ value }) => value), runs.map(({ value }) => value)];
      await rememberFirstSeen(records, key, all, known);
    }
    let freed = false;
    const failures: unknown[] = [];
    for (const step of steps) {
      try {
        freed = (await carryOut(scene, step, runs)) === "freed" || freed;
      } catch (error) {
        if (error instanceof LeaseLostError) throw error;
        // The other scans of the commit do not wait for it.
        failures.push(error);
      }
    }
    if (failures.length > 0) {
      await leaveScans(scene, await records.list<ScanRun>(storageKey.scanRuns(...at)));
      throw failures[0];
    }
    // One that is alive stands for what was asked meanwhile.
    for (const entry of asked)
      if ((await records.get(entry.key))?.revision === entry.revision) await records.delete(entry.key);
    if (freed && pass < PASSES) continue;
    await uploadScans(deps.engine, workflows, key, run, deps.clock.now());
    const now = await records.list<ScanRun>(storageKey.scanRuns(...at));
    const kinds = new Set(wanted.flatMap(({ value }) => value.scans.map(({ kind }) => kind)));
    const live = now.flatMap(({ value }) => (kinds.has(value.kind) ? [value] : []));
    const nowMs = deps.clock.now();
    const lookMs = lookAtScansInMs(live, (await missingWorkflow(deps, key))?.untilMs, nowMs);
    const againMs = [lookMs, await leaveScans(scene, now)].filter((ms) => ms !== undefined);
    return againMs.length === 0 ? { kind: "done" } : { kind: "requeue", afterMs: Math.min(...againMs) };
  }
}

function kindOf(recordKey: string): string {
  return recordKey.slice(recordKey.lastIndexOf("/") + 1);
}

async function carryOut(scene: Scene, step: ScanStep, runs: RecordEntry<ScanRun>[]): Promise<Carried> {
  const entryOf = (run: ScanRun): RecordEntry<ScanRun> | undefined => runs.find(({ value }) => value.id === run.id);
  switch (step.step) {
    case "start": {
      const before = runs.find(({ value }) => value.kind === step.scan.kind);
      await start(scene, step.scan, before, step.askedBy);
      return undefined;
    }
    case "adopt": {
      const entry = entryOf(step.run);
      return entry && adopt(scene, entry);
    }
    case "look": {
      const entry = entryOf(step.run);
      if (entry) await look(scene, entry);
      return undefined;
    }
    case "end": {
      const entry = entryOf(step.run);
      return entry && end(scene, entry, step);
    }
  }
}

async function start(
  scene: Scene,
  scan: WantedScan,
  before: RecordEntry<ScanRun> | undefined,
  askedBy: string | undefined,
): Promise<void> {
  const { deps, key, run } = scene;
  const { installationId, repositoryId, sha } = key;
  if (isAsked(scan)) return startAsking(scene, scan, before, askedBy);
  const nowMs = deps.clock.now();
  const id = randomBytes(16).toString("hex");
  const nonce = randomBytes(32).toString("base64url");
  const { timeoutMs, ...what } = scan;
  if (what.on) return startAsJob(scene, scan, before?.revision ?? 0, askedBy);
  const starting: ScanRun = {
    id,
    ...what,
    nonceSha256: sha256Hex(nonce),
    requestedAtMs: nowMs,
    deadlineMs: nowMs + timeoutMs,
    ...(askedBy === undefined ? {} : { askedBy }),
    state: { is: "starting" },
  };
  const missing = askedBy !== undefined ? undefined : await missingWorkflow(deps, key);
  if (missing) {
    const told = before?.value.state.is === "not-installed";
    const notInstalled: ScanRun = { ...starting, state: { is: "not-installed", reason: missing.reason } };
    return write(scene, notInstalled, before?.revision ?? 0, told ? "quietly" : "told");
  }
  const place: ScanPlace = { installationId, repositoryId, sha, kind: scan.kind };
  await run.fence();
  // Before anything is asked of GitHub: whoever goes on after a crash finds that it was about to be, and its report finds its place.
  const [revision] = await Promise.all([
    put(scene, starting, before?.revision ?? 0),
    deps.engine.records.put(storageKey.scanById(id), place),
  ]);
  await run.fence();
  const dispatched = await scene.workflows.dispatch(
    SCAN_WORKFLOW,
    scene.ref.defaultBranch,
    inputsOf(scene, starting, nonce),
  );
  if (dispatched.kind === "started") {
    const { runId, url } = dispatched;
    return write(scene, { ...starting, state: { is: "queued", runId, url } }, revision);
  }
  const reason = `The scan could not be started: ${dispatched.reason.slice(0, REASON_MAX)}.`;
  await deps.engine.records.put(storageKey.scanWorkflow(installationId, repositoryId), { missingAtMs: nowMs, reason });
  return write(scene, { ...starting, state: { is: "not-installed", reason } }, revision);
}

/** Why the repository's workflow could not be started a moment ago, and until when that counts; undefined where it is worth a try. */
async function missingWorkflow(deps: ScanDeps, key: ScanKey): Promise<{ reason: string; untilMs: number } | undefined> {
  const recordKey = storageKey.scanWorkflow(key.installationId, key.repositoryId);
  const { missingAtMs, reason = "The workflow is not there." } =
    (await deps.engine.records.get<MissingWorkflow>(recordKey))?.value ?? {};
  if (missingAtMs === undefined) return undefined;
  const untilMs = missingAtMs + MISSING_RETRY_MS;
  return deps.clock.now() < untilMs ? { reason, untilMs } : undefined;
}

function inputsOf({ key }: Scene, scan: ScanRun, nonce: string): Record<string, string> {
  const { id, kind, tool, base = "", target = "" } = scan;
  return { scan: id, nonce, kind, tool, sha: key.sha, base, target };
}

/** A start that was cut off. GitHub's list tells whether the run is there; if not, the scan is as good as cancelled, and started anew. */
async function adopt(scene: Scene, { value: scan, revision }: RecordEntry<ScanRun>): Promise<Carried> {
  const { deps, workflows } = scene;
  if (scan.on) return lookAtOnesJob(scene, scan, revision);
  const nowMs = deps.clock.now();
  const listed = await workflows.recent(SCAN_WORKFLOW, scan.requestedAtMs);
  const found = listed.find(({ title }) => title.endsWith(` ${scan.id}`));
  if (found) {
    const is = found.status === "in_progress" ? "running" : "queued";
    await write(scene, { ...scan, state: { is, runId: found.id, url: found.url } }, revision);
    return undefined;
  }
  if (nowMs < scan.requestedAtMs + ADOPT_AFTER_MS) return undefined;
  const reason = "It is not known to have started.";
  await write(scene, { ...scan, state: { is: "cancelled", reason } }, revision, "quietly");
  return "freed";
}

async function look(scene: Scene, entry: RecordEntry<ScanRun>): Promise<void> {
  const { value: scan, revision } = entry;
  if (isAsked(scan)) return askAgain(scene, entry);
  if (scan.state.is !== "queued" && scan.state.is !== "running") return;
  if (scan.on) {
    await lookAtOnesJob(scene, scan, revision);
    return;
  }
  if (scan.state.runId === undefined) return;
  const found = await scene.workflows.run(scan.state.runId);
  const after = afterLook(scan, found, scene.deps.clock.now());
  if (after.state.is === scan.state.is && after.overSinceMs === scan.overSinceMs) return;
  await write(scene, after, revision, after.state.is === scan.state.is ? "quietly" : "told");
}

/** A start that was cut off shows on the cluster as well: the Job is there, or it is started anew under another name. */
async function lookAtOnesJob(scene: Scene, scan: ScanRun, revision: number): Promise<Carried> {
  const { deps, key } = scene;
  const after = afterJobLook(scan, await lookAtJob(deps.jobs, { ...key, id: scan.id }, scan), deps.clock.now());
  if (isDeepStrictEqual(after, scan)) return undefined;
  const cut = after.state.is === "cancelled";
  const told = after.state.is !== scan.state.is || after.waits !== scan.waits;
  await write(scene, after, revision, told && !cut ? "told" : "quietly");
  return cut ? "freed" : undefined;
}

async function end(
  scene: Scene,
  { value: scan, revision }: RecordEntry<ScanRun>,
  { as, reason }: Extract<ScanStep, { step: "end" }>,
): Promise<Carried> {
  const { state } = scan;
  const at = state.is === "queued" || state.is === "running" ? state : undefined;
  // A Job goes with its namespace, which no scan that is over keeps.
  if (at?.runId !== undefined) {
    await scene.run.fence();
    await scene.workflows.cancel(at.runId);
  }
  const { waits: _, ...rest } = scan;
  const page = at?.url === undefined ? {} : { url: at.url };
  await write(scene, { ...rest, state: { is: as, reason, ...page } }, revision);
  return "freed";
}
