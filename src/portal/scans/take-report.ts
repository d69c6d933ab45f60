import { createHash } from "node:crypto";
import { formatKey } from "../../model/key.ts";
import type { ScanPlace, ScanRun, ScanRunState, ScanUpload, StoredScanResult } from "../../model/scan.ts";
import { storageKey } from "../../model/storage-key.ts";
import { repositoryStream } from "../../ports/ledger.ts";
import type { RecordEntry } from "../../ports/records.ts";
import type { ReportDeps } from "./deps.ts";
import { distrust } from "./distrust.ts";
import type { Refusal, ReportHead, ReportScene, Taken } from "./report-scene.ts";

/** JSON with the reason why a tool failed: the Action gives 1,500 characters, which may be six bytes each. */
const FAILED_BYTES_MAX = 16 * 1024;
const REASON_MAX = 500;
/** Others write the scan's record as well: who looks after its run. */
const WRITES_MAX = 3;

/**
 * Takes one report, or says why not: the scan by its id, the token, every claim, the nonce, the commit, and only then the body. What is taken is
 * stored with everything that follows from it in one commit; the very same report again changes nothing.
 * @param admit asked once of who is trusted: why the body cannot be read now
 */
export async function takeReport(
  deps: ReportDeps,
  head: ReportHead,
  admit: () => Refusal | undefined,
): Promise<Taken | Refusal> {
  const { records } = deps.engine;
  const place = (await records.get<ScanPlace>(storageKey.scanById(head.id)))?.value;
  const entry = place && (await runAt(deps, place));
  if (!place || !entry || entry.value.id !== head.id) return { why: "unknown" };
  const scene: ReportScene = { deps, head, place, entry };
  const refusal = await distrust(scene);
  if (refusal) return refuse(scene, refusal);
  const full = admit();
  if (full) return refuse(scene, full);
  // From here on no other report of it is read. One that was may have been taken since, and what was trusted is what was read then.
  if ((await runAt(deps, place))?.revision !== entry.revision)
    return { why: "later", detail: "The scan has just changed." };
  const { state, deadlineMs } = entry.value;
  switch (state.is) {
    case "starting":
      return { why: "later", detail: "The run is not known yet." };
    case "reported":
      // The token of a Job is good for one report, and a report that was taken needs no second one.
      if (entry.value.job) return refuse(scene, { why: "another-report", detail: "Its token was used." });
      return (await digestOf(head)) === state.digest ? { taken: "again" } : refuse(scene, { why: "another-report" });
    case "queued":
    case "running":
      if (deps.clock.now() >= deadlineMs) return refuse(scene, { why: "over", detail: "It timed out." });
      if (entry.value.job) {
        const at = await deps.jobAt(place, entry.value);
        if (at === "unseen") return { why: "later", detail: "The cluster does not say whether its Job runs." };
        if (at === "not-running") return refuse(scene, { why: "over", detail: "Its Job is not running." });
      }
      return head.outcome === "failed" ? takeFailure(scene) : takeFindings(scene);
    default:
      return refuse(scene, { why: "over", detail: state.reason });
  }
}

function runAt(deps: ReportDeps, place: ScanPlace): Promise<RecordEntry<ScanRun> | undefined> {
  const { installationId, repositoryId, sha, kind } = place;
  return deps.engine.records.get<ScanRun>(storageKey.scanRun(installationId, repositoryId, sha, kind));
}

async function takeFindings(scene: ReportScene): Promise<Taken | Refusal> {
  const { deps, head, place, entry } = scene;
  const { uploadTo } = entry.value;
  const digest = digesting(head, uploadTo !== undefined);
  const reading = await deps.read(digest.bytes, { kind: place.kind, sha: place.sha, tool: entry.value.tool });
  if (!reading.ok) {
    const why = "tooLarge" in reading && reading.tooLarge ? "too-large" : "refused-report";
    const reason = `Its report was refused: ${reading.problem.slice(0, REASON_MAX)}`;
    await store(scene, ({ url }) => failed(reason, url));
    return refuse(scene, { why, detail: reading.problem });
  }
  const { findings } = reading.result;
  const { installationId, repositoryId, sha, kind } = place;
  const result: StoredScanResult = { ...reading.result, kind, id: head.id, digest: digest.hex() };
  const written = await store(
    scene,
    (run) => ({
      is: "reported",
      atMs: deps.clock.now(),
      digest: result.digest,
      findings: findings.length,
      ...run,
    }),
    () => {
      const { records } = deps.engine;
      const at = [installationId, repositoryId, sha, kind] as const;
      const upload = uploadTo && ({ id: head.id, ref: uploadTo, sarif: digest.base64() } satisfies ScanUpload);
      return Promise.all([
        records.put(storageKey.scanResult(...at), result),
        ...(upload ? [records.put(storageKey.scanUpload(...at), upload)] : []),
      ]);
    },
  );
  return written ? { taken: "taken" } : refuse(scene, { why: "over" });
}

