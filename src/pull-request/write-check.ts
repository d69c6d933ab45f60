import { canonicalJson, sha256Hex } from "../model/canonical-json.ts";
import { storageKey } from "../model/storage-key.ts";
import { type CheckRunContent, GitHubError, type RepositoryApi } from "../ports/github.ts";
import type { Records } from "../ports/records.ts";
import type { Run } from "../ports/run.ts";

/** What we wrote to a check run, or were about to: record `storageKey.check`. */
export interface WrittenCheck {
  /** SHA-256 of the content. */
  digest: string;
  /** `intended`: a write is under way or its answer was lost. */
  state: "intended" | "written";
  runId?: number;
  externalId: string;
  /** Which write of this check it is: the same when one that was cut off is taken up again. */
  write: number;
  /** GitHub answered the call that failed, so it will have no effect later. */
  answered?: boolean;
  annotationsSent: number;
  completed: boolean;
  /** It said that all is well. */
  green?: boolean;
  annotated: boolean;
  writtenAtMs: number;
}

/** GitHub shows a run that is in progress as stale after 14 days; it is written again well before. */
export const RENEW_AFTER_MS = 10 * 24 * 3_600_000;
const ANNOTATIONS_PER_REQUEST = 50;
/**
 * GitHub ends a request that takes longer: https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#timeouts.
 * Until then a call that nobody answered may still have its effect.
 */
const EFFECT_WITHIN_MS = 10_000;
const LOOK_AGAIN_MS = 1_000;

export interface WriteCheckDeps {
  api: RepositoryApi;
  records: Records;
  run: Run;
  installationId: number;
  nowMs: number;
  /** Told of every write in the step in which it counts as done, again with the same id when it was cut off in between. */
  wrote?(id: string): Promise<void>;
}

/**
 * Makes a check run say `content`, once, however often it is called and wherever the last call was cut off. The intention is recorded
 * before the call, so a lost answer is looked up by its external id instead of being posted again.
 * @returns whether anything was written; `againInMs` when an earlier call without an answer may still have its effect.
 */
export async function writeCheck(
  deps: WriteCheckDeps,
  wanted: Omit<CheckRunContent, "externalId">,
  force = false,
): Promise<boolean | { againInMs: number }> {
  const { api, records, run, nowMs } = deps;
  const key = storageKey.check(deps.installationId, api.ref.id, wanted.sha, wanted.name);
  const digest = sha256Hex(canonicalJson(wanted));
  const annotations = wanted.annotations ?? [];
  const completed = wanted.state.status === "completed";
  let entry = await records.get<WrittenCheck>(key);
  let last = entry?.value;

  if (last?.state === "intended") {
    const found = (await api.ownCheckRuns(wanted.sha, wanted.name)).find((one) => one.externalId === last?.externalId);
    // Found: the call arrived; what it said may be an older content, so it counts as written once equal.
    if (found) last = { ...last, runId: found.id, annotationsSent: found.annotations };
    else if (last.runId === undefined) {
      const settled = last.answered || nowMs - last.writtenAtMs >= EFFECT_WITHIN_MS;
      // A run that appears after the one that is posted in its place would be the newer one, with the older content.
      if (!settled) return { againInMs: LOOK_AGAIN_MS };
      last = undefined;
    }
  }
  const fresh = last?.state === "written" && last.digest === digest && last.annotationsSent >= annotations.length;
  if (fresh && last && !force && (completed || nowMs - last.writtenAtMs < RENEW_AFTER_MS)) return false;

  // Annotations only ever append, and a completed run does not run again: then a new run of the same name takes its place. What is in progress
  // is completed, though: nobody else would, and GitHub would show it as running until it is stale.
  const resumes = last?.digest === digest && last.runId !== undefined && !force;
  const inPlace =
    resumes ||
    (last?.runId !== undefined &&
      !last.annotated &&
      (annotations.length === 0 ? completed || !last.completed : !last.completed) &&
      !force);
  const write = resumes && last ? last.write : (entry?.revision ?? 0) + 1;
  const externalId = inPlace && last ? last.externalId : `hms-${digest.slice(0, 24)}-${write}`;
  const content: CheckRunContent = { ...wanted, externalId };
  let progress: WrittenCheck = {
    digest,
    state: "intended",
    ...(inPlace && last?.runId !== undefined ? { runId: last.runId } : {}),
    externalId,
    write,
    annotationsSent: resumes && last ? last.annotationsSent : 0,
    completed,
    green: wanted.state.status === "completed" && wanted.state.conclusion === "success",
    annotated: annotations.length > 0,
    writtenAtMs: nowMs,
  };
  const save = async (next: WrittenCheck): Promise<void> => {
    const revision = await records.compareAndSwap(key, next, entry?.revision ?? 0);
    if (revision === undefined) throw new Error("the check run was written by another run of this commit");
    entry = { key, value: next, revision };
    progress = next;
  };

  await save(progress);
  await run.fence();
  if (progress.runId === undefined) {
    const created = await api.createCheckRun(content).catch(async (error: unknown) => {
      if (isAnswer(error)) await save({ ...progress, answered: true });
      throw error;
    });
    progress = { ...progress, runId: created.id, annotationsSent: created.annotations };
  } else if (annotations.length === 0) {
    await api.updateCheckRun(progress.runId, { ...content, annotations: [] });
  }
  while (progress.annotationsSent < annotations.length && progress.runId !== undefined) {
    await save(progress);
    await run.fence();
    const batch = annotations.slice(progress.annotationsSent, progress.annotationsSent + ANNOTATIONS_PER_REQUEST);
    await api.updateCheckRun(progress.runId, { ...content, annotations: batch });
    progress = { ...progress, annotationsSent: progress.annotationsSent + batch.length };
  }
  // In one turn of the event loop, so in one transaction where the store has them; else the id makes the repetition harmless.
  await Promise.all([
    deps.wrote?.(`check/${wanted.sha}/${wanted.name}/${write}`),
    save({ ...progress, state: "written" }),
  ]);
  return true;
}

/** Whether the call can have no effect any more: nothing is known of one without an answer, nor of one that failed inside GitHub (500). */
function isAnswer(error: unknown): boolean {
  return error instanceof GitHubError && error.status >= 200 && error.status !== 500;
}
