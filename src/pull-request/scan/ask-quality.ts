import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { projectFor } from "../../config/sonarqube.ts";
import { sha256Hex } from "../../model/canonical-json.ts";
import type { ScanRun, StoredScanResult, WantedScan } from "../../model/scan.ts";
import { storageKey } from "../../model/storage-key.ts";
import type { AnnouncedAnalysis } from "../../ports/quality-server.ts";
import type { RecordEntry } from "../../ports/records.ts";
import { readSonarQube } from "../../scan/converters.ts";
import { type Scene, write } from "./write-run.ts";

/** Characters of what is wrong with an answer. */
const REASON_MAX = 500;

/** Begins to ask. Nothing is started anywhere, so nothing has to be written down before. */
export function startAsking(
  scene: Scene,
  { timeoutMs, ...what }: WantedScan,
  before: RecordEntry<ScanRun> | undefined,
  askedBy: string | undefined,
): Promise<void> {
  const nowMs = scene.deps.clock.now();
  const asking: ScanRun = {
    id: randomBytes(16).toString("hex"),
    ...what,
    // Nobody reports it: no nonce has this digest.
    nonceSha256: "",
    requestedAtMs: nowMs,
    deadlineMs: nowMs + timeoutMs,
    ...(askedBy === undefined ? {} : { askedBy }),
    state: { is: "running" },
  };
  return ask(scene, asking, before);
}

/** Asks the server again. */
export function askAgain(scene: Scene, entry: RecordEntry<ScanRun>): Promise<void> {
  return ask(scene, entry.value, entry);
}

async function ask(scene: Scene, scan: ScanRun, before: RecordEntry<ScanRun> | undefined): Promise<void> {
  const after = await answered(scene, scan);
  const told = before?.value;
  if (told && isDeepStrictEqual(after, told)) return;
  const same = told && isDeepStrictEqual([after.state, after.waits], [told.state, told.waits]);
  await write(scene, after, before?.revision ?? 0, same ? "quietly" : "told");
}

/** What the scan has come to by what the server says now. */
async function answered({ deps, key, ref, run, wanting }: Scene, scan: ScanRun): Promise<ScanRun> {
  const { installationId, repositoryId, sha } = key;
  const { records } = deps.engine;
  const { waits: _, ...rest } = scan;
  const over = (is: "failed" | "not-installed", reason: string, url?: string): ScanRun => ({
    ...rest,
    state: { is, reason: reason.slice(0, REASON_MAX), ...(url === undefined ? {} : { url }) },
  });
  if (!deps.quality) return over("not-installed", "The operator of HMS-SYS has connected no SonarQube server.");
  const { server, bound } = deps.quality;
  const meant = projectFor(bound, ref, scan.target);
  if ("reason" in meant) return over("not-installed", meant.reason);
  const { project } = meant;
  await run.fence();
  // Before it is asked: what it tells from now on finds its way here.
  await records.put(storageKey.qualityAwaited(sha, installationId, repositoryId), {});
  const announced = (await records.get<AnnouncedAnalysis>(storageKey.qualityAnnounced(sha, project)))?.value;
  const look = await server.look({ project, sha, pulls: wanting, announced });
  switch (look.is) {
    case "not-yet":
      return { ...rest, waits: look.reason, state: { is: "running" } };
    case "refused":
      return over("not-installed", look.reason);
    case "unusable":
      return over("failed", look.reason);
    case "analysed": {
      const { pages, gate, revision, url } = look;
      const reading = readSonarQube({ pages, gate, revision }, sha);
      if (!reading.ok) return over("failed", reading.problem, url);
      const { findings } = reading.result;
      const digest = sha256Hex(JSON.stringify(reading.result));
      const result: StoredScanResult = { ...reading.result, id: scan.id, digest };
      await run.fence();
      // It counts only with the state that names its digest, which follows.
      await records.put(storageKey.scanResult(installationId, repositoryId, sha, scan.kind), result);
      const atMs = deps.clock.now();
      return { ...rest, state: { is: "reported", atMs, digest, findings: findings.length, url } };
    }
  }
}