/** The run itself says that its tool failed: that is what is known of the scan then. */
async function takeFailure(scene: ReportScene): Promise<Taken | Refusal> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of scene.head.body) {
    bytes += chunk.length;
    if (bytes > FAILED_BYTES_MAX) return refuse(scene, { why: "too-large" });
    chunks.push(chunk);
  }
  const reason = reasonOf(Buffer.concat(chunks).toString("utf8"));
  if (reason === undefined)
    return refuse(scene, { why: "wrong-headers", detail: "The body is no JSON with a reason." });
  const written = await store(scene, ({ url }) => failed(`The scan failed: ${reason}`, url));
  return written ? { taken: "failed" } : refuse(scene, { why: "over" });
}

function reasonOf(text: string): string | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  const reason = typeof parsed === "object" && parsed !== null && "reason" in parsed ? parsed.reason : undefined;
  return typeof reason === "string" && reason.trim() !== ""
    ? reason.trim().slice(0, REASON_MAX).toWellFormed()
    : undefined;
}

/** @returns false where the scan came to its end meanwhile, so that nothing of this counts. */
async function store(
  { deps, place, entry }: ReportScene,
  stateOf: (run: RunOfScan) => ScanRunState,
  also: () => Promise<unknown> = async () => {},
): Promise<boolean> {
  const { records, queue } = deps.engine;
  const { installationId, repositoryId, sha } = place;
  const key = { kind: "scan", installationId, repositoryId, sha } as const;
  // While the report was read the scan may have ended, and another one reported: what is written beside a state that is not taken stays there.
  let current = await runAt(deps, place);
  for (let write = 1; write <= WRITES_MAX && current; write++) {
    const { state, id } = current.value;
    if (id !== entry.value.id || (state.is !== "queued" && state.is !== "running")) return false;
    const { url, runId: number } = state;
    const next = stateOf({ ...(url === undefined ? {} : { url }), ...(number === undefined ? {} : { runId: number }) });
    const wanting = await records.list(storageKey.scansWanted(installationId, repositoryId, sha));
    const numbers = wanting.map((one) => Number(one.key.slice(one.key.lastIndexOf("/") + 1)));
    // In one turn of the event loop, so in one transaction; the scan's own key tells the ledger. A result counts only with the state that names its digest.
    const [revision] = await Promise.all([
      records.compareAndSwap(current.key, { ...current.value, state: next } satisfies ScanRun, current.revision),
      also(),
      ...numbers.map((number) => queue.enqueue(formatKey({ kind: "pull", installationId, repositoryId, number }))),
      queue.enqueue(formatKey(key)),
    ]);
    if (revision !== undefined) return true;
    current = await runAt(deps, place);
  }
  return false;
}

/** A refusal of a scan that is known stands in the ledger: of strangers once for each reason, of token holders once a minute. */
async function refuse({ deps, head, place }: ReportScene, refusal: Refusal): Promise<Refusal> {
  const { why, detail } = refusal;
  if (why === "later") return refusal;
  const key = { ...place, kind: "scan" } as const;
  const atMs = deps.clock.now();
  const when = why === "wrong-token" ? "" : `/${Math.floor(atMs / 60_000)}`;
  await deps.engine.ledger.append(repositoryStream(place), [
    {
      type: "scan_report_refused",
      subject: formatKey(key),
      atMs,
      id: `scan-report-refused/${head.id}/${why}${when}`,
      data: {
        scan: head.id,
        kind: place.kind,
        why,
        ...(detail === undefined ? {} : { detail: detail.slice(0, REASON_MAX) }),
      },
    },
  ]);
  return refusal;
}

interface Digesting {
  bytes: AsyncIterable<Uint8Array>;
  hex(): string;
  base64(): string;
}

/** Bytes with the SHA-256 of what went through; with those bytes themselves only where they are wanted. */
function digesting({ body, outcome }: ReportHead, kept = false): Digesting {
  const chunks: Uint8Array[] = [];
  const hash = createHash("sha256").update(`${outcome}\n`);
  async function* through(): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      hash.update(chunk);
      if (kept) chunks.push(chunk);
      yield chunk;
    }
  }
  return { bytes: through(), hex: () => hash.digest("hex"), base64: () => Buffer.concat(chunks).toString("base64") };
}

async function digestOf(head: ReportHead): Promise<string> {
  const { bytes, hex } = digesting(head);
  let read = 0;
  for await (const chunk of bytes) {
    read += chunk.length;
    // What is larger than any report that was taken is another one.
    if (read > REPORT_BYTES_MAX) return "";
  }
  return hex();
}

const REPORT_BYTES_MAX = 10 * 1024 * 1024;

/** Of a workflow; a Job has neither. */
type RunOfScan = { runId?: number; url?: string };

function failed(reason: string, url: string | undefined): ScanRunState {
  return { is: "failed", reason, ...(url === undefined ? {} : { url }) };
}
