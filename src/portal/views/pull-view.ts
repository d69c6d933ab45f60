import { gateContent, gateState } from "../../gate/gate.ts";
import type { CheckerInput } from "../../model/checker-input.ts";
import type { PreviewRecord } from "../../model/preview.ts";
import { storageKey } from "../../model/storage-key.ts";
import type { TrackedPull } from "../../model/tracked-pull.ts";
import type { Decision } from "../../model/verdict.ts";
import type { LedgerEntry } from "../../ports/ledger.ts";
import type { Viewer } from "../viewer.ts";
import { type Integrity, storedDecision } from "./decisions.ts";
import type { ViewDeps } from "./deps.ts";
import { type AtHead, type PullRow, pullRow } from "./pull-rows.ts";
import { type SeenRepository, seenRepository, streamOf } from "./repositories.ts";

/** Everything that is known of one pull request. */
export interface PullView {
  row: PullRow;
  /** Its decision at the head: the newest there was, for one that is closed. */
  decision?: Decision & { atMs: number };
  /** Why there is none. */
  undecided?: string;
  /** The facts of {@link decision}, as far as {@link integrity} says. */
  input?: CheckerInput;
  integrity?: Integrity;
  /** What was written to GitHub for its head, each check's newest. */
  checks: WrittenCheck[];
  hold: { by: string; reason: string } | null;
  /** Overrides that name the head. */
  overrides: { rule: string; by: string; reason: string }[];
  /** Only one that names the head. */
  okToTest: { by: string } | null;
  /** Of its preview, where it has one. */
  preview?: Pick<PreviewRecord, "state" | "unknown">;
  /** What happened, oldest first, at most the last {@link TIMELINE_MAX}. */
  timeline: LedgerEntry[];
}

export interface WrittenCheck {
  name: string;
  status: string;
  conclusion?: string;
  title: string;
  atMs: number;
}

export const TIMELINE_MAX = 200;
/** Reports that are refused must not push the rest out of sight. */
const SCANS_MAX = 50;
const COMMITS_MAX = 50;
/** Newest decisions among which one about the head is looked for. */
const VERDICTS_MAX = 50;

/** Undefined for a pull request that is not there and for one in a repository that the viewer does not see. */
export async function pullView(
  deps: ViewDeps,
  viewer: Viewer,
  owner: string,
  repository: string,
  number: number,
): Promise<PullView | undefined> {
  const seen = await seenRepository(deps, viewer, owner, repository);
  if (!seen) return undefined;
  const { installationId, ref } = seen;
  const { records } = deps.engine;
  const tracked = (await records.get<TrackedPull>(storageKey.pull(installationId, ref.id, number)))?.value;
  if (!tracked) return undefined;
  const { headSha } = tracked;
  const happened = await timeline(deps, seen, number, headSha);
  const atKey = storageKey.atCommit(installationId, ref.id, headSha, number);
  const own = (await records.get<AtHead>(atKey))?.value.vote;
  // The one that is in force may be older than what the timeline still shows.
  const verdicts = await deps.engine.ledger.query({
    stream: streamOf(seen),
    ...(own?.decision ? { id: own.decision.id } : { subject: `pull/${installationId}/${ref.id}/${number}` }),
    type: "verdict",
    limit: VERDICTS_MAX,
  });
  const verdict = verdicts.find((entry) => entry.data.sha === headSha);
  const stored = verdict && (await storedDecision(deps, verdict));
  const decision = own?.decision ?? (own ? undefined : verdict && decisionOf(verdict, stored));
  const hold = await records.get<{ by: string; reason: string }>(storageKey.hold(installationId, ref.id, number));
  const overrides = await records.list<{ rule: string; by: string; reason: string }>(
    storageKey.overrides(installationId, ref.id, number, headSha),
  );
  const okToTest = await records.get<{ by: string; sha: string }>(storageKey.okToTest(installationId, ref.id, number));
  const preview = (await records.get<PreviewRecord>(storageKey.preview(installationId, ref.id, number)))?.value;
  const row = await pullRow(deps, seen, number, tracked);
  return {
    row: own || !decision ? row : { ...row, ...gateOf(number, tracked, decision) },
    ...(decision ? { decision: { ...decision, atMs: verdict?.atMs ?? tracked.readAtMs } } : {}),
    ...(own?.undecided ? { undecided: own.undecided } : {}),
    ...(decision && stored?.integrity === "holds" ? { input: stored.input } : {}),
    ...(decision && stored ? { integrity: stored.integrity } : {}),
    checks: checksOf(happened, headSha),
    hold: hold ? { by: hold.value.by, reason: hold.value.reason } : null,
    overrides: overrides.map(({ value: { rule, by, reason } }) => ({ rule, by, reason })),
    okToTest: okToTest?.value.sha === headSha ? { by: okToTest.value.by } : null,
    ...(preview
      ? {
          preview: {
            state: preview.state,
            ...(preview.unknown === undefined ? {} : { unknown: preview.unknown }),
          },
        }
      : {}),
    timeline: happened,
  };
}

/** The pull request's own entries, its preview's, and those of every commit that was its head and of its scans. */
async function timeline(deps: ViewDeps, seen: SeenRepository, number: number, headSha: string): Promise<LedgerEntry[]> {
  const { ledger } = deps.engine;
  const stream = streamOf(seen);
  const { installationId, ref } = seen;
  const subject = `pull/${installationId}/${ref.id}/${number}`;
  const own = await ledger.query({ stream, subject, limit: TIMELINE_MAX });
  const heads = new Set([headSha, ...own.flatMap(({ data }) => (typeof data.sha === "string" ? [data.sha] : []))]);
  const preview = `preview/${installationId}/${ref.id}/${number}`;
  const all = [...own, ...(await ledger.query({ stream, subject: preview, limit: TIMELINE_MAX }))];
  for (const sha of [...heads].slice(0, COMMITS_MAX)) {
    const written = await ledger.query({
      stream,
      subject: `commit/${installationId}/${ref.id}/${sha}`,
      limit: TIMELINE_MAX,
    });
    all.push(...written.filter(({ data }) => !Array.isArray(data.pulls) || data.pulls.includes(number)));
    const scans = `scan/${installationId}/${ref.id}/${sha}`;
    all.push(...(await ledger.query({ stream, subject: scans, limit: SCANS_MAX })));
  }
  return all.sort((a, b) => a.sequence - b.sequence).slice(-TIMELINE_MAX);
}

function decisionOf(
  entry: LedgerEntry,
  stored: Awaited<ReturnType<typeof storedDecision>> | undefined,
): Decision | undefined {
  if (stored?.integrity !== "holds") return undefined;
  const { sha, bundleRevision, inputDigest } = entry.data;
  return {
    id: entry.id,
    sha: String(sha),
    bundleRevision: String(bundleRevision),
    inputDigest: String(inputDigest),
    verdict: stored.verdict,
  };
}

/** What the gate of a closed pull request showed last. */
function gateOf(number: number, tracked: TrackedPull, decision: Decision): Partial<PullRow> {
  const gate = gateContent(tracked.headSha, [{ number, baseRef: tracked.baseRef, decision, overridable: [] }]);
  return { state: gateState(decision.verdict), gateTitle: gate.title, decisionId: decision.id };
}

function checksOf(entries: LedgerEntry[], headSha: string): WrittenCheck[] {
  const checks = new Map<string, WrittenCheck>();
  for (const { type, subject, data, atMs } of entries) {
    if (type !== "check_written" || !subject.endsWith(`/${headSha}`)) continue;
    const state = data.state as { status: string; conclusion?: string };
    checks.set(String(data.check), { name: String(data.check), ...state, title: String(data.title), atMs });
  }
  return [...checks.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
